import type { Clock, Counted, Reservations } from '../../throttle/reservation.ts';
import type { AccountsContext } from '../context.ts';
import type { InSlot } from '../passwords/hash.ts';
import { runInHashingTurn } from '../passwords/hashing-turn.ts';
import { isLockedOut } from './lockout.ts';

/** An attempt at a password, and its counters. */
export interface Attempt {
  /** The account's counter, which all clients share. */
  readonly allClients: Counted;
  /** The counters of the client's network. */
  readonly networks: readonly Counted[];
  /** A time of `performance.now()`. The attempt does not wait longer. */
  readonly deadline: number;
  /** Tells whether the password is right. When it throws, no attempt was made. */
  readonly check: Verify;
  /** False when a right password takes its own attempt back, and resets no failures. */
  readonly forgives: boolean;
}

/** Verifies a password. @param inSlot runs the hash */
export type Verify = (inSlot?: InSlot) => Promise<boolean>;

/**
 * Makes an attempt from a network where the owner is unknown. The network's limit is checked again, and a
 * failure is counted, while the attempt holds its hashing slot. Of many attempts at once, no more are made
 * beyond the last free one than there are slots.
 *
 * @returns the time of the reservation; undefined when the attempt failed
 */
export async function attemptAsUnknownClient(
  { throttle }: AccountsContext,
  { allClients, networks, deadline, check, forgives }: Attempt,
): Promise<Date | undefined> {
  const clock = await throttle.readClock();
  await throttle.requireOpen(networks, clock);
  const reservations = await throttle.reserve([allClients], deadline, clock);
  const inSlot: InSlot = async (hash) => {
    await throttle.requireOpen(networks, clock);
    const matches = await hash();
    if (!matches) await throttle.fail(reservations, networks);
    return matches;
  };
  try {
    const isRight = await runInHashingTurn(deadline, () => check(inSlot));
    if (isRight && !reservations.some(isLockedOut)) {
      if (forgives) await throttle.succeed(reservations);
      return clock.date;
    }
    // Counts the right password of an account that is locked out. A wrong one was counted in the slot, and
    // has ended its reservation.
    await throttle.fail(reservations, networks);
    return undefined;
  } finally {
    await throttle.release(reservations);
  }
}

/**
 * Makes an attempt from a network that the owner has signed in from. It is allowed by the account's counter
 * for this network, or by the one that all clients share.
 *
 * @returns the time of the reservation; undefined when the attempt failed
 */
export async function attemptFromKnownNetwork(
  context: AccountsContext,
  attempt: Attempt,
  own: Counted,
): Promise<Date | undefined> {
  const { throttle } = context;
  const clock = await throttle.readClock();
  const reservations = await reserveFromKnownNetwork(context, attempt, own, clock);
  const [ownReservation, sharedReservation] = reservations;
  try {
    if (await runInHashingTurn(attempt.deadline, () => attempt.check())) {
      if (!attempt.forgives) return clock.date;
      // The success resets as many failures of the shared counter as the owner has made. It does not reset
      // those of other clients.
      const resetOnSuccess = ownReservation?.failures;
      await throttle.succeed(reservations, (one) => (one === sharedReservation ? resetOnSuccess : undefined));
      return clock.date;
    }
    await failFromKnownNetwork(context, attempt, reservations, clock);
    return undefined;
  } finally {
    await throttle.release(reservations);
  }
}

/** @throws {Problem} the problem that unknown clients get, when no counter allows the attempt */
async function reserveFromKnownNetwork(
  { throttle }: AccountsContext,
  { allClients, networks, deadline }: Attempt,
  own: Counted,
  clock: Clock,
): Promise<Reservations> {
  try {
    return await throttle.reserve([own, allClients], deadline, clock);
  } catch (error) {
    await throttle.requireOpen(networks, clock);
    throw error;
  }
}

/** @throws {Problem} the problem that unknown clients get without a hash */
async function failFromKnownNetwork(
  { throttle }: AccountsContext,
  { allClients, networks, deadline }: Attempt,
  [ownReservation, sharedReservation]: Reservations,
  clock: Clock,
): Promise<void> {
  let counted: Reservations = [sharedReservation];
  try {
    await throttle.requireOpen(networks, clock);
    if (sharedReservation === undefined) counted = await throttle.reserve([allClients], deadline, clock);
  } catch (error) {
    // Unknown clients could not have made this attempt: it counts where it was allowed, and nowhere else.
    await throttle.fail([ownReservation ?? sharedReservation], []);
    throw error;
  }
  await throttle.fail([ownReservation, ...counted], networks);
}
