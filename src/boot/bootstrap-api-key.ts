import type { FastifyInstance } from 'fastify';
import { bootstrapGuardKey } from '../accounts/api-keys/guard-key.ts';
import { ConfigError } from '../config/index.ts';
import { readApiKeyId } from '../tokens/api-key.ts';

/**
 * Stores the key of BOOTSTRAP_API_KEY at the first start, so that services can be set up together with this
 * one.
 *
 * @throws {ConfigError} when it is no API key; the message does not have it
 */
export async function bootstrapApiKey({ config, accounts, log }: FastifyInstance): Promise<void> {
  const key = config.bootstrapApiKey;
  if (key === undefined) return;
  const id = readApiKeyId(key);
  if (id === undefined)
    throw new ConfigError('BOOTSTRAP_API_KEY is no API key: make one with latchkey key generate');
  const outcome = await bootstrapGuardKey(accounts, { id, key });
  if (outcome === 'created') log.info({ key: id }, 'The API key of BOOTSTRAP_API_KEY was stored');
  if (outcome === 'ended')
    log.warn({ key: id }, 'The API key of BOOTSTRAP_API_KEY has ended, and is not stored again');
}
