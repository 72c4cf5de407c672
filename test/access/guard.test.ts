/**
 * Tests the declared access of a route: the guard that it makes, and the boots that fail.
 *
 * @runs once, on SQLite: the routes of the test use no database.
 */
import fastifyJwt from '@fastify/jwt';
import Fastify, { type FastifyInstance, type FastifyPluginAsync, type FastifyRequest } from 'fastify';
import t from 'tap';
import { declaration, withAccess } from '#latchkey/access/declaration.ts';
import { claimsOf, requireAccess } from '#latchkey/access/guard.ts';
import { buildApp } from '#latchkey/app.ts';
import { parseConfig } from '#latchkey/config/index.ts';
import { environment, startApi, type Teardown } from '../helper.ts';
import { craftToken, goodClaims, testSigningKey } from '../tokens.ts';

const handler = async () => ({ ok: true });

/** Returns the error of a boot with these routes; undefined when it boots. */
async function bootError(t: Teardown, routes: FastifyPluginAsync): Promise<string | undefined> {
  const app = await buildApp(parseConfig(await environment(t)), { routes }).catch((error: Error) => error);
  if (app instanceof Error) return app.message;
  t.teardown(() => app.close());
  try {
    await app.ready();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return undefined;
}

t.test('The boot fails for a route without a valid declaration of its access', async (t) => {
  const refused: Record<string, { routes: FastifyPluginAsync; message: RegExp }> = {
    'for a route that declares nothing': {
      routes: async (app) => void app.get('/forgotten', handler),
      message: /^Some routes are not guarded correctly\. GET \/forgotten declares no access: (?!.*HEAD)/,
    },
    'for a route whose config says something else': {
      routes: async (app) => void app.get('/forgotten', { config: { problems: [] } }, handler),
      message: /GET \/forgotten declares no access/,
    },
    'for a level that does not exist': {
      routes: async (app) => void app.get('/vip', { config: { access: 'vip' } }, handler),
      message: /GET \/vip: There is no access level "vip"/,
    },
    'for a minimum that is no integer': {
      routes: async (app) => void app.get('/half', { config: { access: 1.5 } }, handler),
      message: /GET \/half: The minimum access level must be an integer from 0 up/,
    },
    'for a preHandler hook of the instance': {
      routes: async (app) => {
        app.addHook('preHandler', async () => {});
        app.get('/early', { config: { access: 'user' } }, handler);
      },
      message: /GET \/early has a preHandler hook of its instance/,
    },
    'for a hook that puts itself before the guard': {
      routes: async (app) => {
        app.addHook('onRoute', (route) => {
          if (route.url === '/pushed')
            route.preHandler = [async () => {}, ...[route.preHandler ?? []].flat()];
        });
        app.get('/pushed', { config: { access: 'user' } }, handler);
      },
      message: /GET \/pushed has a preHandler hook before the guard/,
    },
    'for requireAccess behind another hook': {
      routes: async (app) =>
        void app.get('/second', { preHandler: [async () => {}, requireAccess(1)] }, handler),
      message: /GET \/second declares no access/,
    },
    'for a misspelt access': {
      routes: async (app) => {
        const config: object = { acxess: 'user' };
        app.get('/typo', { config }, handler);
      },
      message: /^The config of GET \/typo has "acxess": do you mean "access"\?$/,
    },
    'for a misspelt maxAge': {
      routes: async (app) => {
        const config: object = { access: 'user', maxage: 60 };
        app.get('/typo', { config }, handler);
      },
      message: /^The config of GET \/typo has "maxage": do you mean "maxAge"\?$/,
    },
    'for misspelt factors': {
      routes: async (app) => {
        const config: object = { access: 'user', fctors: 2 };
        app.get('/typo', { config }, handler);
      },
      message: /^The config of GET \/typo has "fctors": do you mean "factors"\?$/,
    },
    'for three factors': {
      routes: async (app) => {
        const config: object = { access: 'user', factors: 3 };
        app.get('/three', { config }, handler);
      },
      message: /^Access of GET \/three: factors must be 1 or 2, not 3$/,
    },
    'for factors as text': {
      routes: async (app) => {
        const config: object = { access: 'user', factors: '2' };
        app.get('/text', { config }, handler);
      },
      message: /^Access of GET \/text: factors must be 1 or 2, not 2$/,
    },
    'for factors of a public route': {
      routes: async (app) => void app.get('/open', { config: { access: 'public', factors: 2 } }, handler),
      message: /^Access of GET \/open: a public route has no caller, and no factors$/,
    },
    'for factors without an access': {
      routes: async (app) => void app.get('/open', { config: { factors: 2 } }, handler),
      message: /^GET \/open declares factors, but no access$/,
    },
    'for a problem that is not declared': {
      routes: async (app) => {
        const config: object = { access: 'user', problems: ['busy', 'sold-uot'] };
        app.get('/order', { config }, handler);
      },
      message: /^GET \/order lists the problem "sold-uot", which is not declared: add it to the option/,
    },
    'for an OPTIONS route that declares nothing': {
      routes: async (app) => void app.options('/forgotten', handler),
      message: /OPTIONS \/forgotten declares no access/,
    },
  };
  for (const [name, { routes, message }] of Object.entries(refused))
    t.match(await bootError(t, routes), message, name);
});

t.test('A host may have members of its own with similar names', async (t) => {
  const config: object = { access: 'user', factory: 1, actors: [] };
  t.equal(await bootError(t, async (app) => void app.get('/film', { config }, handler)), undefined);
});

t.test('A route that was registered before the guard makes the boot fail', async (t) => {
  const { RouteInventory } = await import('#latchkey/access/route-inventory.ts');
  const { ProblemCounter } = await import('#latchkey/problems/problem-counter.ts');
  const { registerService } = await import('#latchkey/service/register.ts');
  const inventory = new RouteInventory();
  const routerOptions = { ignoreTrailingSlash: true, buildPrettyMeta: inventory.collect };
  const { buildValidator } = await import('#latchkey/http/validator.ts');
  const schemaController = { compilersFactory: { buildValidator } };
  const app = Fastify({ routerOptions, schemaController });
  t.teardown(() => app.close());
  app.get('/early', { config: { access: 'admin' } }, handler);
  await registerService(app, {
    config: parseConfig(await environment(t)),
    path: '',
    server: { inventory, problemCounter: new ProblemCounter(), isStopping: () => false, routes: undefined },
  });
  await t.rejects(async () => app.ready(), /GET \/early declares no access/);
});

t.test('requireAccess refuses every request where the plugins of Latchkey are missing', async (t) => {
  const app = Fastify();
  t.teardown(() => app.close());
  app.get('/alone', { preHandler: requireAccess(0) }, handler);
  for (const headers of [{}, { authorization: `Bearer ${craftToken()}` }]) {
    const answer = await app.inject({ url: '/alone', headers });
    t.match(answer.json(), { statusCode: 500, message: /requireAccess needs the plugin of Latchkey/ });
  }
});

t.test('requireAccess checks its minimum when the hook is made', async (t) => {
  for (const minimum of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    t.throws(() => requireAccess(minimum), RangeError);
  for (const factors of [0, 3, 1.5, Number.NaN] as unknown as 2[])
    t.throws(() => requireAccess(1, { factors }), RangeError);
});

t.test('Routes of an embedding app are guarded by the access that they declare', async (t) => {
  const calls: string[] = [];
  const routes: FastifyPluginAsync = async (app: FastifyInstance) => {
    app.get('/by-name', { config: { access: 'user' } }, handler);
    app.get('/by-number', { config: { access: 2 } }, handler);
    app.get('/by-hook', { preHandler: requireAccess(2) }, handler);
    app.get('/between', { config: { access: 3 } }, handler);
    app.get('/who', { config: { access: 'guest' } }, async (request) => ({ id: claimsOf(request).sub }));
    app.get('/public', { config: { access: 'public' } }, async (request) => ({ id: claimsOf(request).sub }));
    app.get('/counted', {
      config: { access: 'guest' },
      preHandler: [
        async (request) => void calls.push(`${request.method} ${request.validationError === undefined}`),
      ],
      handler,
    });
    await app.register(
      withAccess('admin', async (scope: FastifyInstance) => void scope.get('/vendor', handler)),
    );
  };
  const { ask, app, person } = await startApi(
    t,
    { ACCESS_LEVELS: 'guest:0,user:1,moderator:5,admin:10' },
    { routes },
  );
  const [guest, user, moderator, admin] = [
    await person(0),
    await person(1),
    await person(5),
    await person(10),
  ];

  const passes = async (url: string) =>
    Promise.all(
      [guest, user, moderator, admin].map(async ({ token }) => (await ask('GET', url, { token })).status),
    );
  t.strictSame(await passes('/by-name'), [403, 200, 200, 200]);
  t.strictSame(await passes('/by-number'), [403, 403, 200, 200]);
  t.strictSame(await passes('/by-hook'), [403, 403, 200, 200]);
  t.strictSame(await passes('/between'), [403, 403, 200, 200]);
  t.strictSame(await passes('/vendor'), [403, 403, 403, 200]);
  t.equal((await ask('GET', '/who', { token: user.token })).body.id, user.id);
  t.equal(
    (await ask('GET', '/public', { token: user.token })).status,
    500,
    'a public route has no caller, not even by mistake',
  );

  t.equal((await ask('GET', '/counted')).status, 401);
  t.equal((await ask('HEAD', '/counted', { token: guest.token })).status, 200);
  t.strictSame(calls, ['HEAD true'], "a route's own hooks run once, after the guard");
  const head = app.listRoutes().find(({ method, url }) => method === 'HEAD' && url === '/counted');
  t.equal([head?.config[declaration]?.route.onRequest].flat().length, 1);
  t.equal(head?.preHandlers, 3, 'guard, rejectInvalid and the hook: the automatic HEAD route has one guard');
});

t.test('request.user has the frozen claims of the caller, and is undefined on a public route', async (t) => {
  const routes: FastifyPluginAsync = async (app) => {
    const show = async (request: FastifyRequest) => ({
      user: request.user === undefined ? 'nobody' : request.user,
      isFrozen: Object.isFrozen(request.user),
      isCaller: request.user !== undefined && request.user === claimsOf(request),
    });
    app.get('/guarded', { config: { access: 'guest' } }, show);
    app.get('/public', { config: { access: 'public' } }, show);
  };
  const { app } = await startApi(t, { JWT_PRIVATE_KEY: testSigningKey.pem }, { routes });
  const claims = { ...goodClaims(), access: 1 };
  const headers = { authorization: `Bearer ${craftToken(claims)}` };
  for (const round of ['first seen', 'seen before']) {
    const { user, ...others } = (await app.inject({ url: '/guarded', headers })).json();
    t.strictSame(user, claims, round);
    t.strictSame(others, { isFrozen: true, isCaller: true }, round);
    t.match((await app.inject({ url: '/public', headers })).json(), { user: 'nobody' });
  }
});

t.test(
  '@fastify/jwt can be registered for other tokens, and its user does not become the caller',
  async (t) => {
    const routes: FastifyPluginAsync = async (app) => {
      await app.register(fastifyJwt, { secret: 'a secret of somebody else' });
      const verifyTheirs = {
        preHandler: async (request: FastifyRequest) => void (await request.jwtVerify()),
      };
      const show = async (request: FastifyRequest) => ({ user: request.user, caller: claimsOf(request).sub });
      app.get('/theirs', { config: { access: 'public' }, ...verifyTheirs }, async ({ user }) => ({ user }));
      app.get('/theirs/caller', { config: { access: 'public' }, ...verifyTheirs }, show);
      app.get('/ours', { config: { access: 'guest' } }, show);
      app.get('/sign', { config: { access: 'public' } }, async () =>
        app.jwt.sign({ sub: 'partner', access: 2 }),
      );
    };
    const { app } = await startApi(t, { JWT_PRIVATE_KEY: testSigningKey.pem }, { routes });
    const theirs = { authorization: `Bearer ${(await app.inject('/sign')).body}` };
    const ours = { authorization: `Bearer ${craftToken({ sub: 'ours' })}` };
    t.match((await app.inject({ url: '/theirs', headers: theirs })).json(), { user: { sub: 'partner' } });
    t.equal((await app.inject({ url: '/theirs/caller', headers: theirs })).statusCode, 500);
    t.equal((await app.inject({ url: '/ours', headers: theirs })).statusCode, 401);
    t.match((await app.inject({ url: '/ours', headers: ours })).json(), {
      user: { sub: 'ours' },
      caller: 'ours',
    });
  },
);
