import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { Type } from 'typebox';
import { findCallerClaims } from '../../access/caller.ts';
import type { Secrets } from '../../crypto/hmac.ts';
import { normalizeEmail } from '../../lib/email-address.ts';
import { type Claim, IdempotentRequests } from './idempotent-requests.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * True when the route supports an Idempotency-Key. The body of a public route has the caller's `email`.
     */
    idempotent?: true;
  }
  interface FastifyInstance {
    readonly idempotentRequests: IdempotentRequests;
  }
  interface FastifyRequest {
    /** The claim of a request with an Idempotency-Key, until it is answered. */
    idempotentClaim: Claim | null;
  }
}

/** A key: visible ASCII characters, bare or as a String of RFC 9651 section 3.3.3. */
const BARE = '[!#-~]{1,255}';
const QUOTED = '"(?:[!#-\\[\\]-~]|\\\\["\\\\]){1,255}"';

const KeyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: `^(?:${BARE}|${QUOTED})$`,
      description:
        '1 to 255 visible ASCII characters, a new UUID for instance. Sent again within 24 h with the same body, the request is not done again, and has the same answer',
      examples: ['8e03978e-40d5-43dd-bc93-6894a57f9324'],
    }),
  ),
});

/**
 * Makes a request with `config: { idempotent: true }` safe to repeat
 * (draft-ietf-httpapi-idempotency-key-header). The routes that have it would create another account,
 * invitation or mail for a repeated request.
 *
 * Successes are kept for 24 h. Failures are not kept, 4xx included: they have changed nothing, and their
 * cause may be gone (the address is free now, the password was set since), so the same request may succeed.
 *
 * The answer is stored after the change, in its own transaction. A process that dies between the two leaves a
 * request that seems to run. A retry gets a 409 `request-in-progress` for a minute, then the request is
 * repeated and meets the change of the first attempt. Registering without mail then answers `email-taken`,
 * and inviting `invitation-exists`; the other routes send another mail.
 */
async function idempotency(app: FastifyInstance, { secrets }: { readonly secrets: Secrets }) {
  const requests = new IdempotentRequests(app.accounts, secrets);
  app.decorate('idempotentRequests', requests);
  app.decorateRequest('idempotentClaim', null);

  const begin = async (request: FastifyRequest, reply: FastifyReply) => {
    const key = keyOf(request);
    if (key === undefined) return;
    const { routeOptions } = request;
    const route = `${routeOptions.method} ${routeOptions.url}`;
    const begun = await requests.begin({ route, caller: callerOf(request), key, body: contentOf(request) });
    if (!('status' in begun)) {
      request.idempotentClaim = begun;
      return;
    }
    if (begun.location !== null) reply.header('location', begun.location);
    reply.code(begun.status).type('application/json; charset=utf-8').send(begun.body);
    return reply;
  };

  const end = async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    const claim = request.idempotentClaim;
    if (claim === null) return payload;
    request.idempotentClaim = null;
    const { statusCode: status } = reply;
    const location = reply.getHeader('location');
    const answer = {
      status,
      location: location === undefined ? null : String(location),
      body: String(payload),
    };
    try {
      await (status < 300 ? requests.finish(claim, answer) : requests.release(claim));
    } catch (error) {
      // The request was carried out or has failed: its answer stays the same.
      const reason = error instanceof Error ? error.message.trim() : undefined;
      request.log.warn({ reason }, 'The outcome of a request with an Idempotency-Key was not stored');
    }
    return payload;
  };

  app.addHook('onRoute', (route) => {
    if (route.config?.idempotent !== true) return;
    route.schema = { ...route.schema, headers: withKey(route.schema?.headers) };
    // After the guard, whose hook of this kind was registered before.
    route.preHandler = [route.preHandler ?? [], begin].flat();
    route.onSend = [route.onSend ?? [], end].flat();
  });
}

/** Adds the key to the headers that a route has in its schema. */
function withKey(headers: unknown): object {
  const { properties, ...own } = Object(headers);
  return { ...KeyHeaders, ...own, properties: { ...properties, ...KeyHeaders.properties } };
}

/**
 * Returns the key without its quotes: `abc` and `"abc"` are the same. There is none beside a passkey: its
 * challenge is used once, and its answer may have recovery codes, which are not stored.
 */
function keyOf({ headers, body }: FastifyRequest): string | undefined {
  if ('passkey' in Object(body)) return undefined;
  const given = [headers['idempotency-key'] ?? []].flat()[0];
  return given?.startsWith('"') ? given.slice(1, -1).replace(/\\(.)/g, '$1') : given;
}

/**
 * Returns the parts that must be the same in a repeated request: the body, and the parameters of the path and
 * of the query. A password is left out: for a known key, the answer would tell without any limit whether a
 * guess is right.
 */
function contentOf({ params, query, body }: FastifyRequest): unknown {
  const { password: _, ...members } = Object(body);
  const others = [params, query].filter((part) => Object.keys(Object(part)).length > 0);
  return others.length === 0 ? members : [...others, members];
}

/** Returns the owner of a key: the user of the token or, without a token, the owner of the email address. */
function callerOf(request: FastifyRequest): string {
  const claims = findCallerClaims(request);
  if (claims !== undefined) return `user ${claims.sub}`;
  const email = Object(request.body).email;
  if (typeof email !== 'string') throw new Error('An idempotent route that is public asks for an email');
  return `email ${normalizeEmail(email)}`;
}

export default fp(idempotency, { name: 'idempotency', fastify: '5.x', dependencies: ['latchkey-access'] });
