import { totalmem } from 'node:os';

const MIB_BYTES = 1024 * 1024;

/** Share of the memory for hashing passwords. The process itself needs about 200 MB. */
const HASHING_SHARE = 1 / 3;

/** Memory in MiB of one hash with the current parameters: the minimum for hashing. */
export const MIN_HASH_MEMORY_MIB = 19;

/**
 * Memory in MiB that this process may use: the limit of its container or service (cgroup), or else the memory
 * of the machine.
 */
export function availableMemory(): number {
  // 0, or more than any machine has, means that there is no limit.
  const limit = process.constrainedMemory();
  return Math.floor(Math.min(limit > 0 ? limit : Number.POSITIVE_INFINITY, totalmem()) / MIB_BYTES);
}

/** Default of the memory for hashing, in MiB. */
export function defaultHashMemory(available: number = availableMemory()): number {
  return Math.max(MIN_HASH_MEMORY_MIB, Math.floor(available * HASHING_SHARE));
}
