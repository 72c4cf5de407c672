import type { Database } from '../db/client.ts';
import { type Problem, retryLater } from '../problems/problem.ts';
import type { Policy, ReservedAttempt } from './failed-attempts.ts';

/** Subject that is counted, identified by unique words, and its policy. */
export interface Counted {
  readonly subject: readonly string[];
  readonly policy: Policy;
}

/** Database's time at the moment of reading, and its progress since then. */
export interface Clock {
  readonly date: Date;
  now(): number;
}

/** Attempt that was reserved before it is made. It ends once: it fails, succeeds, or is released. */
export interface Reservation extends ReservedAttempt {
  readonly clock: Clock;
  hasEnded: boolean;
}

/** Reservations of one attempt; undefined for a subject that did not allow it. */
export type Reservations = readonly (Reservation | undefined)[];

/** Reads the database's clock. */
export async function readClock({ db, now }: Pick<Database, 'db' | 'now'>): Promise<Clock> {
  const date = await now(db);
  const readAt = performance.now();
  return { date, now: () => Math.round(date.getTime() + performance.now() - readAt) };
}

/** Ends the reservations that have not ended yet, and returns them. */
export function endReservations(reservations: Reservations): Reservation[] {
  const open = reservations.filter((reservation) => reservation !== undefined);
  return open.filter((reservation) => {
    if (reservation.hasEnded) return false;
    reservation.hasEnded = true;
    return true;
  });
}

/** @param waitMs milliseconds until the next attempt is allowed */
export function tooManyAttempts(waitMs: number): Problem {
  return retryLater('too-many-attempts', waitMs / 1_000);
}
