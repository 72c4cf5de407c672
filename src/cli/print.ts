import { DataError } from '../db/data-error.ts';
import { codeOf } from '../lib/error-code.ts';

/**
 * Prints, and waits until it is taken: of a list there may be more than fits into memory.
 *
 * @throws {DataError} when it cannot be written, to a full disk for instance: what is not printed is lost
 * @throws {Error} EPIPE when nobody reads any more
 */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (!error) resolve();
      else reject(codeOf(error) === 'EPIPE' ? error : toDataError(error));
    });
  });
}

function toDataError(cause: Error): DataError {
  return new DataError(`what is printed cannot be written (${cause.message})`, { cause });
}
