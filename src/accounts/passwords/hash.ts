import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import argon2 from 'argon2';
import type { Config } from '../../config/index.ts';
import { defaultHashMemory } from '../../config/memory.ts';
import { retryLater } from '../../problems/problem.ts';
import { HashingQueue } from './hashing-queue.ts';
import { mayBeCutOff, verifyForeign } from './legacy-hash.ts';
import { costOf, type HashCost, unpadded } from './parse-hash.ts';

/** Parameters of argon2id; `memoryCost` is KiB. */
export interface HashParameters {
  readonly memoryCost: number;
  readonly timeCost: number;
  readonly parallelism: number;
}

/** OWASP Password Storage Cheat Sheet, argon2id (which is this package's default): 19 MiB, 2 passes, 1 lane. */
export const OWASP_PARAMETERS: HashParameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Of new hashes. */
let parameters = OWASP_PARAMETERS;

/** RFC 9106 section 3.1: 16 bytes are recommended for passwords. */
const SALT_BYTES = 16;

const KIB_OF_MIB = 1024;

/** Hashes that may wait for each that runs, for a second or so: whoever comes then would rather be told. */
const WAITING_FOR_EACH = 32;

/** Part of a hash's time in which the event loop worked: above it, requests wait for the processor. */
const BUSY = 0.9;

/** Seconds after which it is worth trying again. */
const RETRY_AFTER = 1;

/** Of the whole process: processors and memory are. */
const queue = new HashingQueue({
  slots: availableParallelism(),
  memoryKib: defaultHashMemory() * KIB_OF_MIB,
});

/**
 * Sets the parameters of new hashes in the whole process. Only tests call it: they make thousands of hashes, and
 * few tests are about the hash. No setting and no option of the service leads here, which a test holds.
 */
export function setHashParameters(of: HashParameters): void {
  parameters = of;
}

/** The beginning of a hash with today's parameters, in PHC string format. */
function hashPrefix(): string {
  const { memoryCost, timeCost, parallelism } = parameters;
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$`;
}

/**
 * A hash with today's parameters that no password has: verified for unknown users, so that they cost what known ones cost, and kept
 * for users who have no password yet.
 */
export function noPassword(): string {
  return `${hashPrefix()}${'A'.repeat(22)}$${'A'.repeat(43)}`;
}

/** Whether a hash is one that a password can have; {@link noPassword} of other parameters has been stored too. */
export function isOfPassword(hash: string): boolean {
  return !/\$A{22}\$A{43}$/.test(hash);
}

/**
 * Hashes a password with argon2id, in PHC string format. Takes tens of milliseconds of another thread: never in a transaction.
 *
 * @throws {Problem} `busy` when too many wait already
 */
export function hashPassword(password: string): Promise<string> {
  const cost: HashCost = { memoryKib: parameters.memoryCost, threads: parameters.parallelism };
  return inTurn(cost, async () => {
    const salt = randomBytes(SALT_BYTES);
    const hash = await argon2.hash(normalize(password), { ...parameters, salt, raw: true });
    // The package's own text has the lanes before the passes: the C library's decoder refuses that order.
    return `${hashPrefix()}${unpadded(salt)}$${unpadded(hash)}`;
  });
}

/** Runs the hash of a verification, and what has to be done before and after it while no other takes its place. */
export type InSlot = (hash: () => Promise<boolean>) => Promise<boolean>;

/**
 * Verifies a password in the same time whether there is a hash or not. Hashes of other software were made of the password as it was
 * typed, so that it is tried too where {@link normalize} alters it.
 *
 * @param hash of the account, or undefined when there is no such account
 * @throws {Problem} `busy` when too many wait already
 */
export async function verifyPassword(
  hash: string | undefined,
  password: string,
  inSlot: InSlot = (verify) => verify(),
): Promise<boolean> {
  const stored = hash ?? noPassword();
  const verify = async () => {
    for (const form of formsOf(password)) if (await verifyForm(stored, form)) return true;
    return false;
  };
  const matches = await inTurn(costOf(stored), () => inSlot(verify));
  return matches && hash !== undefined;
}

/** Whether another hash is to be made of a password that was verified with this one: it is not what today's would be. */
export function needsRehash(hash: string, password: string): boolean {
  return !hash.startsWith(hashPrefix()) && !formsOf(password).some((form) => mayBeCutOff(hash, form));
}

/**
 * To be asked first by whatever ends in a hash: who is turned away costs nothing then, not even a query.
 *
 * @throws {Problem} `busy` when too many wait already
 */
export function requireRoom(): void {
  if (queue.waiting >= waitingRoom()) throw retryLater('busy', RETRY_AFTER);
}

/** Sets what hashing may take, of the whole process: by default a slot for each core, and a third of the memory. */
export function limitHashing({
  hashConcurrency,
  hashMemory,
}: Pick<Config, 'hashConcurrency' | 'hashMemory'>): void {
  queue.limits = { slots: hashConcurrency, memoryKib: hashMemory * KIB_OF_MIB };
}

/** How many hashes are under way, how many wait for their turn, how many of them there may be, and the memory that they take. */
export function hashingQueue() {
  const { running, waiting, usedKib, limits } = queue;
  return {
    running,
    waiting,
    atATime: limits.slots,
    room: waitingRoom(),
    usedKib,
    memoryKib: limits.memoryKib,
  };
}

/** Where memory is short, fewer are under way at a time, and fewer may wait for them. */
function waitingRoom(): number {
  const { slots, memoryKib } = queue.limits;
  return WAITING_FOR_EACH * Math.max(1, Math.min(slots, Math.floor(memoryKib / parameters.memoryCost)));
}

/** Keyboards write one character in several ways: NIST SP 800-63B-4 section 3.1.1.2 asks for one of them. */
function normalize(password: string): string {
  return password.normalize('NFKC');
}

/** What a hash may have been made of: each is tried. */
function formsOf(password: string): string[] {
  return [...new Set([normalize(password), password])];
}

function verifyForm(hash: string, password: string): Promise<boolean> {
  return hash.startsWith('$argon2') ? argon2.verify(hash, password) : verifyForeign(hash, password);
}

/** Hashes when it is its turn, and lets go of the processor for as long as it took when everybody else has none to spare. */
function inTurn<T>(cost: HashCost, work: () => Promise<T>): Promise<T> {
  requireRoom();
  return new Promise((resolve, reject) => {
    void queue.run(cost, async () => {
      const began = performance.now();
      const before = performance.eventLoopUtilization();
      await work().then(resolve, reject);
      const { utilization } = performance.eventLoopUtilization(before);
      if (utilization > BUSY) await pause(performance.now() - began);
    });
  });
}
