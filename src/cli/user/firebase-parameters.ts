import { readFile } from 'node:fs/promises';
import type { FirebaseParameters } from '../../accounts/passwords/formats/firebase.ts';
import { UsageError } from '../usage-error.ts';

/** Longer than any text of hash parameters. */
const MAX_TEXT_LENGTH = 10_000;

/** scrypt's N is two to the power of this at most, for 32 bits. */
const MAX_MEM_COST = 31;

/**
 * Reads the hash parameters of a Firebase project from a file: the text that the console shows ("Password
 * hash parameters"), or the same members as JSON. The signer key is a secret, so it is not an argument.
 *
 * @throws {UsageError} when a parameter is missing or invalid; the message has no value of it
 */
export async function readFirebaseParameters(file: string): Promise<FirebaseParameters> {
  const text = (await readFile(file, 'utf8')).slice(0, MAX_TEXT_LENGTH);
  const find = (name: string, pattern: string, form: string): string => {
    const [, value] =
      new RegExp(`"?\\b${name}"?\\s*[:=]\\s*"?(${pattern})"?\\s*(?:[,}]|$)`, 'm').exec(text) ?? [];
    if (value !== undefined) return value;
    throw new UsageError(`${file} must have ${name}, ${form}: copy it from the Firebase console`);
  };
  const base64 = (name: string, least: number) =>
    Buffer.from(find(name, `[A-Za-z0-9+/_-]{${least},200}={0,2}`, 'in base64'), 'base64');
  const number = (name: string, most: number) => {
    const value = Number(find(name, '\\d{1,3}', 'a number'));
    if (value >= 1 && value <= most) return value;
    throw new UsageError(`${name} in ${file} must be from 1 to ${most}`);
  };
  return {
    signerKey: base64('base64_signer_key', 4),
    saltSeparator: base64('base64_salt_separator', 0),
    rounds: number('rounds', 255),
    memCost: number('mem_cost', MAX_MEM_COST),
  };
}
