/**
 * Tests that the routes of a router are read from its printed tree.
 *
 * @runs once, on SQLite: the routes of the test use no database.
 */
import fc from 'fast-check';
import Fastify, { type FastifyInstance, type HTTPMethods } from 'fastify';
import t from 'tap';
import { listRouter } from '#latchkey/access/route-inventory.ts';

const handler = async () => ({});

/** Builds an app with these routes, in this order. */
async function build(routes: Iterable<readonly [string, string]>): Promise<FastifyInstance> {
  const app = Fastify({ exposeHeadRoutes: false });
  for (const [method, url] of routes) app.route({ method: method as HTTPMethods, url, handler });
  await app.ready();
  return app;
}

t.test('Routes with parameters, expressions, wildcards and constraints are listed', async (t) => {
  const urls = [
    '/',
    '/a (b)',
    '/a/:id(^\\d+$)',
    '/a/:id(^\\d+$)/x',
    '/b/:from-:to.json',
    '/c/*',
    '/{"x"}',
    '/é',
  ];
  const app = await build(urls.map((url) => ['GET', url]));
  t.strictSame(listRouter(app).sort(), urls.map((url) => `GET ${url}`).sort());
  const other = Fastify();
  other.get('/v', { constraints: { host: 'a.example' } }, handler);
  other.get('/v', handler);
  other.options('*', handler);
  await other.ready();
  t.strictSame(listRouter(other).sort(), ['GET /v', 'GET /v', 'HEAD /v', 'HEAD /v', 'OPTIONS *']);
});

t.test('Any set of routes is listed whole', async () => {
  const part = fc.constantFrom('a', 'ab', 'abc', 'b', ':id', ':id-x', '(c)', 'd e');
  const url = fc.array(part, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
  const method = fc.constantFrom('GET', 'POST', 'DELETE');
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.tuple(method, url), { selector: String }), async (routes) => {
      const app = await build(routes).catch(() => undefined);
      // Fastify refuses some sets, for instance two parameters of one name.
      if (app === undefined) return;
      const expected = routes.map(([method, url]) => `${method} ${url}`).sort();
      const found = listRouter(app).sort();
      await app.close();
      if (JSON.stringify(found) !== JSON.stringify(expected))
        throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(expected)}`);
    }),
  );
});
