import { setTimeout as wait } from 'node:timers/promises';
import { DriverAdapterError } from '@prisma/driver-adapter-utils';

/**
 * Whether work ends within some milliseconds. What was begun goes on, and nobody hears of it any more.
 *
 * @throws whatever the work throws in time
 */
export async function endsWithin(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const patience = new AbortController();
  const tooLate = wait(milliseconds, false, { signal: patience.signal }).catch(() => false);
  try {
    return await Promise.race([work.then(() => true), tooLate]);
  } finally {
    patience.abort();
  }
}

/**
 * Waits for the database no longer than some milliseconds.
 *
 * @throws an error for which `isUnavailable` holds when it takes longer; whatever `work` throws
 */
export async function withDeadline<T>(work: PromiseLike<T>, milliseconds: number): Promise<T> {
  const begun = Promise.resolve(work);
  if (await endsWithin(begun, milliseconds)) return begun;
  throw new DriverAdapterError({ kind: 'SocketTimeout' });
}
