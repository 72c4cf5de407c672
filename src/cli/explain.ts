import { ConfigError } from '../config/index.ts';
import { DataError } from '../db/data-error.ts';
import { describeDriverError } from '../db/describe-error.ts';
import { isUnavailable } from '../db/errors.ts';
import { MigrationError } from '../db/migrations/migrate.ts';
import { Problem } from '../problems/problem.ts';

/**
 * What to tell whoever called a command that failed: one line for what was foreseen. The rest is ours to mend, and its
 * stack says where.
 */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof Problem && error.extras.errors !== undefined)
    return error.extras.errors.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`).join('; ');
  const isForeseen = [ConfigError, DataError, MigrationError, Problem].some((kind) => error instanceof kind);
  if (isForeseen) return error.message;
  // A file or a folder that cannot be made or read; the message names it.
  if ('syscall' in error && 'path' in error) return error.message;
  if (isUnavailable(error)) return `the database cannot be reached: ${reasonOf(error)}`;
  return error.stack ?? error.message;
}

/** What it comes to, in one line: Prisma's messages say first which call it was. */
export function reasonOf(error: unknown): string {
  const described = describeDriverError(error);
  if (described !== undefined) return described;
  const message = error instanceof Error ? error.message : String(error);
  return /Message: `(.+)`$/.exec(message)?.[1] ?? message.trim().split('\n').at(-1) ?? '';
}
