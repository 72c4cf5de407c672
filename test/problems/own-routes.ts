/** Runs a service with its own routes that fail, as a process for failures.test.ts. */
import { buildApp } from '#latchkey/app.ts';
import { readConfig } from '#latchkey/config/index.ts';

const app = await buildApp(readConfig(), {
  routes: async (own) => {
    const config = { access: 'public' };
    const broken = () => new Error('innermost secret', { cause: new TypeError('what lies behind it') });
    own.get('/throws', { config }, () => {
      throw broken();
    });
    own.get('/rejects', { config }, async () => Promise.reject(broken()));
    own.get('/hook', { config, preHandler: async () => Promise.reject(broken()) }, async () => 'never');
    own.get('/text', { config }, async () => Promise.reject('innermost secret'));
    own.get(
      '/schema',
      {
        config,
        schema: {
          response: { 200: { type: 'object', required: ['a'], properties: { a: { type: 'string' } } } },
        },
      },
      async () => ({}),
    );
    own.get('/circular', { config }, async () => {
      const circle: Record<string, unknown> = {};
      circle.itself = circle;
      return circle;
    });
    own.get('/nothing-there', { config }, async (_request, reply) => reply.callNotFound());
  },
});
process.stdout.write(`Latchkey listens on ${await app.listen({ host: '127.0.0.1', port: 0 })}\n`);
