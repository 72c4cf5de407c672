import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { withAccess } from '../access/plugin.ts';

/** The browsable OpenAPI document, at /docs. */
async function docs(app: FastifyInstance) {
  await app.register(withAccess('public', swaggerUi), {
    routePrefix: '/docs',
    uiConfig: { persistAuthorization: false, displayRequestDuration: true, tryItOutEnabled: true },
  });
}

export default fp(docs, { name: 'docs', fastify: '5.x', dependencies: ['openapi'] });
