import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Config } from '../config/index.ts';
import { MIN_SECRET_LENGTH, secretFile } from '../crypto/load-secret.ts';
import { type Keys, loadKeys, signingKeyFile } from '../tokens/keys.ts';
import { type Finding, ok, problem } from './finding.ts';

/**
 * Checks the signing key. Creates none.
 *
 * @throws {ConfigError} when one of the keys is invalid
 */
export async function checkKeys(config: Config): Promise<Finding> {
  const file = signingKeyFile(config.dataDir);
  const source = config.jwtPrivateKey ?? file;
  if (source === file && !existsSync(file)) return ok('signing key', 'will be created at the first start');
  return describeKeys(await loadKeys({ ...config, jwtPrivateKey: source }));
}

/** Says which keys sign and verify. */
export function describeKeys({ signing, verification }: Keys): Finding {
  const others = verification.length - 1;
  const more = others === 0 ? '' : `, and ${others} more accepted`;
  return ok('signing key', `${signing.algorithm}, kid ${signing.kid}${more}`);
}

/** Checks that the secret is long enough. Creates none. */
export async function checkSecret({ secret, dataDir }: Config): Promise<Finding> {
  if (secret !== undefined) return ok('secret', 'SECRET is set');
  const file = secretFile(dataDir);
  if (!existsSync(file)) return ok('secret', 'will be created at the first start');
  if ((await readFile(file, 'utf8')).trim().length >= MIN_SECRET_LENGTH) return ok('secret', `in ${file}`);
  const advice = 'remove it: the next start creates one, and all users have to sign in again';
  return problem('secret', `${file} has fewer than ${MIN_SECRET_LENGTH} characters`, advice);
}
