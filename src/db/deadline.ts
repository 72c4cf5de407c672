import { DriverAdapterError } from '@prisma/driver-adapter-utils';

/**
 * Whether work ends within some milliseconds. What was begun goes on, and nobody hears of it any more.
 *
 * @throws whatever the work throws in time
 */
export function endsWithin(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  return unlessLate(
    work.then(() => true),
    milliseconds,
    () => false,
  );
}

/**
 * Waits for the database no longer than some milliseconds.
 *
 * @throws an error for which `isUnavailable` holds when it takes longer; whatever `work` throws
 */
export function withDeadline<T>(work: PromiseLike<T>, milliseconds: number): Promise<T> {
  return unlessLate(work, milliseconds, () => {
    throw tooLate();
  });
}

/** The error of what took too long. `isUnavailable` holds for it. */
export function tooLate(): DriverAdapterError {
  return new DriverAdapterError({ kind: 'SocketTimeout' });
}

/** Waits for work, or for what `late` says when the time is over. */
async function unlessLate<T>(work: PromiseLike<T>, milliseconds: number, late: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  // Not the promise of node:timers/promises: to abort it takes 18 microseconds, and each transaction would.
  const timeIsOver = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  try {
    return await Promise.race([work, timeIsOver.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}
