import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { declaration } from '../access/plugin.ts';
import type { Config } from '../config.ts';
import { Problem } from '../problems/problem.ts';

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

/**
 * What browsers are told. There are no cookies, so that no site can make a browser act for its user; answers are JSON, so that
 * nothing in them runs or is framed; and what is personal is kept by no cache (OWASP REST Security Cheat Sheet).
 */
async function browsers(
  app: FastifyInstance,
  { corsOrigins, publicUrl }: Pick<Config, 'corsOrigins' | 'publicUrl'>,
) {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
    },
    strictTransportSecurity: publicUrl.startsWith('https:'),
    referrerPolicy: { policy: 'no-referrer' },
    // About what JSON does not have: plugins, downloads of old browsers, a window of its own.
    crossOriginOpenerPolicy: false,
    crossOriginResourcePolicy: false,
    originAgentCluster: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xFrameOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  });
  app.addHook('onRequest', (request, reply, done) => {
    const isPublicRead =
      request.routeOptions.config[declaration]?.minimum === null && /^(GET|HEAD)$/.test(request.method);
    if (!isPublicRead) reply.header('cache-control', 'no-store');
    done();
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

export default fp(browsers, { name: 'browsers', fastify: '5.x', dependencies: ['access'] });
