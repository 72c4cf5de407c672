import { randomUUID } from 'node:crypto';
import type { RequestContext } from '../../audit/event.ts';
import { isForeignKeyViolation } from '../../db/errors.ts';
import type { RunOptions } from '../../db/raw/batches.ts';
import { prune } from '../../db/raw/prune.ts';
import { selectRow } from '../../db/raw/select.ts';
import { Problem } from '../../problems/problem.ts';
import type { Policy } from '../../throttle/failed-attempts.ts';
import { networkOf, SITE_FACTOR, siteOf } from '../../throttle/network.ts';
import type { Counted } from '../../throttle/reservation.ts';
import type { AccountsContext } from '../context.ts';
import { asLongAsAnAttempt, MAX_WAIT_MS, noteAttempt } from '../passwords/hashing-turn.ts';
import {
  type Attempt,
  attemptAsUnknownClient,
  attemptFromKnownNetwork,
  type Verify,
} from './password-attempt.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/**
 * Of one account: after 5 failures in a row a second, and twice as long with each further one, up to 15 minutes. That many
 * mistakes are a human's (OWASP Authentication Cheat Sheet, "Account Lockout").
 */
const account: Policy = {
  free: 5,
  firstDelayMs: SECOND,
  maxDelayMs: 15 * MINUTE,
  expiryMs: Number.POSITIVE_INFINITY,
};

/**
 * Of one network, in which there may be many people: who goes on comes down to one failure a minute. What others there have
 * mistyped is forgotten at that rate too, so that they never add up.
 */
const network: Policy = { free: 50, firstDelayMs: SECOND, maxDelayMs: 15 * MINUTE, expiryMs: MINUTE };

/** Milliseconds for which a network is known after the last sign-in from it. */
const NETWORK_MEMORY = 90 * DAY;

/** Milliseconds after which it is noted again that somebody signs in from a network. */
const NETWORK_RENEWAL = DAY;

/** Whose password is tried. */
export interface AttemptTarget {
  /** As it was given, in its stored form where it has one. */
  readonly email: string;
  /** Of the account; undefined when there is none. */
  readonly userId: string | undefined;
}

/**
 * Tries a password. It is reserved before it is verified, and counts as a failure once it proved wrong. Where its owner signed in from
 * before, an account has a counter of its own: nobody locks anybody out by guessing from elsewhere, or at other accounts of the network.
 * Unknown addresses are counted like known ones, an account that is closed answers like a wrong password, and what a wrong one is answered
 * follows from what allClients is counted by.
 *
 * @param verify whether it is right; when it throws, nothing was tried
 * @returns whether it is right, and the account not closed
 * @throws {Problem} `too-many-attempts`; `busy`; whatever `verify` throws
 */
export async function attemptPassword(
  context: AccountsContext,
  { email, userId }: AttemptTarget,
  { ip }: RequestContext,
  verify: Verify,
): Promise<boolean> {
  const began = performance.now();
  const { db, throttle } = context;
  const id = throttle.hash(['known-network', userId ?? randomUUID(), networkOf(ip ?? '')]);
  const known = await selectRow(db, 'KnownNetwork', ['lastSeenAt'], { id });
  const attempt: Attempt = {
    allClients: { subject: accountFrom(email), policy: account },
    places: countedAt('network', ip, network),
    deadline: began + MAX_WAIT_MS,
    check: verify,
  };
  try {
    const time =
      known === undefined
        ? await attemptAsUnknownClient(context, attempt)
        : await attemptFromKnownNetwork(context, attempt, {
            subject: accountFrom(email, id),
            policy: account,
          });
    noteAttempt(began);
    if (time === undefined) return false;
    if (userId !== undefined) await rememberNetwork(context, { id, userId }, known?.lastSeenAt, time);
    return true;
  } catch (error) {
    if (error instanceof Problem && error.slug === 'too-many-attempts') await asLongAsAnAttempt(began);
    throw error;
  }
}

/**
 * Tries the token of a mail. One that is good is never refused: nobody guesses 256 bits. What is none is counted by the network that
 * it comes from.
 *
 * @param find what the token is of; null or undefined when it is of nothing
 * @throws {Problem} `too-many-attempts`; whatever `find` throws
 */
export async function attemptMailToken<T>(
  { throttle }: AccountsContext,
  { ip }: RequestContext,
  find: () => Promise<T>,
): Promise<T> {
  const found = await find();
  if (found !== null && found !== undefined) return found;
  const places = countedAt('mail-token', ip, network);
  if (!(await throttle.count(places))) await throttle.requireOpen(places, await throttle.readClock());
  return found;
}

/** What is counted by where a request comes from: by its network, and where that is one of many of a site, by the site. */
export function countedAt(what: string, ip: string | null, policy: Policy): readonly Counted[] {
  const site = siteOf(ip ?? '');
  const counted = { subject: [what, networkOf(ip ?? '')], policy };
  if (site === undefined) return [counted];
  const { free, expiryMs } = policy;
  const ofSite = { ...policy, free: free * SITE_FACTOR, expiryMs: expiryMs / SITE_FACTOR };
  return [counted, { subject: [what, site], policy: ofSite }];
}

/** Lets an account be tried again, from everywhere: its password was set anew by somebody who proved to be the owner. */
export async function unlockAccount(
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
export async function pruneFailedAttempts(
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
