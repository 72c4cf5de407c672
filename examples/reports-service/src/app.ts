import { latchkeyGuard, type PluginOptions } from '@latchkey/guard/fastify';
import '@latchkey/guard/request-user';
import Fastify from 'fastify';

/** Builds a service that has no users of its own: it accepts the tokens of a Latchkey elsewhere. */
export async function buildApp(options: PluginOptions) {
  const app = Fastify();
  await app.register(latchkeyGuard, options);
  app.get('/', { config: { access: 'public' } }, async () => ({ hello: 'everybody' }));
  app.get('/reports', { config: { access: 'user' } }, async (request) => ({ of: request.user?.sub }));
  app.delete('/reports', { config: { access: 'admin', maxAge: 900 } }, async (_request, reply) => {
    reply.code(204);
  });
  return app;
}
