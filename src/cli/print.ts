import { DataError } from '../db/data-error.ts';
import { codeOf } from '../lib/error-code.ts';

/**
 * Prints to standard output, and waits until the text is written (backpressure): a list may not fit into
 * memory.
 *
 * @throws {DataError} when the text cannot be written, for example to a full disk
 * @throws {Error} EPIPE when the reader has closed the pipe
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
  return new DataError(`the output cannot be written (${cause.message})`, { cause });
}
