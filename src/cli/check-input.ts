import type { TSchema } from 'typebox';
import type { AccessLevels } from '../access/levels.ts';
import { NewPassword } from '../accounts/users/schemas.ts';
import type { Config } from '../config/index.ts';
import { compile } from '../lib/compile-schema.ts';
import { UsageError } from './usage-error.ts';

/** Validates an option with the schema of the API. @throws {UsageError} */
export function checkOption(option: string, schema: TSchema & { description?: string }, value: string): void {
  if (!compile(schema)(value)) throw new UsageError(`${option} must be ${schema.description}`);
}

/** Validates the length of a password. @throws {UsageError} without the password in it */
export function checkPassword(
  { passwordMinLength }: Pick<Config, 'passwordMinLength'>,
  password: string,
): void {
  if (compile(NewPassword(passwordMinLength))(password)) return;
  throw new UsageError(`The password must have ${passwordMinLength} to 128 characters, of any kind but NUL`);
}

/** Returns the number of the level that `--access` names. @throws {UsageError} */
export function parseLevel(text: string, levels: AccessLevels): number {
  const level = levels.all.find(({ name, number }) => name === text || String(number) === text);
  if (level === undefined)
    throw new UsageError(`--access must be one of ${levels.describe()}, by name or number`);
  return level.number;
}
