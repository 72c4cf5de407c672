import type { FastifyInstance } from 'fastify';
import { bootstrapGuardKey } from '../accounts/api-keys/guard-key.ts';
import { ConfigError } from '../config/index.ts';
import { Problem } from '../problems/problem.ts';
import { readApiKeyId } from '../tokens/api-key.ts';

/**
 * Stores the key of BOOTSTRAP_API_KEY at the first start that has it, so that services can be set up together
 * with this one. A start without it would serve people too, so a key that cannot be stored is a warning.
 *
 * @throws {ConfigError} when it is no API key; the message does not have it
 */
export async function bootstrapApiKey({ config, accounts, log }: FastifyInstance): Promise<void> {
  const key = config.bootstrapApiKey;
  if (key === undefined) return;
  const id = readApiKeyId(key);
  if (id === undefined)
    throw new ConfigError('BOOTSTRAP_API_KEY is no API key: make one with latchkey key generate');
  const outcome = await bootstrapGuardKey(accounts, { id, key }).catch((error: unknown) => {
    if (!(error instanceof Problem)) throw error;
    log.warn({ key: id }, `The API key of BOOTSTRAP_API_KEY was not stored: ${error.message}`);
    return 'refused' as const;
  });
  if (outcome === 'created') log.info({ key: id }, 'The API key of BOOTSTRAP_API_KEY was stored');
  if (outcome === 'ended')
    log.warn({ key: id }, 'The API key of BOOTSTRAP_API_KEY has ended, and is not stored again');
}
