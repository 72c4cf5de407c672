import { setTimeout as wait } from 'node:timers/promises';
import { DriverAdapterError } from '@prisma/driver-adapter-utils';

/**
 * Waits for the database no longer than some milliseconds. What was asked goes on, and nobody hears of it any more.
 *
 * @throws an error for which `isUnavailable` holds when it takes longer; whatever `work` throws
 */
export async function withDeadline<T>(work: PromiseLike<T>, milliseconds: number): Promise<T> {
  const patience = new AbortController();
  const tooLate = wait(milliseconds, undefined, { signal: patience.signal }).then(() => {
    throw new DriverAdapterError({ kind: 'SocketTimeout' });
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    tooLate.catch(() => {});
    patience.abort();
  }
}
