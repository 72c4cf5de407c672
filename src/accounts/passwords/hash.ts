import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import argon2 from 'argon2';
import type { Config } from '../../config/index.ts';
import { defaultHashMemory } from '../../config/memory.ts';
import { retryLater } from '../../problems/problem.ts';
import { mayBeTruncated } from './formats/bcrypt.ts';
import { type HashCost, toUnpaddedBase64 } from './formats/format.ts';
import { HashingQueue } from './hashing-queue.ts';
import { verifyLegacyHash } from './legacy-hash.ts';
import { costOf } from './parse-hash.ts';

/** Parameters of argon2id; `memoryCost` is KiB. */
export interface HashParameters {
  readonly memoryCost: number;
  readonly timeCost: number;
  readonly parallelism: number;
}

/** OWASP Password Storage Cheat Sheet, argon2id (the default of the package): 19 MiB, 2 passes, 1 lane. */
export const OWASP_PARAMETERS: HashParameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** The parameters of new hashes. */
let parameters = OWASP_PARAMETERS;

/** RFC 9106 section 3.1: 16 bytes are recommended for passwords. */
const SALT_BYTES = 16;

const KIB_PER_MIB = 1024;

/**
 * Hashes that may wait for each slot. They wait for about a second; a longer wait is worse than a refusal.
 */
const MAX_WAITING_PER_SLOT = 32;

/**
 * The share of a hash's time in which the event loop was active. Above it, requests are waiting for the
 * processor.
 */
const BUSY_UTILIZATION = 0.9;

/** The value of `Retry-After` when the queue is full. */
const RETRY_AFTER_SECONDS = 1;

/** One queue for the whole process: the processors and the memory are shared. */
const queue = new HashingQueue({
  slots: availableParallelism(),
  memoryKib: defaultHashMemory() * KIB_PER_MIB,
});

/**
 * Sets the parameters of new hashes in the whole process. Only tests call it: they make thousands of hashes,
 * and few of them test the hash. No setting and no option of the service changes the parameters; a test
 * checks that.
 */
export function setHashParameters(of: HashParameters): void {
  parameters = of;
}

/** The beginning of a hash with the current parameters, in PHC string format. */
function hashPrefix(): string {
  const { memoryCost, timeCost, parallelism } = parameters;
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$`;
}

/** The end of a hash that no password matches: salt and hash are zeros. */
export const UNUSABLE_END = `$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/**
 * A hash with the current parameters that no password matches. It is verified for unknown users, so that they
 * cost as much as known users. It is stored for users who have no password yet.
 */
export function unusableHash(): string {
  return `${hashPrefix().slice(0, -1)}${UNUSABLE_END}`;
}

/**
 * Tells whether a password can match a hash. An {@link unusableHash} with other parameters may be stored too.
 */
export function isUsableHash(hash: string): boolean {
  return !hash.endsWith(UNUSABLE_END);
}

/**
 * Hashes a password with argon2id, in PHC string format. It takes tens of milliseconds on another thread, so
 * never call it in a transaction.
 *
 * @throws {Problem} `busy` when the queue is full
 */
export function hashPassword(password: string): Promise<string> {
  const cost: HashCost = { memoryKib: parameters.memoryCost, threads: parameters.parallelism };
  return runInQueue(cost, async () => {
    const salt = randomBytes(SALT_BYTES);
    const hash = await argon2.hash(normalize(password), { ...parameters, salt, raw: true });
    // The package writes the lanes before the passes. The decoder of the C library refuses that order.
    return `${hashPrefix()}${toUnpaddedBase64(salt)}$${toUnpaddedBase64(hash)}`;
  });
}

/** Runs the hash of a verification, and the work before and after it, while it holds its slot. */
export type InSlot = (hash: () => Promise<boolean>) => Promise<boolean>;

/**
 * Verifies a password in the same time whether there is a hash or not. Other software hashed the password as
 * it was typed. That form is verified too when {@link normalize} changes it.
 *
 * @param hash of the account, or undefined when there is no such account
 * @throws {Problem} `busy` when the queue is full
 */
export async function verifyPassword(
  hash: string | undefined,
  password: string,
  inSlot: InSlot = (verify) => verify(),
): Promise<boolean> {
  const stored = hash ?? unusableHash();
  const verify = async () => {
    for (const form of candidatesOf(password)) if (await verifyForm(stored, form)) return true;
    return false;
  };
  const matches = await runInQueue(costOf(stored), () => inSlot(verify));
  return matches && hash !== undefined;
}

/**
 * Tells whether a verified password must be hashed again, because its hash does not have the current
 * parameters.
 */
export function needsRehash(hash: string, password: string): boolean {
  return !hash.startsWith(hashPrefix()) && !candidatesOf(password).some((form) => mayBeTruncated(hash, form));
}

/**
 * Refuses work when the queue is full. Call it first in every function that hashes: a refused request then
 * costs nothing, not even a query.
 *
 * @throws {Problem} `busy` when the queue is full
 */
export function requireHashingCapacity(): void {
  if (queue.waiting >= maxWaiting()) throw retryLater('busy', RETRY_AFTER_SECONDS);
}

/**
 * Sets the limits of hashing for the whole process. The default is one slot for each core, and a third of the
 * memory.
 */
export function limitHashing({
  hashConcurrency,
  hashMemory,
}: Pick<Config, 'hashConcurrency' | 'hashMemory'>): void {
  queue.limits = { slots: hashConcurrency, memoryKib: hashMemory * KIB_PER_MIB };
}

/** The numbers of hashes that run and that wait, the memory that they use, and the limits of them. */
export function hashingQueue() {
  const { running, waiting, usedKib, limits } = queue;
  return {
    running,
    waiting,
    atATime: limits.slots,
    room: maxWaiting(),
    usedKib,
    memoryKib: limits.memoryKib,
  };
}

/** The maximum length of the queue. Less memory means fewer hashes at a time, and so a shorter queue. */
function maxWaiting(): number {
  const { slots, memoryKib } = queue.limits;
  return MAX_WAITING_PER_SLOT * Math.max(1, Math.min(slots, Math.floor(memoryKib / parameters.memoryCost)));
}

/**
 * Keyboards write one character in several ways. NIST SP 800-63B-4 section 3.1.1.2 asks for normalization.
 */
function normalize(password: string): string {
  return password.normalize('NFKC');
}

/** The forms of a password that may have been hashed. Each is verified. */
function candidatesOf(password: string): string[] {
  return [...new Set([normalize(password), password])];
}

function verifyForm(hash: string, password: string): Promise<boolean> {
  return hash.startsWith('$argon2') ? argon2.verify(hash, password) : verifyLegacyHash(hash, password);
}

/**
 * Runs work when it has a slot. When the event loop is busy, it then leaves the processor to requests for as
 * long as the work took.
 */
function runInQueue<T>(cost: HashCost, work: () => Promise<T>): Promise<T> {
  requireHashingCapacity();
  return new Promise((resolve, reject) => {
    void queue.run(cost, async () => {
      const began = performance.now();
      const before = performance.eventLoopUtilization();
      await work().then(resolve, reject);
      const { utilization } = performance.eventLoopUtilization(before);
      if (utilization > BUSY_UTILIZATION) await pause(performance.now() - began);
    });
  });
}
