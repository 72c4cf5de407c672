import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import * as argon2 from '@node-rs/argon2';
import pLimit from 'p-limit';
import { Problem } from '../problems/problem.ts';
import { mayBeCutOff, verifyForeign } from './foreign-hashes.ts';

/** OWASP Password Storage Cheat Sheet, argon2id (which is this package's default): 19 MiB (`memoryCost` is KiB), 2 passes, 1 lane. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** What a hash of {@link parameters} begins with, in PHC string format. */
const prefix = `$argon2id$v=19$m=${parameters.memoryCost},t=${parameters.timeCost},p=${parameters.parallelism}$`;

/** Hashes at a time. More would be no faster, and take 19 MiB each. */
const AT_A_TIME = availableParallelism();

/** Hashes that may wait, for half a second or so: whoever comes then would rather be told. */
const WAITING = AT_A_TIME * 32;

/** Part of a hash's time in which the event loop worked: above it, requests wait for the processor. */
const BUSY = 0.9;

/** Seconds after which it is worth trying again. */
const RETRY_AFTER = 1;

const queue = pLimit(AT_A_TIME);

/**
 * A hash with today's parameters that no password has: verified for unknown users, so that they cost what known ones cost, and kept
 * for users who have no password yet.
 */
export const noPassword = `${prefix}${'A'.repeat(22)}$${'A'.repeat(43)}`;

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
  return inTurn(() => argon2.hash(normalize(password), parameters));
}

/**
 * Verifies a password in the same time whether there is a hash or not. Hashes of other software were made of the password as it was
 * typed, so that it is tried too where {@link normalize} alters it.
 *
 * @param hash of the account, or undefined when there is no such account
 * @throws {Problem} `busy` when too many wait already
 */
export async function verifyPassword(hash: string | undefined, password: string): Promise<boolean> {
  const matches = await inTurn(async () => {
    for (const form of formsOf(password)) if (await verifyForm(hash ?? noPassword, form)) return true;
    return false;
  });
  return matches && hash !== undefined;
}

/** Whether another hash is to be made of a password that was verified with this one: it is not what today's would be. */
export function needsRehash(hash: string, password: string): boolean {
  return !hash.startsWith(prefix) && !formsOf(password).some((form) => mayBeCutOff(hash, form));
}

/**
 * To be asked first by whatever ends in a hash: who is turned away costs nothing then, not even a query.
 *
 * @throws {Problem} `busy` when too many wait already
 */
export function requireRoom(): void {
  if (queue.pendingCount >= WAITING)
    throw new Problem('busy', { headers: { 'retry-after': String(RETRY_AFTER) } });
}

/** How many hashes are under way, how many wait for their turn, and how many of them there may be. */
export function hashingQueue() {
  return { running: queue.activeCount, waiting: queue.pendingCount, atATime: AT_A_TIME, room: WAITING };
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
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  requireRoom();
  return new Promise((resolve, reject) => {
    queue(async () => {
      const began = performance.now();
      const before = performance.eventLoopUtilization();
      await work().then(resolve, reject);
      const { utilization } = performance.eventLoopUtilization(before);
      if (utilization > BUSY) await pause(performance.now() - began);
    });
  });
}
