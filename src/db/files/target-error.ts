import { codeOf } from '../../lib/error-code.ts';
import { DataError } from '../data-error.ts';
import { isDiskFull } from '../errors.ts';

/** Reasons why a file cannot be written, by the system's error codes. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there: give it the rights, or choose another folder',
  EPERM: 'this user may not write there: give it the rights, or choose another folder',
  EROFS: 'the disk is read-only: choose another folder',
};

/**
 * Translates an error of a file that a command writes, which would look like an error of the database.
 * Returns other errors unchanged.
 *
 * @param path of the file
 */
export function asTargetError(error: unknown, path: string): unknown {
  const reason = isDiskFull(error)
    ? 'the disk is full: make room, or choose another folder'
    : reasons[codeOf(error) ?? ''];
  if (reason === undefined) return error;
  return new DataError(`${path} cannot be written, because ${reason}; nothing was written`, { cause: error });
}
