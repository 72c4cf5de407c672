import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { withAccess } from '../../access/declaration.ts';
import { answerRefusedFiles } from '../refused-files.ts';
import { docsTheme } from './docs-theme.ts';

const VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1">';

/**
 * The browsable OpenAPI document, at /docs. Its page may run its own scripts and call the API; no other
 * answer may.
 */
async function docs(app: FastifyInstance) {
  const { pathname } = new URL(app.config.publicUrl);
  await app.register(async (scope) => {
    answerRefusedFiles(scope);
    scope.addHook('onRequest', (_request, reply, done) => {
      reply.header('referrer-policy', 'no-referrer');
      done();
    });
    // Without it, phones lay the page out for a desktop and make it small. The plugin has no option for it.
    scope.addHook('onSend', async (_request, _reply, payload) =>
      typeof payload === 'string' ? payload.replace('<meta charset="UTF-8">', `$&${VIEWPORT}`) : payload,
    );
    // The plugin redirects to its path in this app. Clients need the one of PUBLIC_URL: a proxy may strip it.
    scope.addHook('onSend', (_request, reply, _payload, done) => {
      const location = reply.getHeader('location');
      const path = app.prefix === '' ? '/' : app.prefix;
      if (typeof location === 'string' && location.startsWith(path))
        reply.header('location', `${pathname.replace(/\/$/, '')}/${location.slice(path.length)}`);
      done();
    });
    await scope.register(withAccess('public', swaggerUi), {
      ...docsTheme,
      routePrefix: '/docs',
      // Links to the files of the page begin with the path of PUBLIC_URL, which a proxy may strip.
      indexPrefix: pathname,
      staticCSP: {
        'default-src': "'none'",
        'script-src': "'self'",
        // The page uses style attributes.
        'style-src': "'self' 'unsafe-inline'",
        'img-src': "'self' data:",
        'connect-src': "'self'",
        'base-uri': "'none'",
        'form-action': "'none'",
        'frame-ancestors': "'none'",
      },
      uiConfig: { persistAuthorization: false, displayRequestDuration: true, tryItOutEnabled: true },
    });
  });
}

export default fp(docs, { name: 'docs', fastify: '5.x', dependencies: ['openapi'] });
