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
import { MAX_WAIT_MS, recordAttemptDuration, waitAsLongAsAnAttempt } from '../passwords/hashing-turn.ts';
import {
  type Attempt,
  attemptAsUnknownClient,
  attemptFromKnownNetwork,
  type Verify,
} from './password-attempt.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * The limit on failures of one account. After 5 failures in a row the wait is a second. It doubles with each
 * further failure, up to 15 minutes. Humans make that many mistakes (OWASP Authentication Cheat Sheet,
 * "Account Lockout"). This is a delay; lockout.ts has the lockout.
 */
const accountPolicy: Policy = {
  free: 5,
  firstDelayMs: SECOND_MS,
  maxDelayMs: 15 * MINUTE_MS,
  expiryMs: Number.POSITIVE_INFINITY,
};

/**
 * The limit on failures of one network, which many people may share. It allows one failure a minute in the
 * long run. One failure is forgotten every minute, so that the mistakes of many people do not add up.
 */
const networkPolicy: Policy = {
  free: 50,
  firstDelayMs: SECOND_MS,
  maxDelayMs: 15 * MINUTE_MS,
  expiryMs: MINUTE_MS,
};

/** A network is known for this time after the last sign-in from it. */
const NETWORK_RETENTION_MS = 90 * DAY_MS;

/** The last sign-in from a network is stored again after this time. */
const NETWORK_RENEWAL_MS = DAY_MS;

/** The account that an attempt is made at. */
export interface AttemptTarget {
  /** The address as the client sent it, or its stored form when it is a valid one. */
  readonly email: string;
  /** The id of the account; undefined when there is none. */
  readonly userId: string | undefined;
}

/**
 * Makes an attempt at a password. The attempt is reserved before the password is verified, and it counts as a
 * failure when the password is wrong.
 *
 * In a network that the owner has signed in from, an account has a counter of its own. Attackers in other
 * networks, or at other accounts in the same network, therefore cannot lock the owner out. Unknown addresses
 * are counted like known ones. A locked account answers like a wrong password. The answer to a wrong password
 * depends on the counter that all clients share.
 *
 * @param verify tells whether the password is right. When it throws, no attempt was made
 * @returns whether the password is right and the account is not locked
 * @throws {Problem} `too-many-attempts`; `busy`; any error of `verify`
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
    allClients: { subject: accountSubject(email), policy: accountPolicy },
    networks: networkCounters('network', ip, networkPolicy),
    deadline: began + MAX_WAIT_MS,
    check: verify,
  };
  try {
    const time =
      known === undefined
        ? await attemptAsUnknownClient(context, attempt)
        : await attemptFromKnownNetwork(context, attempt, {
            subject: accountSubject(email, id),
            policy: accountPolicy,
          });
    recordAttemptDuration(began);
    if (time === undefined) return false;
    if (userId !== undefined) await rememberNetwork(context, { id, userId }, known?.lastSeenAt, time);
    return true;
  } catch (error) {
    if (error instanceof Problem && error.slug === 'too-many-attempts') await waitAsLongAsAnAttempt(began);
    throw error;
  }
}

/**
 * Looks for the token of a mail. A valid token is never refused, because 256 bits cannot be guessed. An
 * invalid one counts as a failure of the client's network.
 *
 * @param find returns null or undefined when the token is invalid
 * @throws {Problem} `too-many-attempts`; any error of `find`
 */
export async function attemptMailToken<T>(
  { throttle }: AccountsContext,
  { ip }: RequestContext,
  find: () => Promise<T>,
): Promise<T> {
  const found = await find();
  if (found !== null && found !== undefined) return found;
  const networks = networkCounters('mail-token', ip, networkPolicy);
  if (!(await throttle.count(networks))) await throttle.requireOpen(networks, await throttle.readClock());
  return found;
}

/** The counters of the network that a request comes from. A site with many networks has a counter too. */
export function networkCounters(what: string, ip: string | null, policy: Policy): readonly Counted[] {
  const site = siteOf(ip ?? '');
  const counted = { subject: [what, networkOf(ip ?? '')], policy };
  if (site === undefined) return [counted];
  const { free, expiryMs } = policy;
  const ofSite = { ...policy, free: free * SITE_FACTOR, expiryMs: expiryMs / SITE_FACTOR };
  return [counted, { subject: [what, site], policy: ofSite }];
}

/** Unlocks an account for all networks. Call it when its owner has set a new password. */
export async function unlockAccount(
  { db, throttle }: AccountsContext,
  { id: userId, email }: { readonly id: string; readonly email: string },
): Promise<void> {
  const networks = await db.knownNetwork.findMany({ where: { userId }, select: { id: true } });
  await throttle.reset([accountSubject(email), ...networks.map(({ id }) => accountSubject(email, id))]);
}

/**
 * The subject of an account's counter.
 *
 * @param knownNetwork id of a network that the owner has signed in from
 */
function accountSubject(email: string, knownNetwork?: string): string[] {
  return knownNetwork === undefined ? ['account', email] : ['account', email, knownNetwork];
}

/** Deletes old counters and networks. @returns the number of rows */
export async function pruneFailedAttempts(
  { db, now, throttle }: AccountsContext,
  options: RunOptions = {},
): Promise<number> {
  const where = { lastSeenAt: { lt: new Date((await now(db)).getTime() - NETWORK_RETENTION_MS) } };
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
  if (lastSeen !== undefined && time.getTime() - lastSeen.getTime() < NETWORK_RENEWAL_MS) return;
  try {
    await db.knownNetwork.upsert({
      where: { id },
      create: { id, userId, lastSeenAt: time },
      update: { lastSeenAt: time },
    });
  } catch (error) {
    // The user was deleted meanwhile. Opening the session will fail.
    if (!isForeignKeyViolation(error)) throw error;
  }
}
