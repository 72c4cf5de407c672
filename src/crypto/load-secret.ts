import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { type Config, ConfigError } from '../config/index.ts';
import type { Secrets } from './hmac.ts';
import { readIfPresent, readOrCreate } from './secret-file.ts';

type SecretConfig = Pick<Config, 'secret' | 'secretPrevious' | 'dataDir'>;

/**
 * Loads the secrets. The current one is SECRET, or else the content of the file `secret` in the data folder,
 * which is made at the first start (32 random bytes, the size of a SHA-256 HMAC key: RFC 2104 section 3). The
 * previous one is SECRET_PREVIOUS.
 */
export async function loadSecrets({ secret, secretPrevious, dataDir }: SecretConfig): Promise<Secrets> {
  const current =
    secret ??
    (await readOrCreate(secretFile(dataDir), () => `${randomBytes(32).toString('base64url')}\n`)).trim();
  return { current, previous: secretPrevious };
}

/**
 * Reads the secrets like {@link loadSecrets}, but makes none: a second secret in a mistyped folder opens
 * nothing that the first one has encrypted.
 *
 * @throws {ConfigError} when there is no secret
 */
export async function readSecrets({ secret, secretPrevious, dataDir }: SecretConfig): Promise<Secrets> {
  const file = secretFile(dataDir);
  const current = secret ?? (await readIfPresent(file))?.trim();
  if (current === undefined)
    throw new ConfigError(
      `${file} does not exist: set SECRET, or DATA_DIR to the data folder of the service, to the secret of this database`,
    );
  return { current, previous: secretPrevious };
}

/** Returns the path of the secret that Latchkey makes itself. */
export function secretFile(dataDir: string): string {
  return resolve(dataDir, 'secret');
}
