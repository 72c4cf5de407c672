import { totalmem } from 'node:os';

const MIB_BYTES = 1024 * 1024;

/** The part of the memory that passwords may be hashed in: the process itself takes some 200 MB. */
const HASHING_PART = 1 / 3;

/** MiB of one hash with today's parameters: the least that there is to be for hashing. */
export const LEAST_HASH_MEMORY = 19;

/** MiB that this process may take: what its container or service may (cgroup), or what the machine has. */
export function availableMemory(): number {
  // 0 or more than any machine has means that there is no limit.
  const limit = process.constrainedMemory();
  return Math.floor(Math.min(limit > 0 ? limit : Number.POSITIVE_INFINITY, totalmem()) / MIB_BYTES);
}

/** MiB for hashing where nobody says how many. */
export function defaultHashMemory(available: number = availableMemory()): number {
  return Math.max(LEAST_HASH_MEMORY, Math.floor(available * HASHING_PART));
}
