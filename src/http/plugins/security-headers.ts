import cors from '@fastify/cors';
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import fp from 'fastify-plugin';
import { declaration } from '../../access/declaration.ts';
import { type Config, ConfigError } from '../../config/index.ts';
import { Problem } from '../../problems/problem.ts';
import { isHealthCheck } from '../request-context.ts';

/**
 * Seconds for which browsers keep the answer to a preflight request; two hours are the maximum of Chromium.
 */
const PREFLIGHT_MAX_AGE_SECONDS = 7_200;

/** Header fields of answers that scripts of other origins may read. */
const EXPOSED = [
  'ETag',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
  'X-Request-Id',
];

/**
 * The only directive that applies to answers that are not HTML. The docs page and the pages at /ui, which are
 * HTML, have their own policies.
 */
const CONTENT_SECURITY_POLICY = "frame-ancestors 'none'";

/** The policy of HSTS: a year, RFC 6797 section 6.1. */
const STRICT_TRANSPORT_SECURITY = 'max-age=31536000; includeSubDomains';

/**
 * The security headers for browsers. A cookie is taken as proof by /refresh and /logout alone; a sign-in that
 * sets one reads the one of before, to end its session. All take it from pages of the same origin only
 * (session-cookie.ts), so no other site can make a browser act for its user. But for the docs page and the
 * pages at /ui, answers are JSON, so nothing in them runs or is framed. Personal data is kept by no cache
 * (OWASP REST Security Cheat Sheet, "Security Headers"). Fields that apply to HTML only (Referrer-Policy,
 * Permissions-Policy) are sent with those pages only.
 */
async function securityHeaders(
  app: FastifyInstance,
  { corsOrigins, publicUrl }: Pick<Config, 'corsOrigins' | 'publicUrl'>,
) {
  const isSecure = publicUrl.startsWith('https:');
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('content-security-policy', CONTENT_SECURITY_POLICY);
    reply.header('x-content-type-options', 'nosniff');
    reply.header('cache-control', 'no-store');
    if (isSecure) reply.header('strict-transport-security', STRICT_TRANSPORT_SECURITY);
    done();
  });
  app.addHook('onRoute', (route) => {
    const isPublic = route.config?.[declaration]?.minimum === null;
    // A hook of the route, because a hook of the app would have to check this for each request.
    if (isPublic && /^(GET|HEAD)$/.test(String(route.method)))
      route.onRequest = [route.onRequest ?? [], allowCaches].flat();
  });
  if (corsOrigins.length === 0) return;
  // @fastify/cors decorates requests, and cannot do so twice.
  if (app.hasRequestDecorator('corsPreflightEnabled'))
    throw new ConfigError(
      'corsOrigins has no effect in an app that has @fastify/cors: allow the origins of your frontend there',
    );
  // The plugin would answer an OPTIONS request that is not a preflight in plain text.
  app.addHook('onRequest', ({ method, headers }, _reply, done) => {
    const isPreflight = headers.origin && headers['access-control-request-method'];
    done(method === 'OPTIONS' && !isPreflight ? new Problem('bad-request') : undefined);
  });
  app.declareAccess({ method: 'OPTIONS', url: `${app.prefix}*` }, 'public');
  await app.register(cors, {
    origin: corsOrigins.includes('*') ? '*' : [...corsOrigins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: EXPOSED,
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
    credentials: false,
    hideOptionsRoute: true,
  });
}

/** Allows caches to keep a public answer. The result of a health check is true only for the moment. */
function allowCaches(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
  if (!isHealthCheck(request)) reply.removeHeader('cache-control');
  done();
}

export default fp(securityHeaders, {
  name: 'security-headers',
  fastify: '5.x',
  dependencies: ['latchkey-access'],
});
