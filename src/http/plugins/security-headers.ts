import cors from '@fastify/cors';
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import fp from 'fastify-plugin';
import { declaration } from '../../access/plugin.ts';
import type { Config } from '../../config/index.ts';
import { Problem } from '../../problems/problem.ts';
import { isHealthCheck } from '../request-context.ts';

/** Seconds for which browsers keep the answer to a preflight request; two hours are the most that Chromium does. */
const PREFLIGHT_AGE = 7_200;

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

/** The one directive that is about answers that are no HTML. The docs page, which is HTML, has a policy of its own. */
const CONTENT_SECURITY_POLICY = "frame-ancestors 'none'";

/** A year: RFC 6797 section 6.1. */
const STRICT_TRANSPORT_SECURITY = 'max-age=31536000; includeSubDomains';

/**
 * What browsers are told. There are no cookies, so that no site can make a browser act for its user; answers are JSON, so that
 * nothing in them runs or is framed; and what is personal is kept by no cache (OWASP REST Security Cheat Sheet, "Security Headers").
 * Fields that are about HTML alone (Referrer-Policy, Permissions-Policy) are sent with the docs page alone.
 */
async function browsers(
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
    // In routes, for what a request would have to find out anew.
    if (isPublic && /^(GET|HEAD)$/.test(String(route.method)))
      route.onRequest = [route.onRequest ?? [], allowCaches].flat();
  });
  if (corsOrigins.length === 0) return;
  // What is no preflight request, the plugin would answer in plain text.
  app.addHook('onRequest', ({ method, headers }, _reply, done) => {
    const isPreflight = headers.origin && headers['access-control-request-method'];
    done(method === 'OPTIONS' && !isPreflight ? new Problem('bad-request') : undefined);
  });
  app.declareAccess({ method: 'OPTIONS', url: '*' }, 'public');
  await app.register(cors, {
    origin: corsOrigins.includes('*') ? '*' : [...corsOrigins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: EXPOSED,
    maxAge: PREFLIGHT_AGE,
    credentials: false,
    hideOptionsRoute: true,
  });
}

/** Whether the service is well is true for the moment. */
function allowCaches(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
  if (!isHealthCheck(request)) reply.removeHeader('cache-control');
  done();
}

export default fp(browsers, { name: 'browsers', fastify: '5.x', dependencies: ['access'] });
