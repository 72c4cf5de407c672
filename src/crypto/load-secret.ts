import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Config } from '../config/index.ts';
import type { Secrets } from './hmac.ts';
import { readOrCreate } from './secret-file.ts';

/**
 * Loads the secrets. The current one is SECRET, or else the content of the file `secret` in the data folder,
 * which is made at the first start (32 random bytes, the size of a SHA-256 HMAC key: RFC 2104 section 3). The
 * previous one is SECRET_PREVIOUS.
 */
export async function loadSecrets({
  secret,
  secretPrevious,
  dataDir,
}: Pick<Config, 'secret' | 'secretPrevious' | 'dataDir'>): Promise<Secrets> {
  const current =
    secret ??
    (await readOrCreate(secretFile(dataDir), () => `${randomBytes(32).toString('base64url')}\n`)).trim();
  return { current, previous: secretPrevious };
}

/** Returns the path of the secret that Latchkey makes itself. */
export function secretFile(dataDir: string): string {
  return resolve(dataDir, 'secret');
}
