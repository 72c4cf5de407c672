import { randomUUID } from 'node:crypto';
import type { Origin } from '../audit/event.ts';
import type { RunOptions } from '../db/batches.ts';
import { isForeignKeyViolation } from '../db/errors.ts';
import { prune } from '../db/prune.ts';
import { selectRow } from '../db/select.ts';
import type { Policy } from '../throttle/failed-tries.ts';
import { networkOf } from '../throttle/network.ts';
import type { Counted, Reservation } from '../throttle/throttle.ts';
import type { AccountsContext } from './context.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/**
 * Of one account: after 5 failures in a row a second, and twice as long with each further one, up to 15 minutes. That many
 * mistakes are a human's (OWASP Authentication Cheat Sheet, "Account Lockout").
 */
const account: Policy = {
  free: 5,
  firstDelay: SECOND,
  longestDelay: 15 * MINUTE,
  forgetEvery: Number.POSITIVE_INFINITY,
};

/**
 * Of one network, in which there may be many people: who goes on comes down to one failure a minute. What others there have
 * mistyped is forgotten at that rate too, so that they never add up.
 */
const network: Policy = { free: 50, firstDelay: SECOND, longestDelay: 15 * MINUTE, forgetEvery: MINUTE };

/** Failures in a row after which nobody signs in with the password from an unknown network: NIST SP 800-63B-4 section 3.2.2. */
const CLOSED = 100;

/** Milliseconds for which a network is known after the last sign-in from it. */
const NETWORK_MEMORY = 90 * DAY;

/** Milliseconds after which it is noted again that somebody signs in from a network. */
const NETWORK_RENEWAL = DAY;

/** Whose password is tried. */
export interface Tried {
  /** As it was given, in its stored form where it has one. */
  readonly email: string;
  /** Of the account; undefined when there is none. */
  readonly userId: string | undefined;
}

/**
 * Tries a password, which counts as a failure from before it is verified until it proved right. Where its owner signed in from
 * before, an account has a counter of its own: nobody locks anybody out by guessing from elsewhere. Unknown addresses are
 * counted like known ones, and an account that is closed answers like a wrong password.
 *
 * @param verify whether it is right; when it throws, nothing was tried
 * @returns whether it is right, and the account not closed
 * @throws {Problem} `too-many-tries`; whatever `verify` throws
 */
export async function tryPassword(
  context: AccountsContext,
  { email, userId }: Tried,
  { ip }: Origin,
  verify: () => Promise<boolean>,
): Promise<boolean> {
  const { direct, throttle } = context;
  const place = networkOf(ip ?? '');
  const id = throttle.hash(['known-network', userId ?? randomUUID(), place]);
  const known = await selectRow(direct, 'KnownNetwork', ['lastSeenAt'], { id });
  const subject = known === undefined ? accountFrom(email) : accountFrom(email, id);
  const counted = [
    { subject, policy: account },
    { subject: ['network', place], policy: network },
  ];
  return counting(context, counted, [subject], async ({ failures: [failures = 0], time }) => {
    const isRight = await verify();
    if (!isRight || (known === undefined && failures >= CLOSED)) return false;
    if (userId !== undefined) await rememberNetwork(context, { id, userId }, known?.lastSeenAt, time);
    return true;
  });
}

/**
 * Tries the token of a mail. Counted by the network that it comes from.
 *
 * @param find what the token is of; null or undefined when it is of nothing
 * @throws {Problem} `too-many-tries`; whatever `find` throws
 */
export async function tryMailToken<T>(
  context: AccountsContext,
  { ip }: Origin,
  find: () => Promise<T>,
): Promise<T> {
  const counted = [{ subject: ['mail-token', networkOf(ip ?? '')], policy: network }];
  return counting(context, counted, [], find);
}

/** Lets an account be tried again, from everywhere: its password was set anew by somebody who proved to be the owner. */
export async function reopen(
  { db, throttle }: AccountsContext,
  { id: userId, email }: { readonly id: string; readonly email: string },
): Promise<void> {
  const networks = await db.knownNetwork.findMany({ where: { userId }, select: { id: true } });
  await throttle.reset([accountFrom(email), ...networks.map(({ id }) => accountFrom(email, id))]);
}

/** What the failures of an account are counted by. @param knownNetwork where they come from one that its owner signed in from */
function accountFrom(email: string, knownNetwork?: string): string[] {
  return knownNetwork === undefined ? ['account', email] : ['account', email, knownNetwork];
}

/** Deletes what was counted and remembered too long ago. @returns how many rows */
export async function pruneTries(
  { db, now, throttle }: AccountsContext,
  options: RunOptions = {},
): Promise<number> {
  const where = { lastSeenAt: { lt: new Date((await now(db)).getTime() - NETWORK_MEMORY) } };
  const networks = await prune(
    (take) => db.knownNetwork.findMany({ where, orderBy: { lastSeenAt: 'asc' }, take, select: { id: true } }),
    (ids) => db.knownNetwork.deleteMany({ where: { ...where, id: { in: ids } } }),
    options,
  );
  return networks + (await throttle.prune(options));
}

/**
 * Counts a try before it is made. It is given back when it succeeds, and when it could not be made.
 *
 * @param forgiven of what is counted, what a success lets begin anew
 */
async function counting<T>(
  { throttle }: AccountsContext,
  counted: readonly Counted[],
  forgiven: readonly (readonly string[])[],
  attempt: (reservation: Pick<Reservation, 'failures' | 'time'>) => Promise<T>,
): Promise<T> {
  const reservation = await throttle.reserve(counted);
  let result: T;
  try {
    result = await attempt(reservation);
  } catch (error) {
    await reservation.giveBack();
    throw error;
  }
  if (result) await reservation.giveBack(forgiven);
  return result;
}

async function rememberNetwork(
  { db }: AccountsContext,
  { id, userId }: { readonly id: string; readonly userId: string },
  lastSeen: Date | undefined,
  time: Date,
): Promise<void> {
  if (lastSeen !== undefined && time.getTime() - lastSeen.getTime() < NETWORK_RENEWAL) return;
  try {
    await db.knownNetwork.upsert({
      where: { id },
      create: { id, userId, lastSeenAt: time },
      update: { lastSeenAt: time },
    });
  } catch (error) {
    // The user was deleted meanwhile, which is found out when the session is opened.
    if (!isForeignKeyViolation(error)) throw error;
  }
}
