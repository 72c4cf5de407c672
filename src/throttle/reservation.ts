import type { Database } from '../db/client.ts';
import { type Problem, retryLater } from '../problems/problem.ts';
import type { Policy, ReservedTry } from './failed-attempts.ts';

/** Something that is counted: what it is, in words that name it once and for all, and how it is throttled. */
export interface Counted {
  readonly subject: readonly string[];
  readonly policy: Policy;
}

/** The database's time when it was read, and as it has gone on since. */
export interface Clock {
  readonly date: Date;
  now(): number;
}

/** An attempt that was reserved before it is made. It ends once: it fails, it succeeds, or it is released. */
export interface Reservation extends ReservedTry {
  readonly clock: Clock;
  hasEnded: boolean;
}

/** Reads the database's clock. */
export async function readClock({ db, now }: Pick<Database, 'db' | 'now'>): Promise<Clock> {
  const date = await now(db);
  const readAt = performance.now();
  return { date, now: () => Math.round(date.getTime() + performance.now() - readAt) };
}

/** Ends what has not ended yet. */
export function end(reservations: readonly (Reservation | undefined)[]): Reservation[] {
  const open = reservations.filter((reservation) => reservation !== undefined);
  return open.filter((reservation) => {
    if (reservation.hasEnded) return false;
    reservation.hasEnded = true;
    return true;
  });
}

/** @param wait milliseconds */
export function tooManyAttempts(wait: number): Problem {
  return retryLater('too-many-attempts', wait / 1_000);
}
