/**
 * Tests the plugin in host apps: which parts each app keeps, and which boots are refused. The table of
 * docs/guides/plugin.md has the same rows.
 *
 * @runs once, on SQLite: hosts differ in their routes and plugins, which use no database.
 */
import cors from '@fastify/cors';
import fastifyJwt from '@fastify/jwt';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import Fastify, { type FastifyInstance } from 'fastify';
import t from 'tap';
import { claimsOf } from '#latchkey/access/caller.ts';
import { withAccess } from '#latchkey/access/declaration.ts';
import { securitySchemes } from '#latchkey/http/plugins/openapi/host-document.ts';
import latchkey, { type LatchkeyOptions } from '#latchkey/plugin.ts';
import { injectAs } from '#latchkey/testing.ts';
import type { Teardown } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { hostOptions } from './host.ts';

const handler = async () => ({ ok: true });

/** Builds an app with Latchkey at /auth, with code before and after its registration. */
async function host(
  t: Teardown,
  {
    before,
    after,
    options,
  }: {
    before?: (app: FastifyInstance) => unknown;
    after?: (app: FastifyInstance) => unknown;
    options?: LatchkeyOptions;
  },
): Promise<FastifyInstance> {
  const own = await hostOptions(t);
  const app = Fastify();
  t.teardown(() => app.close());
  await before?.(app);
  await app.register(latchkey, { ...own, ...options });
  await after?.(app);
  return app;
}

/** Returns the message with which a boot is refused. */
async function refusal(app: FastifyInstance): Promise<string | undefined> {
  try {
    await app.ready();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

t.test('A route of a host is guarded by the level that it declares', async (t) => {
  const app = await host(t, {
    after: (app) => {
      app.get('/reports', { config: { access: 'user' } }, async (request) => ({
        hello: claimsOf(request).sub,
      }));
      app.get('/panel', { preHandler: app.requireAccess('admin') }, handler);
      app.get('/signed-in', { onRequest: [app.authenticate] }, handler);
      app.get('/open', { config: { access: 'public' } }, handler);
    },
  });
  await app.ready();
  const guest = await injectAs(app, { access: 'guest' });
  const user = await injectAs(app, { access: 'user' });
  const admin = await injectAs(app, { access: 2 });
  const statuses = async (url: string) => [
    (await app.inject(url)).statusCode,
    (await guest(url)).statusCode,
    (await user(url)).statusCode,
    (await admin(url)).statusCode,
  ];
  t.strictSame(await statuses('/reports'), [401, 403, 200, 200]);
  t.strictSame(await statuses('/panel'), [401, 403, 403, 200]);
  t.strictSame(await statuses('/signed-in'), [401, 200, 200, 200]);
  t.strictSame(await statuses('/open'), [200, 200, 200, 200]);
  t.strictSame((await user('/reports')).json(), { hello: user.userId });
  t.equal((await user('/auth/me')).json().id, user.userId, 'the token is one of Latchkey itself');

  const missing = await app.inject('/reports');
  t.match(missing.headers['content-type'], /^application\/problem\+json/);
  t.match(
    missing.headers['www-authenticate'],
    /^Bearer realm="latchkey", resource_metadata="[^"]+\/auth\/\.well-known\/oauth-protected-resource"$/,
  );
  t.match(missing.json(), { status: 401, type: /\/auth\/problems\/authentication-required$/ });
  t.match((await guest('/reports')).json(), {
    detail: 'You do not have access to that page. Sorry!',
    required: 1,
    actual: 0,
  });
  const two = { authorization: ['Bearer a', 'Bearer b'] };
  t.equal((await app.inject({ url: '/reports', headers: two as never })).statusCode, 400);
});

t.test('A host route that is refused at the boot is named once, without its HEAD route', async (t) => {
  const cases: Record<string, { app: Promise<FastifyInstance>; message: RegExp | undefined }> = {
    'a route that declares nothing': {
      app: host(t, { after: (app) => app.get('/open', handler) }),
      message: /GET \/open declares no access[^;]*$/,
    },
    'a misspelt declaration': {
      app: host(t, {
        after: (app) => app.get('/open', { config: { acess: 'user' } as never }, handler),
      }).catch((error) => error),
      message: /The config of GET \/open has "acess": do you mean "access"\?/,
    },
    'a level that does not exist': {
      app: host(t, { after: (app) => app.get('/vip', { config: { access: 'vip' } }, handler) }).catch(
        (error) => error,
      ),
      message: /There is no access level "vip"/,
    },
    'a route from before the plugin': {
      app: host(t, { before: (app) => app.get('/early/:id', { config: { access: 'user' } }, handler) }),
      message: /GET \/early\/:id is not known to Latchkey.*await app\.register\(latchkey\) before/,
    },
    "a route from before the plugin, also where undeclared is 'public'": {
      app: host(t, {
        before: (app) => app.get('/early/*', { config: { access: 'user' } }, handler),
        options: { undeclared: 'public' },
      }),
      message: /GET \/early\/\* is not known to Latchkey/,
    },
    'a route from before the plugin, with a guarded one of the same URL and other constraints': {
      app: host(t, {
        before: (app) => app.get('/v', { constraints: { host: 'a.example' } }, handler),
        after: (app) => app.get('/v', { config: { access: 'user' } }, handler),
      }),
      message: /GET \/v is not known to Latchkey/,
    },
    'a route whose preHandler is replaced by a hook of the host': {
      app: host(t, {
        after: (app) => {
          app.addHook('onRoute', (route) => {
            if (route.url === '/panel') route.preHandler = [async () => {}];
          });
          app.get('/panel', { config: { access: 'admin' } }, handler);
        },
        options: { undeclared: 'public' },
      }),
      message: /GET \/panel has lost its guard/,
    },
    "a route that declares nothing, where undeclared is 'public'": {
      app: host(t, { after: (app) => app.get('/open', handler), options: { undeclared: 'public' } }),
      message: undefined,
    },
    'routes below a prefix, with parameters, wildcards and constraints': {
      app: host(t, {
        after: async (app) => {
          const config = { access: 'user' } as const;
          await app.register(
            async (scope) => {
              scope.get('/', { config }, handler);
              scope.get('/:id(^\\d+$)', { config }, handler);
              scope.get('/:id/x-:part.json', { config }, handler);
              scope.get('/files/*', { config }, handler);
              scope.get('/v', { config, constraints: { host: 'a.example' } }, handler);
              scope.get('/v', { config }, handler);
              scope.all('/all', { config }, handler);
            },
            { prefix: '/shop' },
          );
        },
      }),
      message: undefined,
    },
  };
  for (const [name, { app, message }] of Object.entries(cases)) {
    const built: unknown = await app;
    const text = built instanceof Error ? built.message : await refusal(built as FastifyInstance);
    if (message === undefined) t.equal(text, undefined, name);
    else t.match(text, message, name);
  }
});

t.test('A route that is added after a registration that nobody awaited stops the boot', async (t) => {
  const options = await hostOptions(t);
  const app = Fastify();
  t.teardown(() => app.close());
  app.register(latchkey, options);
  app.get('/early', { config: { access: 'user' } }, handler);
  t.match(await refusal(app), /GET \/early is not known to Latchkey/);
});

t.test('Both URLs of a route at the root of a prefix are guarded', async (t) => {
  const app = await host(t, {
    after: (app) =>
      app.register(async (scope) => void scope.get('/', { config: { access: 'user' } }, handler), {
        prefix: '/shop',
      }),
  });
  for (const url of ['/shop', '/shop/']) t.equal((await app.inject(url)).statusCode, 401, url);
});

t.test('A host keeps its own @fastify/jwt, registered before or after Latchkey', async (t) => {
  for (const order of ['before', 'after'] as const) {
    const app = await host(t, {
      [order]: (app: FastifyInstance) => app.register(fastifyJwt, { secret: 'a secret of somebody else' }),
      options: { undeclared: 'public' },
    });
    app.get(
      '/theirs',
      { onRequest: async (request) => void (await request.jwtVerify()) },
      async (request) => ({
        user: request.user,
      }),
    );
    app.get('/ours', { config: { access: 'user' } }, async (request) => ({ sub: claimsOf(request).sub }));
    await app.ready();
    const token = app.jwt.sign({ sub: 'partner', access: 2 });
    const theirs = { authorization: `Bearer ${token}` };
    const ours = await injectAs(app, { access: 'user' });
    t.match(
      (await app.inject({ url: '/theirs', headers: theirs })).json(),
      { user: { sub: 'partner' } },
      order,
    );
    t.equal((await app.inject({ url: '/ours', headers: theirs })).statusCode, 401, order);
    t.strictSame((await ours('/ours')).json(), { sub: ours.userId }, order);
    t.not((await ours('/theirs')).statusCode, 200, order);
    t.strictSame(
      Object.keys(app.jwt).filter((name) => !/^(decode|options|sign|verify|cookie|lookupToken)$/.test(name)),
      [],
      `${order}: nothing of Latchkey is in the host's jwt`,
    );
  }
});

t.test('A host keeps its own error handler, which gets the challenge of the guard', async (t) => {
  const app = await host(t, {
    before: (app) => {
      app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
        reply.code(error.statusCode ?? 500).send({ own: error.message }),
      );
    },
    after: (app) => {
      app.get('/reports', { config: { access: 'user' } }, handler);
      app.get('/broken', { config: { access: 'public' } }, async () => {
        throw Object.assign(new Error('teapot'), { statusCode: 418 });
      });
      app.post('/checked', { config: { access: 'public' }, schema: { body: { type: 'array' } } }, handler);
    },
  });
  const missing = await app.inject('/reports');
  t.equal(missing.statusCode, 401);
  t.match(
    missing.headers['www-authenticate'],
    /^Bearer realm="latchkey", resource_metadata="[^"]+\/auth\/\.well-known\/oauth-protected-resource"$/,
  );
  t.match(missing.json(), { own: /access token/ });
  t.strictSame((await app.inject('/broken')).json(), { own: 'teapot' });
  t.match((await app.inject({ method: 'POST', url: '/checked', payload: {} })).json(), {
    own: /must be array/,
  });
  t.match((await app.inject('/auth/me')).json(), { status: 401, type: /authentication-required$/ });
});

t.test('A host may have decorators of the names that the scope of the service has', async (t) => {
  const app = await host(t, {
    before: (app) => {
      for (const name of ['isStopping', 'tokens', 'accounts', 'jobs', 'swagger']) app.decorate(name, 'own');
    },
    after: (app) => app.get('/reports', { config: { access: 'user' } }, handler),
  });
  const missing = await app.inject('/reports');
  t.equal(missing.statusCode, 401);
  t.match(missing.headers['content-type'], /^application\/problem\+json/);
  t.equal(app.getDecorator('accounts'), 'own');
  t.equal((await app.inject('/auth/health/ready')).statusCode, 200);
});

t.test("A host's own error handler of one route gets the refusals of the guard", async (t) => {
  const app = await host(t, {
    after: (app) =>
      void app.get(
        '/reports',
        {
          config: { access: 'user' },
          errorHandler: (error: Error & { statusCode?: number }, _request, reply) =>
            void reply.code(error.statusCode ?? 500).send({ route: true }),
        },
        handler,
      ),
  });
  const missing = await app.inject('/reports');
  t.equal(missing.statusCode, 401);
  t.strictSame(missing.json(), { route: true });
});

t.test('A host keeps its own answer to unknown URLs, and Latchkey has its own below its path', async (t) => {
  const app = await host(t, {
    before: (app) =>
      app.setNotFoundHandler((_request, reply) => reply.code(404).send({ own: 'nothing here' })),
  });
  t.strictSame((await app.inject('/nowhere')).json(), { own: 'nothing here' });
  t.equal((await app.inject('/auth')).headers.location, 'http://localhost:3000/auth/');
  t.equal((await app.inject('/auth/')).json().name, 'Latchkey');
  t.equal((await app.inject('/authors')).json().own, 'nothing here');
  t.match((await app.inject('/auth/nowhere')).json(), { status: 404, type: /\/problems\/not-found$/ });
  const wrongMethod = await app.inject({ method: 'DELETE', url: '/auth/login' });
  t.equal(wrongMethod.statusCode, 405);
  t.equal(wrongMethod.headers.allow, 'POST');
});

t.test('A host keeps its own parsers, compilers, hooks, decorators and request ids', async (t) => {
  const options = await hostOptions(t);
  const app = Fastify({ genReqId: () => 'own-id' });
  t.teardown(() => app.close());
  app.addContentTypeParser('text/csv', { parseAs: 'string' }, (_request, body, done) =>
    done(null, `csv ${body}`),
  );
  app.decorate('config' as never, { own: true } as never);
  app.addSchema({ $id: 'User', type: 'object', properties: { own: { type: 'boolean' } } });
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify({ own: data }));
  let hooks = 0;
  app.addHook('preHandler', async () => void hooks++);
  await app.register(latchkey, options);
  app.post('/csv', { config: { access: 'public' } }, async (request) => ({
    got: request.body,
    id: request.id,
  }));
  const schema = { body: { $ref: 'User#' }, response: { 200: { $ref: 'User#' } } };
  app.post('/own', { config: { access: 'public' }, schema }, handler);
  await app.ready();
  const csv = { method: 'POST', headers: { 'content-type': 'text/csv' }, payload: 'a,b' } as const;
  t.strictSame((await app.inject({ ...csv, url: '/csv' })).json(), { got: 'csv a,b', id: 'own-id' });
  t.strictSame((await app.inject({ method: 'POST', url: '/own', payload: [] })).json(), {
    own: { ok: true },
  });
  t.strictSame(app.getDecorator('config'), { own: true });
  t.equal(hooks, 2);
  t.equal((await app.inject({ ...csv, url: '/auth/login' })).statusCode, 415);
  const invalid = await app.inject({ method: 'POST', url: '/auth/login', payload: { email: 1 } });
  t.equal(invalid.statusCode, 400);
  t.not(invalid.headers['x-request-id'], 'own-id');
  const user = await injectAs(app, { access: 'user' });
  t.match((await user('/auth/me')).json(), { access: 1, accessName: 'user' });
});

t.test('A host keeps its own CORS', async (t) => {
  const register = (app: FastifyInstance) =>
    app.register(cors, { origin: 'https://host.example', credentials: true });
  for (const order of ['before', 'after'] as const) {
    const app = await host(t, { [order]: register });
    app.get('/reports', { config: { access: 'user' } }, handler);
    for (const url of ['/reports', '/auth/me']) {
      const origin = 'https://host.example';
      const headers = { origin, 'access-control-request-method': 'GET' };
      const preflight = await app.inject({ method: 'OPTIONS', url, headers });
      const answer = await app.inject({ url, headers: { origin } });
      t.equal(answer.statusCode, 401);
      // Fastify gives a scope the hooks that were there before it.
      if (order === 'after' && url === '/auth/me') continue;
      t.equal(preflight.headers['access-control-allow-credentials'], 'true', `${order} ${url}`);
      t.equal(answer.headers['access-control-allow-origin'], origin, `${order} ${url}`);
    }
  }
  await t.rejects(host(t, { before: register, options: { corsOrigins: 'https://spa.example' } }), {
    message: /corsOrigins has no effect in an app that has @fastify\/cors/,
  });
  const own = await host(t, { options: { corsOrigins: 'https://spa.example' } });
  const headers = { origin: 'https://spa.example', 'access-control-request-method': 'GET' };
  const preflight = await own.inject({ method: 'OPTIONS', url: '/auth/me', headers });
  t.equal(preflight.headers['access-control-allow-origin'], 'https://spa.example');
});

t.test('A host keeps its own cookies, beside the cookie of a session', async (t) => {
  // What @fastify/cookie does: decorators, and a header before the answer is sent.
  const app = await host(t, {
    before: (app) => {
      app.decorateRequest('cookies', null);
      app.decorateReply('setCookie', null);
      app.addHook('onSend', async (_request, reply) => {
        const fields = [reply.getHeader('set-cookie') ?? []].flat().map(String);
        reply.removeHeader('set-cookie');
        reply.header('set-cookie', [...fields, 'theme=dark']);
      });
    },
  });
  await app.ready();
  const user = { name: 'Ada', email: 'ada@example.com', password: 'correct horse battery staple' };
  await app.latchkey.users.create(user);
  const page = { 'sec-fetch-site': 'same-origin' };
  const { email, password } = user;
  const payload = { email, password, session: 'cookie' };
  const login = await app.inject({ method: 'POST', url: '/auth/login', headers: page, payload });
  t.equal(login.statusCode, 200);
  const [session, theme] = login.cookies;
  t.match([session, theme], [{ name: 'latchkey-3000', path: '/' }, { name: 'theme' }]);
  const cookie = `theme=light; ${session?.name}=${session?.value}`;
  const refresh = await app.inject({ method: 'POST', url: '/auth/refresh', headers: { ...page, cookie } });
  t.equal(refresh.statusCode, 200);
  t.equal(refresh.cookies.length, 2);
});

t.test('A host keeps its own rate limit', async (t) => {
  const app = await host(t, {
    before: (app) => app.register(rateLimit, { max: 2 }),
    after: (app) => app.get('/open', { config: { access: 'public' } }, handler),
    options: { rateLimit: 100 },
  });
  const statuses = [];
  for (let n = 0; n < 3; n++) statuses.push((await app.inject('/open')).statusCode);
  t.strictSame(statuses, [200, 200, 429]);
});

t.test("A host's OpenAPI document has its guarded routes and none of Latchkey's", async (t) => {
  const app = await host(t, {
    before: async (app) => {
      await app.register(swagger, { openapi: { openapi: '3.1.0', components: { securitySchemes } } });
    },
    after: async (app) => {
      const response = { 200: { type: 'object', properties: { ok: { type: 'boolean' } } } };
      app.get('/reports', { config: { access: 'user', maxAge: 60 }, schema: { response } }, handler);
      app.get('/twice', { config: { access: 'guest', factors: 2 }, schema: { response } }, handler);
      app.get('/open', { config: { access: 'public' }, schema: { response } }, handler);
      app.get('/session', { config: { access: 'guest', session: true }, schema: { response } }, handler);
      await app.register(swaggerUi, { routePrefix: '/docs' });
    },
    options: { undeclared: 'public' },
  });
  await app.ready();
  // biome-ignore lint/suspicious/noExplicitAny: the document of the host
  const document: any = app.swagger();
  t.strictSame(Object.keys(document.paths), ['/reports', '/twice', '/open', '/session']);
  const { security, responses, ...operation } = document.paths['/reports'].get;
  t.strictSame(security, [{ accessToken: [] }, { apiKey: [] }]);
  t.equal(operation['x-minimum-access'], 1);
  t.equal(operation['x-max-age'], 60);
  t.strictSame(Object.keys(responses), ['200', '401', '403']);
  t.match(responses[401].description, /two-factors-required.*recent-sign-in-required/);
  t.notOk(operation['x-factors']);
  const twice = document.paths['/twice'].get;
  t.equal(twice['x-factors'], 2);
  t.match(twice.responses[401].description, /two-factors-required/);
  t.strictSame(Object.keys(responses[403].content), ['application/problem+json']);
  t.notOk(document.paths['/open'].get.security);
  const session = document.paths['/session'].get;
  t.strictSame([session.security, session['x-session']], [[{ accessToken: [] }], true]);
  t.match(session.responses[403].description, /key-not-allowed/);

  const ours = (await app.inject('/auth/openapi.json')).json();
  t.ok(ours.paths['/login'], 'the paths of the contract begin behind the prefix');
  t.notOk(ours.paths['/reports']);
  t.notOk(ours.paths['/auth/login']);
  t.equal((await app.inject('/docs/json')).json().paths['/login'], undefined);
  t.ok((await app.inject('/auth/docs/json')).json().paths['/login']);
  t.strictSame(ours.servers, [{ url: '/auth' }]);
  const page = await app.inject((await app.inject('/auth/docs')).headers.location ?? '/auth/docs');
  t.equal(page.statusCode, 200);
  const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = '']) => url);
  t.ok(files.length >= 4);
  for (const url of files)
    t.equal((await app.inject(new URL(url, 'http://localhost/auth/docs/').pathname)).statusCode, 200, url);
});

t.test("A host's routes and levels ask for two factors, with its own error handler too", async (t) => {
  for (const hasHandler of [false, true]) {
    const app = await host(t, {
      options: { secondFactorFrom: 'admin' },
      after: async (app) => {
        if (hasHandler)
          app.setErrorHandler((error: Error, _request, reply) =>
            reply.code(401).send({ mine: error.message }),
          );
        app.get('/twice', { config: { access: 'user', factors: 2 } }, handler);
        app.get('/panel', { preHandler: app.requireAccess('admin', { maxAge: 900 }) }, handler);
      },
    });
    await app.ready();
    const one = await injectAs(app, { access: 'admin' });
    const two = await injectAs(app, { access: 'admin', factors: 2 });
    for (const url of ['/twice', '/panel']) {
      const refused = await one(url);
      t.equal(refused.statusCode, 401);
      t.match(
        refused.headers['www-authenticate'],
        /^Bearer realm="latchkey", error="insufficient_user_authentication", .*, acr_values="2", resource_metadata="[^"]+"$/,
      );
      if (hasHandler) t.type(refused.json().mine, 'string');
      else t.equal(refused.json().slug, 'two-factors-required');
      t.equal((await two(url)).statusCode, 200, url);
    }
  }
});

t.test('Two apps in one process have their own users and tokens', async (t) => {
  const [one, two] = [await host(t, {}), await host(t, {})];
  await Promise.all([one.ready(), two.ready()]);
  const ada = await injectAs(one, { access: 'admin' });
  t.equal((await ada('/auth/me')).statusCode, 200);
  const headers = { authorization: `Bearer ${ada.accessToken}` };
  t.equal((await two.inject({ url: '/auth/me', headers })).statusCode, 401);
});

t.test('A second Latchkey in the same app is refused, and one in another scope is not', async (t) => {
  const app = await host(t, {});
  await t.rejects(async () => app.register(latchkey, await hostOptions(t)), /already/);
  const scopes = [
    { ...(await hostOptions(t)), prefix: '/one' },
    { ...(await hostOptions(t)), prefix: '/two' },
  ];
  const parent = Fastify();
  t.teardown(() => parent.close());
  for (const options of scopes) {
    const { prefix } = options;
    await parent.register(async (scope) => {
      await scope.register(latchkey, options);
      scope.get(`${prefix}/own`, { config: { access: 'user' } }, handler);
    });
  }
  for (const url of ['/one/me', '/two/me', '/one/own', '/two/own'])
    t.equal((await parent.inject(url)).statusCode, 401, url);
});

t.test('Latchkey at the root of a host leaves unknown URLs to the host', async (t) => {
  const app = await host(t, {
    before: (app) => app.setNotFoundHandler((_request, reply) => reply.code(404).send({ own: true })),
    after: (app) => app.get('/reports', { config: { access: 'user' } }, handler),
    options: { prefix: '/' },
  });
  t.equal((await app.inject('/me')).statusCode, 401);
  t.equal((await app.inject('/reports')).statusCode, 401);
  t.strictSame((await app.inject('/nowhere')).json(), { own: true });
});

t.test('Slashes at the end of URLs may be ignored', async (t) => {
  const app = Fastify({ routerOptions: { ignoreTrailingSlash: true } });
  t.teardown(() => app.close());
  await app.register(latchkey, await hostOptions(t));
  for (const url of ['/auth', '/auth/']) t.equal((await app.inject(url)).statusCode, 200, url);
  t.equal((await app.inject('/auth/me/')).statusCode, 401);
});

t.test('Each prefix is counted once, in links to the next page and in the contract', async (t) => {
  const app = await host(t, {});
  await app.ready();
  const admin = await injectAs(app, { access: 'admin' });
  await injectAs(app, { access: 'user' });
  const { headers } = await admin('/auth/users?limit=1');
  t.match(headers.link, /^<http:\/\/localhost:3000\/auth\/users\?limit=1&cursor=[^>]+>; rel="next"$/);

  const outer = Fastify();
  t.teardown(() => outer.close());
  const options = await hostOptions(t);
  await outer.register(async (scope) => void (await scope.register(latchkey, options)), { prefix: '/api' });
  const contract = (await outer.inject('/api/auth/openapi.json')).json();
  t.strictSame(contract.servers, [{ url: '/api/auth' }]);
  t.ok(contract.paths['/login']);
});

t.test('A vendor plugin with an access has its prefix once', async (t) => {
  const vendor = async (scope: FastifyInstance) => void scope.get('/hello', handler);
  const app = await host(t, {
    after: (app) => app.register(withAccess('public', vendor), { prefix: '/vendor' }),
  });
  t.equal((await app.inject('/vendor/hello')).statusCode, 200);
});

t.test('A route with two guards declares the stricter one', async (t) => {
  const app = await host(t, {
    after: (app) => {
      const schema = { operationId: 'readPanel' };
      const preHandler = app.requireAccess('admin');
      app.get('/panel', { config: { access: 'user' }, preHandler, schema }, handler);
    },
  });
  await app.ready();
  const user = await injectAs(app, { access: 'user' });
  t.equal((await user('/panel')).statusCode, 403);
  const { permissions } = (await user('/auth/me/permissions')).json();
  const found = permissions.find((one: { operationId: string }) => one.operationId === 'readPanel');
  t.match(found, { minimum: 2, allowed: false });
});

t.test('A host has metrics at a port of their own', async (t) => {
  const port = await freePort();
  const app = await host(t, { options: { metricsPort: port } });
  await app.listen({ port: 0 });
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  t.equal(answer.status, 200);
  t.match(await answer.text(), /^latchkey_draining 0$/m);
});

t.test('Options are checked like the configuration, by their own names', async (t) => {
  const refused = async (options: object) => {
    const app = Fastify();
    t.teardown(() => app.close());
    const error = await Promise.resolve(
      app.register(latchkey, { ...(await hostOptions(t)), ...options }),
    ).catch((error: unknown) => error);
    return error instanceof Error ? error.message : undefined;
  };
  t.match(
    await refused({ accessTokenTtl: 5 }),
    /^accessTokenTtl must be >= 10 \(example: accessTokenTtl: '900'\)/,
  );
  t.match(
    await refused({ databaseURL: 'file:x.db' }),
    /^databaseURL is no option of Latchkey \(did you mean databaseUrl\?\)/,
  );
  t.match(
    await refused({ port: 3000 }),
    /^port is no option of the plugin: it is a setting of your own server/,
  );
  t.match(
    await refused({ adminEmail: 'a@example.com' }),
    /^adminPassword is missing: adminEmail and adminPassword are set together/,
  );
  t.match(await refused({ prefix: 'auth/*' }), /^The prefix must be a path such as \/auth/);
});

t.test('Variables of the environment change nothing in the plugin', async (t) => {
  process.env.REGISTRATION = 'invite';
  t.teardown(() => Reflect.deleteProperty(process.env, 'REGISTRATION'));
  const app = await host(t, {});
  const answer = await app.inject({ method: 'POST', url: '/auth/register', payload: {} });
  t.equal(answer.statusCode, 400, 'registration is open');
});

t.test('Code of the host finds, creates and changes users', async (t) => {
  const app = await host(t, {});
  await app.ready();
  const { users, levels } = app.latchkey;
  const password = 'correct horse battery staple';
  const ada = await users.create({ name: 'Ada', email: 'Ada@example.com', password });
  t.match(ada, { access: 1, email: 'ada@example.com' });
  t.equal((await users.findByEmail('ada@example.com')).id, ada.id);
  t.match(await users.change(ada.id, { access: 'admin' }), { access: 2 });
  t.match(await users.find(ada.id), { accessName: 'admin' });
  t.strictSame(
    levels.map(({ name }) => name),
    ['guest', 'user', 'admin'],
  );
  await t.rejects(users.create({ name: 'Ada', email: 'ada@example.com', password }), {
    slug: 'email-taken',
  } as never);
  await t.rejects(users.create({ name: 'B', email: 'none', password }), {
    slug: 'validation-failed',
  } as never);
  await t.rejects(users.create({ name: 'B', email: 'b@example.com', password: 'short' }), {
    slug: 'validation-failed',
  } as never);
  await t.rejects(users.change(ada.id, { access: 'vip' }), /There is no access level/);
  await t.rejects(users.change(ada.id, { access: 7 }), { slug: 'validation-failed' } as never);
  await t.rejects(users.change(ada.id, { disabled: true }), { slug: 'last-admin' } as never);
  t.ok(Reflect.get(app.latchkey.contract(), 'paths')['/login']);
});
