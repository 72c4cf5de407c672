import { DriverAdapterError } from '@prisma/driver-adapter-utils';

/**
 * Tells whether work ends within a timeout. After the timeout, the work goes on, and its result is ignored.
 *
 * @throws the error of the work, when it fails in time
 */
export function endsWithin(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  return raceTimeout(
    work.then(() => true),
    timeoutMs,
    () => false,
  );
}

/**
 * Waits for the database, up to a timeout.
 *
 * @throws an error for which `isUnavailable` holds after the timeout; the error of the work before that
 */
export function withDeadline<T>(work: PromiseLike<T>, timeoutMs: number): Promise<T> {
  return raceTimeout(work, timeoutMs, () => {
    throw timeoutError();
  });
}

/** Error of an operation that took too long. `isUnavailable` holds for it. */
export function timeoutError(): DriverAdapterError {
  return new DriverAdapterError({ kind: 'SocketTimeout' });
}

/** Waits for work, or calls `onTimeout` when the time is over. */
async function raceTimeout<T>(work: PromiseLike<T>, timeoutMs: number, onTimeout: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  // setTimeout, and not node:timers/promises: to abort its promise takes 18 microseconds in each transaction.
  const expired = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  try {
    return await Promise.race([work, expired.then(onTimeout)]);
  } finally {
    clearTimeout(timer);
  }
}
