import { randomUUID } from 'node:crypto';
import type { Origin } from '../audit/event.ts';
import { prune } from '../db/prune.ts';
import { networkOf } from '../throttle/network.ts';
import type { Policy } from '../throttle/throttle.ts';
import type { AccountsContext } from './context.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Of one account: after 5 failures a second, and twice as long with each further one, up to 15 minutes. */
const account: Policy = { free: 5, firstDelay: SECOND, longestDelay: 15 * MINUTE };

/** Of one network, in which there may be many people. */
const network: Policy = { free: 50, firstDelay: SECOND, longestDelay: 15 * MINUTE };

/** Failures in a row after which nobody signs in with the password from an unknown network: NIST SP 800-63B-4 section 3.2.2. */
const CLOSED = 100;

/** Milliseconds for which a network is known after the last sign-in from it. */
const NETWORK_MEMORY = 90 * 24 * 60 * MINUTE;

/** A try to prove who one is, by a password or by the token of a mail. */
export interface Try {
  /** Whether it fails in any case: there were too many failures in a row. */
  readonly isClosed: boolean;
  /** Says that it succeeded. */
  succeed(): Promise<void>;
}

/**
 * Counts a try of a password before it is made. Where its owner signed in from before, an account has a counter of its own: nobody
 * locks anybody out by guessing from elsewhere. Unknown addresses are counted like known ones.
 *
 * @param email as it was given, in its stored form where it has one
 * @param userId of the account; undefined when there is none
 * @throws {Problem} `too-many-tries`
 */
export async function tryPassword(
  context: AccountsContext,
  { email, userId }: { email: string; userId: string | undefined },
  { ip }: Origin,
): Promise<Try> {
  const { db, throttle } = context;
  const place = networkOf(ip ?? '');
  const known = throttle.hash(['known-network', userId ?? randomUUID(), place]);
  const isKnown = (await db.knownNetwork.findUnique({ where: { id: known } })) !== null;
  const subject = isKnown ? ['account', email, place] : ['account', email];
  const reservation = await throttle.reserve([
    { subject: ['network', place], policy: network },
    { subject, policy: account },
  ]);
  return {
    isClosed: !isKnown && reservation.failures >= CLOSED,
    succeed: async () => {
      await reservation.giveBack();
      await throttle.reset(subject);
    },
  };
}

/**
 * Counts a try of the token of a mail, by the network that it comes from.
 *
 * @throws {Problem} `too-many-tries`
 */
export async function tryMailToken({ throttle }: AccountsContext, { ip }: Origin): Promise<Try> {
  const subject = ['mail-token', networkOf(ip ?? '')];
  const reservation = await throttle.reserve([{ subject, policy: network }]);
  return { isClosed: false, succeed: reservation.giveBack };
}

/** Remembers that somebody signed in from a network. */
export async function rememberNetwork(
  { db, now, throttle }: AccountsContext,
  userId: string,
  { ip }: Origin,
): Promise<void> {
  const id = throttle.hash(['known-network', userId, networkOf(ip ?? '')]);
  const lastSeenAt = await now(db);
  await db.knownNetwork.upsert({ where: { id }, create: { id, userId, lastSeenAt }, update: { lastSeenAt } });
}

/** Lets an account be tried again, from everywhere: its password was set anew by somebody who proved to be the owner. */
export async function reopen({ throttle }: AccountsContext, email: string): Promise<void> {
  await throttle.reset(['account', email]);
}

/** Deletes what was counted and remembered too long ago. @returns how many rows */
export async function pruneTries({ db, now, throttle }: AccountsContext): Promise<number> {
  const where = { lastSeenAt: { lt: new Date((await now(db)).getTime() - NETWORK_MEMORY) } };
  const networks = await prune(
    (take) => db.knownNetwork.findMany({ where, take, select: { id: true } }),
    (ids) => db.knownNetwork.deleteMany({ where: { ...where, id: { in: ids } } }),
  );
  return networks + (await throttle.prune());
}
