/** @runs once, on SQLite: about Fastify's schemas. */
import t from 'tap';
import { startApi } from '../helper.ts';
import { until } from '../until.ts';

t.test('a schema that cannot be compiled is the fault of its route alone', async (t) => {
  const { app, ask } = await startApi(
    t,
    {},
    {
      routes: async (app) => {
        for (const [url, response] of [
          ['/broken', { 200: { $ref: 'Nowhere#' } }],
          ['/whole', { 200: { type: 'object', properties: { ok: { type: 'boolean' } } } }],
        ] as const)
          app.get(url, { config: { access: 'public' }, schema: { response } }, async () => ({ ok: true }));
      },
    },
  );
  const logged: unknown[] = [];
  app.log.error = (...line: unknown[]) => void logged.push(line);
  await app.listen({ port: 0 });
  t.match((await ask('GET', '/broken')).body, { status: 500, type: /internal-error$/ });
  t.strictSame((await ask('GET', '/whole')).body, { ok: true });
  await until(() => JSON.stringify(logged).includes('A schema of a route cannot be compiled'));
  t.pass('it is logged');
});
