import fastifyRateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { isApiKey, mayCall } from '../../access/api-key-claims.ts';
import { clientAddress } from '../../access/client-address.ts';
import type { Config } from '../../config/index.ts';
import { retryLater } from '../../problems/problem.ts';
import { networkOf, SITE_FACTOR, siteOf } from '../../throttle/network.ts';
import { Windows } from '../../throttle/windows.ts';
import { isHealthCheck } from '../request-context.ts';

/** Length of a window of the rate limit. */
const WINDOW_MS = 60_000;

/** The store of @fastify/rate-limit: an adapter to the windows. */
class Store implements FastifyRateLimitStore {
  readonly #windows = new Windows();

  incr(key: string, done: Parameters<FastifyRateLimitStore['incr']>[1], timeWindow: number): void {
    const { count, left } = this.#windows.add(key, timeWindow);
    done(null, { current: count, ttl: left });
  }

  child(): Store {
    return new Store();
  }
}

/**
 * Limits the requests of one network, and of all networks of one site, in each process by itself. The limit
 * is in the header fields of draft-ietf-httpapi-ratelimit-headers-10. Health checks are not counted.
 */
async function rateLimit(app: FastifyInstance, { rateLimit: limit }: Pick<Config, 'rateLimit'>) {
  if (limit === 0) return;
  await app.register(fastifyRateLimit, { global: false, store: Store });
  const ofNetwork = { name: 'default', max: limit };
  const ofSite = { name: 'site', max: limit * SITE_FACTOR };
  const countNetwork = app.createRateLimit({
    ...ofNetwork,
    timeWindow: WINDOW_MS,
    keyGenerator: (request) => networkOf(clientAddress(request)),
  });
  const countSite = app.createRateLimit({
    ...ofSite,
    timeWindow: WINDOW_MS,
    keyGenerator: (request) => siteOf(clientAddress(request)) ?? '',
  });
  app.addHook('onRequest', async (request, reply) => {
    if (isHealthCheck(request) || isKnownReader(request)) return;
    // Requests that a network is refused do not count against its site.
    report(reply, ofNetwork, await countNetwork(request));
    if (siteOf(clientAddress(request)) === undefined) return;
    const together = await countSite(request);
    if (!together.isAllowed && together.isExceeded) report(reply, ofSite, together);
  });
}

/**
 * Tells whether a request to the feed, or for introspection, has a token or an API key that was accepted
 * before and may do it. A reader sends some 70 requests a minute, and many may be in one network. All others
 * are counted: those that may be guesses, and those that the guard refuses, which any user can send.
 */
function isKnownReader({ routeOptions, headers: { authorization }, server }: FastifyRequest): boolean {
  if (routeOptions?.config.isFeed !== true || authorization === undefined) return false;
  const { verifiedTokens, apiKeys, levels, revocations } = server;
  const claims = verifiedTokens.get(authorization) ?? apiKeys.find(authorization)?.claims;
  // A key stays in memory after its end.
  const isOver = claims === undefined || claims.exp * 1_000 <= Date.now();
  if (isOver || claims.access < levels.admin) return false;
  return isApiKey(claims) ? mayCall(claims, routeOptions.schema?.operationId) : !revocations.revokes(claims);
}

type Counted = Awaited<ReturnType<ReturnType<FastifyInstance['createRateLimit']>>>;

/**
 * Sets the header fields of the limit.
 *
 * @throws {Problem} `too-many-requests` when the limit is exceeded
 */
function report(reply: FastifyReply, { name, max }: { name: string; max: number }, counted: Counted): void {
  if (counted.isAllowed) return;
  const { remaining, ttlInSeconds, isExceeded } = counted;
  reply
    .header('ratelimit-policy', `"${name}";q=${max};w=${WINDOW_MS / 1000}`)
    .header('ratelimit', `"${name}";r=${Math.max(0, remaining)};t=${ttlInSeconds}`);
  if (isExceeded) throw retryLater('too-many-requests', ttlInSeconds);
}

export default fp(rateLimit, { name: 'rate-limit', fastify: '5.x' });
