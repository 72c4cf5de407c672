import type { Clock, Counted, Reservation } from '../../throttle/reservation.ts';
import type { AccountsContext } from '../context.ts';
import type { InSlot } from '../passwords/hash.ts';
import { inHashingTurn } from '../passwords/hashing-turn.ts';

/** Failures in a row after which nobody signs in with the password from an unknown network: NIST SP 800-63B-4 section 3.2.2. */
const LOCKOUT_THRESHOLD = 100;

/** An attempt at a password, and what it is counted by. */
export interface Attempt {
  /** What everybody's attempts at the account are counted by. */
  readonly allClients: Counted;
  /** What is counted by where it comes from. */
  readonly places: readonly Counted[];
  /** Of `performance.now()`, until when it waits. */
  readonly deadline: number;
  /** Whether the password is right; when it throws, nothing was tried. */
  readonly check: Verify;
}

/** Verifies a password. @param inSlot has to run the hash */
export type Verify = (inSlot?: InSlot) => Promise<boolean>;

/**
 * Makes an attempt from where the owner was not seen before. Whether the network has to wait is looked at again in the slot of the hash, and
 * a failure is counted there: of many at once no more are made beyond the last that is free than there are slots.
 *
 * @returns when it was reserved; undefined when it failed
 */
export async function attemptAsUnknownClient(
  { throttle }: AccountsContext,
  { allClients, places, deadline, check }: Attempt,
): Promise<Date | undefined> {
  const clock = await throttle.readClock();
  await throttle.requireOpen(places, clock);
  const reservations = await throttle.reserve([allClients], deadline, clock);
  const inSlot: InSlot = async (hash) => {
    await throttle.requireOpen(places, clock);
    const matches = await hash();
    if (!matches) await throttle.fail(reservations, places);
    return matches;
  };
  try {
    const isRight = await inHashingTurn(deadline, () => check(inSlot));
    if (isRight && reservations.every((one) => one !== undefined && one.failures < LOCKOUT_THRESHOLD)) {
      await throttle.succeed(reservations);
      return clock.date;
    }
    await throttle.fail(reservations, places);
    return undefined;
  } finally {
    await throttle.release(reservations);
  }
}

/**
 * Makes an attempt from where the owner signed in before: the account's own counter of the network lets it, or that of allClients.
 *
 * @returns when it was reserved; undefined when it failed
 */
export async function attemptFromKnownNetwork(
  context: AccountsContext,
  attempt: Attempt,
  own: Counted,
): Promise<Date | undefined> {
  const { throttle } = context;
  const clock = await throttle.readClock();
  const reservations = await reserveWhereKnown(context, attempt, own, clock);
  const [ofOwn, ofEverybody] = reservations;
  try {
    if (await inHashingTurn(attempt.deadline, () => attempt.check())) {
      // Of everybody's, its own mistakes: what others have guessed is not resetOnSuccess for them.
      const resetOnSuccess = ofOwn?.failures;
      await throttle.succeed(reservations, (one) => (one === ofEverybody ? resetOnSuccess : undefined));
      return clock.date;
    }
    await failWhereKnown(context, attempt, reservations, clock);
    return undefined;
  } finally {
    await throttle.release(reservations);
  }
}

/** @throws {Problem} what a stranger would be told, where nothing lets it */
async function reserveWhereKnown(
  { throttle }: AccountsContext,
  { allClients, places, deadline }: Attempt,
  own: Counted,
  clock: Clock,
): Promise<(Reservation | undefined)[]> {
  try {
    return await throttle.reserve([own, allClients], deadline, clock);
  } catch (error) {
    await throttle.requireOpen(places, clock);
    throw error;
  }
}

/** @throws {Problem} what a stranger would be told without a hash */
async function failWhereKnown(
  { throttle }: AccountsContext,
  { allClients, places, deadline }: Attempt,
  [ofOwn, ofEverybody]: readonly (Reservation | undefined)[],
  clock: Clock,
): Promise<void> {
  let counted: readonly (Reservation | undefined)[] = [ofEverybody];
  try {
    await throttle.requireOpen(places, clock);
    if (ofEverybody === undefined) counted = await throttle.reserve([allClients], deadline, clock);
  } catch (error) {
    await throttle.fail([ofOwn], []);
    throw error;
  }
  await throttle.fail([ofOwn, ...counted], places);
}
