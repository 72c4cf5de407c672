import fastifyRateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { LRUCache } from 'lru-cache';
import type { Config } from '../config.ts';
import { Problem } from '../problems/problem.ts';
import { networkOf } from '../throttle/network.ts';
import { isHealthCheck } from './health-check.ts';

/** Milliseconds in which requests are counted. */
const WINDOW = 60_000;

/** Networks that are counted at a time; past that, those that asked least lately start anew. */
const NETWORKS = 20_000;

/**
 * Counts requests by a clock that nobody sets. With that of the wall, as the plugin's own store has it, a window would end an hour
 * late when the clock is set back by one.
 */
class Windows implements FastifyRateLimitStore {
  readonly #windows = new LRUCache<string, { requests: number; readonly began: number }>({ max: NETWORKS });

  incr(key: string, done: Parameters<FastifyRateLimitStore['incr']>[1], timeWindow: number): void {
    const now = performance.now();
    const known = this.#windows.get(key);
    const window =
      known !== undefined && now - known.began < timeWindow ? known : { requests: 0, began: now };
    window.requests += 1;
    this.#windows.set(key, window);
    done(null, { current: window.requests, ttl: window.began + timeWindow - now });
  }

  child(): Windows {
    return new Windows();
  }
}

/**
 * Limits the requests of one network, in each process by itself. Says so in the fields of draft-ietf-httpapi-ratelimit-headers-10.
 * Health checks are not counted.
 */
async function rateLimit(app: FastifyInstance, { rateLimit: limit }: Pick<Config, 'rateLimit'>) {
  if (limit === 0) return;
  await app.register(fastifyRateLimit, { global: false, store: Windows });
  const count = app.createRateLimit({
    max: limit,
    timeWindow: WINDOW,
    keyGenerator: ({ ip }) => networkOf(ip),
  });
  const policy = `"default";q=${limit};w=${WINDOW / 1000}`;
  app.addHook('onRequest', async (request, reply) => {
    if (isHealthCheck(request)) return;
    const counted = await count(request);
    if (counted.isAllowed) return;
    const { remaining, ttlInSeconds, isExceeded } = counted;
    reply
      .header('ratelimit-policy', policy)
      .header('ratelimit', `"default";r=${Math.max(0, remaining)};t=${ttlInSeconds}`);
    if (isExceeded)
      throw new Problem('too-many-requests', { headers: { 'retry-after': String(ttlInSeconds) } });
  });
}

export default fp(rateLimit, { name: 'rate-limit', fastify: '5.x' });
