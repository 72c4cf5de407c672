import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Config } from '../../config/index.ts';
import { secretFile } from '../../crypto/load-secret.ts';
import { loadKeys, signingKeyFile } from '../../tokens/keys.ts';
import { type Finding, ok, problem } from './finding.ts';

/** Characters of a secret, as SECRET is asked for. */
const SHORTEST_SECRET = 32;

/**
 * Whether there is a key to sign with. Makes none.
 *
 * @throws {ConfigError} when one of the keys is none
 */
export async function checkKeys(config: Config): Promise<Finding> {
  const file = signingKeyFile(config.dataDir);
  const source = config.jwtPrivateKey ?? file;
  if (source === file && !existsSync(file)) return ok('signing key', 'will be made at the first start');
  const { signing, verification } = await loadKeys({ ...config, jwtPrivateKey: source });
  const others = verification.length - 1;
  const more = others === 0 ? '' : `, and ${others} more accepted`;
  return ok('signing key', `${signing.algorithm}, kid ${signing.kid}${more}`);
}

/** Whether there is a secret that nobody guesses. Makes none. */
export async function checkSecret({ secret, dataDir }: Config): Promise<Finding> {
  if (secret !== undefined) return ok('secret', 'SECRET is set');
  const file = secretFile(dataDir);
  if (!existsSync(file)) return ok('secret', 'will be made at the first start');
  if ((await readFile(file, 'utf8')).trim().length >= SHORTEST_SECRET) return ok('secret', `in ${file}`);
  const advice = 'remove it, and the next start makes one; everybody has to sign in again';
  return problem('secret', `${file} has fewer than ${SHORTEST_SECRET} characters`, advice);
}
