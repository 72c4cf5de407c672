import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { type Config, ConfigError } from '../config/index.ts';
import type { Secrets } from './hmac.ts';
import { readIfPresent, readOrCreate } from './secret-file.ts';

type SecretConfig = Pick<Config, 'secret' | 'secretPrevious' | 'dataDir'>;

/** Minimum length of a secret, the same as of SECRET. */
export const MIN_SECRET_LENGTH = 32;

/**
 * Loads the secrets. The current one is SECRET, or else the content of the file `secret` in the data folder,
 * which is made at the first start (32 random bytes, the size of a SHA-256 HMAC key: RFC 2104 section 3). The
 * previous one is SECRET_PREVIOUS.
 *
 * @throws {ConfigError} when that file has fewer than {@link MIN_SECRET_LENGTH} characters
 */
export async function loadSecrets({ secret, secretPrevious, dataDir }: SecretConfig): Promise<Secrets> {
  const file = secretFile(dataDir);
  const make = () => `${randomBytes(32).toString('base64url')}\n`;
  const current = secret ?? requireLong(await readOrCreate(file, make), file);
  return { current, previous: secretPrevious };
}

/**
 * Reads the secrets like {@link loadSecrets}, but makes none: a second secret in a mistyped folder opens
 * nothing that the first one has encrypted.
 *
 * @throws {ConfigError} when there is no secret, or a short one as in {@link loadSecrets}
 */
export async function readSecrets({ secret, secretPrevious, dataDir }: SecretConfig): Promise<Secrets> {
  const file = secretFile(dataDir);
  const text = secret ?? (await readIfPresent(file));
  if (text === undefined)
    throw new ConfigError(
      `${file} does not exist: set SECRET, or DATA_DIR to the data folder of the service, to the secret of this database`,
    );
  return { current: secret ?? requireLong(text, file), previous: secretPrevious };
}

/** An empty file would make every key that is derived from it public. */
function requireLong(text: string, file: string): string {
  const secret = text.trim();
  if (secret.length >= MIN_SECRET_LENGTH) return secret;
  throw new ConfigError(
    `${file} has fewer than ${MIN_SECRET_LENGTH} characters: put the secret of this database back. For a new database remove the file, and the next start makes one`,
  );
}

/** Returns the path of the secret that Latchkey makes itself. */
export function secretFile(dataDir: string): string {
  return resolve(dataDir, 'secret');
}
