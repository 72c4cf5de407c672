import swagger from '@fastify/swagger';
import Fastify from 'fastify';
import latchkey, { claimsOf, guarded, type LatchkeyOptions, securitySchemes } from 'latchkey';

/** Builds an app that has users, and reports that only signed-in people see. */
export async function buildApp(options: LatchkeyOptions = {}) {
  const app = Fastify();
  await app.register(swagger, { openapi: { openapi: '3.1.0', components: { securitySchemes } } });
  // Before the routes that it guards, and awaited: Latchkey cannot see what was there earlier.
  await app.register(latchkey, { prefix: '/auth', ...options });

  app.get('/', { config: { access: 'public' } }, async () => ({ hello: 'everybody' }));

  app.get('/reports', { config: { access: 'user' } }, async (request) => ({ of: claimsOf(request).sub }));

  // The same, with the caller in the type of the request.
  app.route(
    guarded({
      method: 'DELETE',
      url: '/reports/:id',
      access: 'admin',
      config: { maxAge: 900 },
      handler: async ({ user }, reply) => {
        reply.code(204).header('x-deleted-by', user.sub);
      },
    }),
  );

  app.get('/documentation.json', { config: { access: 'public' }, schema: { hide: true } }, async () =>
    app.swagger(),
  );
  return app;
}
