import type { RequestContext } from '../../audit/event.ts';
import type { RunOptions } from '../../db/raw/batches.ts';
import { Problem } from '../../problems/problem.ts';
import type { Policy } from '../../throttle/failed-attempts.ts';
import { forgiveFailures } from '../../throttle/forgive.ts';
import { networkOf, SITE_FACTOR, siteOf } from '../../throttle/network.ts';
import type { Counted } from '../../throttle/reservation.ts';
import type { AccountsContext } from '../context.ts';
import { MAX_WAIT_MS, recordAttemptDuration, waitAsLongAsAnAttempt } from '../passwords/hashing-turn.ts';
import { passwordCounter } from './account-counter.ts';
import { findNetwork, pruneKnownNetworks, rememberNetwork } from './known-networks.ts';
import {
  type Attempt,
  attemptAsUnknownClient,
  attemptFromKnownNetwork,
  type Verify,
} from './password-attempt.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

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

/** The account that an attempt is made at. */
export interface AttemptTarget {
  /** The address as the client sent it, or its stored form when it is a valid one. */
  readonly email: string;
  /** The id of the account; undefined when there is none. */
  readonly userId: string | undefined;
  /**
   * True where the account has a second factor. Then a right password is no sign-in yet: it takes its own
   * attempt back, resets no failures, and makes no network known.
   */
  readonly hasSecondFactor?: boolean;
  /** False where nothing is hashed: then its time says nothing about that of a password. */
  readonly isHashed?: boolean;
}

/**
 * Makes an attempt at a password, or at a mailed code, which opens the account as a password does. The
 * attempt is reserved before the password is verified, and it counts as a failure when the password is wrong.
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
  { email, userId, hasSecondFactor = false, isHashed = true }: AttemptTarget,
  requestContext: RequestContext,
  verify: Verify,
): Promise<boolean> {
  const began = performance.now();
  const network = await findNetwork(context, userId, requestContext);
  const attempt: Attempt = {
    allClients: passwordCounter(email),
    networks: networkCounters('network', requestContext.ip, networkPolicy),
    deadline: began + MAX_WAIT_MS,
    check: verify,
    forgives: !hasSecondFactor,
  };
  try {
    const time =
      network.lastSeenAt === undefined
        ? await attemptAsUnknownClient(context, attempt)
        : await attemptFromKnownNetwork(context, attempt, passwordCounter(email, network.id));
    if (isHashed) recordAttemptDuration(began);
    if (time === undefined) return false;
    if (userId !== undefined && !hasSecondFactor) await rememberNetwork(context, userId, network, time);
    return true;
  } catch (error) {
    if (error instanceof Problem && error.slug === 'too-many-attempts') await waitAsLongAsAnAttempt(began);
    throw error;
  }
}

/**
 * Checks a proof that cannot be guessed: the token of a mail, or the signature of a passkey. A valid one is
 * never refused. An invalid one counts as a failure of the client's network.
 *
 * @param find returns null or undefined when the proof is invalid
 * @throws {Problem} `too-many-attempts`; any error of `find`
 */
export async function attemptProof<T>(
  { throttle }: AccountsContext,
  { ip }: RequestContext,
  kind: 'mail-token' | 'passkey',
  find: () => Promise<T>,
): Promise<T> {
  const found = await find();
  if (found !== null && found !== undefined) return found;
  const networks = networkCounters(kind, ip, networkPolicy);
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

/**
 * Does for an account with a second factor, once that is proven too, the same as a right password does for
 * others: forgives the failed passwords, and makes the network known.
 *
 * @param time of the sign-in, by the database's clock
 */
export async function completeAttempt(
  context: AccountsContext,
  { id: userId, email }: { readonly id: string; readonly email: string },
  requestContext: RequestContext,
  time: Date,
): Promise<void> {
  const network = await findNetwork(context, userId, requestContext);
  const own = network.lastSeenAt === undefined ? undefined : passwordCounter(email, network.id);
  await forgiveFailures(context, own, passwordCounter(email));
  await rememberNetwork(context, userId, network, time);
}

/** Unlocks an account for all networks. Call it when its owner has set a new password. */
export async function unlockAccount(
  { db, throttle }: AccountsContext,
  { id: userId, email }: { readonly id: string; readonly email: string },
): Promise<void> {
  const networks = await db.knownNetwork.findMany({ where: { userId }, select: { id: true } });
  const counters = [passwordCounter(email), ...networks.map(({ id }) => passwordCounter(email, id))];
  await throttle.reset(counters.map(({ subject }) => subject));
}

/** Deletes old counters and networks. @returns the number of rows */
export async function pruneFailedAttempts(
  context: AccountsContext,
  options: RunOptions = {},
): Promise<number> {
  return (await pruneKnownNetworks(context, options)) + (await context.throttle.prune(options));
}
