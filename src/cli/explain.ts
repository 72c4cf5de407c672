import { ConfigError } from '../config/index.ts';
import { DataError } from '../db/data-error.ts';
import { describeDriverError } from '../db/describe-error.ts';
import { isDiskFull, isUnavailable } from '../db/errors.ts';
import { MigrationError } from '../db/migrations/migrate.ts';
import { DeclarationError } from '../lib/declaration-error.ts';
import { Problem } from '../problems/problem.ts';
import { explainFile } from './explain-file.ts';

/**
 * Describes the error of a failed command. An expected error is one line. An unexpected error is a bug, so
 * its stack is included.
 */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof Problem && error.extras.errors !== undefined)
    return error.extras.errors.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`).join('; ');
  const isExpected = [ConfigError, DataError, DeclarationError, MigrationError, Problem].some(
    (kind) => error instanceof kind,
  );
  if (isExpected) return error.message;
  const aboutFile = explainFile(error);
  if (aboutFile !== undefined) return aboutFile;
  if (isDiskFull(error)) return `the disk is full: ${reasonOf(error)}`;
  // A file or folder that cannot be created or read; the message names it.
  if ('syscall' in error && 'path' in error) return error.message;
  if (isUnavailable(error)) return `the database cannot be reached: ${reasonOf(error)}`;
  return error.stack ?? error.message;
}

/** Returns the reason of an error in one line, without the call that Prisma puts first. */
export function reasonOf(error: unknown): string {
  const described = describeDriverError(error);
  if (described !== undefined) return described;
  const message = error instanceof Error ? error.message : String(error);
  return /Message: `(.+)`$/.exec(message)?.[1] ?? message.trim().split('\n').at(-1) ?? '';
}
