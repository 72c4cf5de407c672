/** Tests @latchkey/guard with a service, and its adapters. */
import type { AddressInfo } from 'node:net';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import t from 'tap';
import latchkey from '#latchkey/index.ts';
import { callerOf, requireAccess as requireInExpress } from '../../packages/guard/src/express.ts';
import {
  latchkeyGuard,
  type PluginOptions,
  callerOf as readCaller,
} from '../../packages/guard/src/fastify.ts';
import { type GuardEnv, requireAccess as requireInHono } from '../../packages/guard/src/hono.ts';
import { createGuard, type GuardOptions } from '../../packages/guard/src/index.ts';
import { open } from '../accounts/client.ts';
import { environment, startApi, type Teardown } from '../helper.ts';
import { until } from '../until.ts';
import { guardOf, say, wireTo } from './latchkey.ts';

const issuer = 'https://id.example.com';
const api = await startApi(t, { PUBLIC_URL: issuer });
const admin = await api.person(2);
const resource = 'https://reports.example.com';

const newGuard = (t: Teardown, options: Partial<GuardOptions> = {}) =>
  guardOf(t, api, { issuer, key: () => admin.token, ...options });

t.test('A guard starts closed, opens with the first answer, and compares levels', async (t) => {
  const person = await api.person(1);
  const { guard, wire } = newGuard(t);
  wire.isCut = true;
  t.equal(await say(guard, person.token), 'not-ready');
  wire.isCut = false;
  await guard.ready();
  t.equal(await say(guard, person.token), 200);
  t.equal(await say(guard, person.token, 'admin'), 'access-denied');
  t.equal(await say(guard, admin.token, 'admin'), 200);
  t.equal(await say(guard, undefined), 'authentication-required');
  t.equal(await say(guard, 'x y'), 'invalid-request');
  t.equal(await say(guard, `${person.token}x`), 'invalid-token');
  t.equal(await say(guard, person.token, 'owner'), 'not-ready', 'a level that there is not');
  t.equal(wire.requests.get('/.well-known/jwks.json'), 1, 'unknown keys and wrong tokens ask for no keys');
});

t.test('A demotion and a sign-out are obeyed, and a new token is accepted', async (t) => {
  const { guard } = newGuard(t);
  await guard.ready();
  const person = await api.person(2);
  const other = await open(api, person.id);
  t.equal(await say(guard, person.token, 'admin'), 200);
  await api.ask('PATCH', `/users/${person.id}`, { token: admin.token, body: { access: 1 } });
  await until(async () => (await say(guard, person.token, 'admin')) === 'invalid-token', 2);
  t.equal(await say(guard, other.accessToken, 'user'), 'invalid-token');
  const { accessToken } = await open(api, person.id);
  t.equal(await say(guard, accessToken), 200);
  t.equal(await say(guard, accessToken, 'admin'), 'access-denied');
  await api.ask('POST', '/logout', { token: accessToken });
  await until(async () => (await say(guard, accessToken)) === 'invalid-token', 2);
});

t.test('Without the feed it closes by either clock, and opens again', async (t) => {
  const { guard, wire, shift, errors } = newGuard(t);
  await guard.ready();
  const { token } = await api.person(1);
  t.equal(await say(guard, token), 200);
  for (const clock of ['monotonic', 'wall'] as const) {
    wire.isCut = true;
    const before = errors.length;
    await until(() => errors.length > before);
    shift[clock] = 3_000;
    t.equal(await say(guard, token), 'not-ready', clock);
    shift[clock] = 0;
    wire.isCut = false;
    await until(async () => (await say(guard, token)) === 200);
  }
});

t.test(
  'A clock that is wrong by more than a minute, an unknown entry and a full memory close it',
  async (t) => {
    const { token } = await api.person(1);
    const { guard, wire, shift, errors } = newGuard(t);
    await guard.ready();
    shift.wall = -70_000;
    await until(() => errors.length > 0);
    t.equal(await say(guard, token), 'not-ready');
    shift.wall = 0;
    await until(() => guard.isOpen);
    wire.alter = (answer) => ({ ...answer, entries: [{ kind: 'galaxy', id: 'x', until: 1 }] });
    await until(() => !guard.isOpen);
    wire.alter = (answer) => answer;
    await until(() => guard.isOpen);

    const full = newGuard(t, { maxEntries: 1 });
    await until(() => full.errors.some((error) => /fit/.test(String(error))));
    t.notOk(full.guard.isOpen);
  },
);

t.test('Levels are those of the issuer, and numbers only where they are pinned', async (t) => {
  const { guard } = newGuard(t);
  await guard.ready();
  t.throws(() => guard.levels.numberOf(1), /pin the option levels/);
  const pinned = newGuard(t, { levels: { user: 1, admin: 2 } });
  await pinned.guard.ready();
  t.equal(await say(pinned.guard, admin.token, 2), 200);
  const wrong = newGuard(t, { levels: { user: 1, admin: 3 } });
  await until(() => wrong.errors.some((error) => /admin the number 3/.test(String(error))));
  t.notOk(wrong.guard.isOpen);
});

t.test('A process that does not answer closes no guard where another one does', async (t) => {
  const { guard, wire, errors } = newGuard(t);
  await guard.ready();
  const wasOpen: boolean[] = [];
  wire.hold = async (path) => {
    if (path !== '/revocations') return;
    wasOpen.push(guard.isOpen);
    if (wasOpen.length === 1) await new Promise(() => {});
  };
  await until(() => wasOpen.length === 2);
  t.strictSame(wasOpen, [true, true], 'another one is asked before the trust ends');
  t.match(errors, [/timeout/i]);
});

t.test('A rotation of keys, process by process, closes no guard', async (t) => {
  const { guard, wire, errors } = newGuard(t);
  await guard.ready();
  const person = await api.person(1);
  let answers = 0;
  const closed: number[] = [];
  wire.alter = (answer) => {
    if (!guard.isOpen) closed.push(answers);
    const kids = [answer.kids].flat();
    return answers++ % 2 === 0 ? { ...answer, kids: [...kids, 'next'] } : answer;
  };
  await until(() => answers > 6);
  t.strictSame(closed, [], 'one names a key that the key set of the other lacks');
  t.match(errors, [/lacks the key next/]);
  const [head = '', ...rest] = person.token.split('.');
  const header = JSON.parse(Buffer.from(head, 'base64url').toString());
  const of = (kid: string) => Buffer.from(JSON.stringify({ ...header, kid })).toString('base64url');
  const foreign = [of('other'), ...rest].join('.');
  await until(async () => (await say(guard, foreign)) === 'invalid-token');
  wire.alter = (answer) => ({ ...answer, kids: ['next'] });
  await until(async () => (await say(guard, [of('next'), ...rest].join('.'))) === 'not-ready');
  await until(() => !guard.isOpen, 4);
});

t.test('An answer that is not complete closes at once, also while a key is missing', async (t) => {
  const { guard, wire } = newGuard(t, { trustMs: 60_000 });
  await guard.ready();
  wire.hold = (path) => (path.endsWith('/jwks.json') ? new Promise(() => {}) : Promise.resolve());
  wire.alter = (answer) => ({ ...answer, kids: ['next'], complete: false });
  await until(() => !guard.isOpen);
});

t.test('A key that is withdrawn verifies nothing, and one that is named again does', async (t) => {
  const { guard, wire } = newGuard(t);
  await guard.ready();
  const person = await api.person(1);
  t.equal(await say(guard, person.token), 200);
  wire.alter = (answer) => ({ ...answer, kids: [] });
  await until(async () => (await say(guard, person.token)) === 'invalid-token', 3);
  wire.alter = (answer) => answer;
  await until(async () => (await say(guard, person.token)) === 200, 3);
  t.equal(wire.requests.get('/.well-known/jwks.json'), 1);
});

t.test('SECOND_FACTOR_FROM of Latchkey limits tokens of before', async (t) => {
  const { guard, wire } = newGuard(t);
  await guard.ready();
  wire.alter = (answer) => ({ ...answer, secondFactor: { from: 2, below: 1 } });
  await until(async () => (await say(guard, admin.token, 'admin')) === 'two-factors-required', 3);
  t.equal(await say(guard, admin.token, 'user'), 200);
});

t.test('The issuer is https, as it is in the tokens', async (t) => {
  const options = { key: 'x', fetch: async () => new Response('{}') };
  for (const url of ['http://id.example.com', 'https://id.example.com/', 'https://id.example.com?x'])
    t.throws(() => createGuard({ ...options, issuer: url }), TypeError, url);
  createGuard({ ...options, issuer: 'http://127.0.0.1:3000' }).close();
});

async function fastifyApp(t: Teardown, options: Partial<PluginOptions> = {}) {
  const app = Fastify();
  t.teardown(() => app.close());
  const wire = wireTo(api.server);
  await app.register(latchkeyGuard, {
    issuer,
    key: () => admin.token,
    fetch: wire.fetch,
    resource,
    ...options,
  });
  return app;
}

t.test('The plugin guards each route by its declaration', async (t) => {
  const app = await fastifyApp(t);
  const schema = { body: { type: 'object', required: ['name'] } } as const;
  app.get('/open', { config: { access: 'public' } }, async () => 'open');
  app.get('/reports', { config: { access: 'user' } }, async (request) => ({
    hello: readCaller(request).sub,
  }));
  app.post('/reports', { config: { access: 'admin' }, schema }, async () => 'made');
  const routes: Record<string, unknown>[] = [];
  app.addHook('onRoute', ({ schema }) => void routes.push({ ...schema }));
  app.get('/last', { config: { access: 'admin' }, schema: { summary: 'Last' } }, async () => 'last');
  await app.ready();
  const person = await api.person(1);
  const headers = { authorization: `Bearer ${person.token}` };
  t.equal((await app.inject('/open')).statusCode, 200);
  t.strictSame((await app.inject({ url: '/reports', headers })).json(), { hello: person.id });
  const refused = await app.inject('/reports');
  t.equal(refused.statusCode, 401);
  t.match(refused.headers, {
    'content-type': 'application/problem+json; charset=utf-8',
    'www-authenticate': `Bearer realm="latchkey", resource_metadata="${resource}/.well-known/oauth-protected-resource"`,
  });
  t.match(refused.json(), { type: `${issuer}/problems/authentication-required`, status: 401 });
  const denied = await app.inject({ method: 'POST', url: '/reports', headers, payload: { wrong: 1 } });
  t.match(denied.json(), { slug: 'access-denied', required: 2, actual: 1 }, '403 comes before 400');
  const asAdmin = { authorization: `Bearer ${admin.token}` };
  t.equal(
    (await app.inject({ method: 'POST', url: '/reports', headers: asAdmin, payload: {} })).statusCode,
    400,
  );
  const security = [{ accessToken: [] }, { apiKey: [] }];
  t.match(routes, [{ summary: 'Last', security }], 'for the OpenAPI document');
  t.strictSame((await app.inject('/.well-known/oauth-protected-resource')).json(), {
    resource,
    authorization_servers: [issuer],
    bearer_methods_supported: ['header'],
  });
});

t.test('The app refuses to boot with a route that declares nothing, or what cannot be', async (t) => {
  const undeclared = await fastifyApp(t);
  undeclared.get('/forgotten', async () => 'open');
  await t.rejects(async () => undeclared.ready(), /GET \/forgotten/);
  const unknown = await fastifyApp(t);
  unknown.get('/reports', { config: { access: 'owner' } }, async () => 'secret');
  await t.rejects(async () => unknown.ready(), /no access level "owner"/);
  const number = await fastifyApp(t);
  t.throws(() => number.get('/reports', { config: { access: 1 } }, async () => 'secret'), /pin the option/);
  const host = await fastifyApp(t, { undeclared: 'public' });
  host.get('/reports', async () => 'open');
  t.equal((await host.inject('/reports')).body, 'open');
});

t.test('Express and Hono answer the same', async (t) => {
  const { guard, wire } = newGuard(t, { resource });
  wire.isCut = true;
  const person = await api.person(1);
  const app = express();
  app.get('/reports', requireInExpress(guard, 'user'), (request, response) => {
    response.send(callerOf(request).sub);
  });
  app.get('/admins', requireInExpress(guard, 'admin'), (_request, response) => void response.send('in'));
  const server = app.listen(0);
  t.teardown(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const hono = new Hono<GuardEnv>();
  hono.get('/reports', requireInHono(guard, 'user'), (context) => context.text(context.get('user').sub));
  hono.get('/admins', requireInHono(guard, 'admin'), (context) => context.text('in'));
  const both = {
    express: (path: string, headers = {}) => fetch(`http://127.0.0.1:${port}${path}`, { headers }),
    hono: async (path: string, headers = {}) => hono.request(path, { headers }),
  };
  for (const ask of Object.values(both)) t.equal((await ask('/reports')).headers.get('retry-after'), '1');
  wire.isCut = false;
  await guard.ready();
  const headers = { authorization: `Bearer ${person.token}` };
  for (const [name, ask] of Object.entries(both)) {
    t.equal(await (await ask('/reports', headers)).text(), person.id, name);
    const refused = await ask('/reports');
    t.equal(refused.status, 401, name);
    t.match(refused.headers.get('www-authenticate'), /resource_metadata/);
    t.match(refused.headers.get('content-type'), /problem\+json/);
    t.match(await (await ask('/admins', headers)).json(), { slug: 'access-denied', required: 2, actual: 1 });
  }
});

t.test('An issuer with a path', async (t) => {
  const app = Fastify();
  t.teardown(() => app.close());
  const { DATA_DIR = '', DATABASE_URL = '' } = await environment(t);
  const publicUrl = 'https://example.com/auth';
  await app.register(latchkey, {
    prefix: '/auth',
    publicUrl,
    dataDir: DATA_DIR,
    databaseUrl: DATABASE_URL,
    maxEventLoopDelay: Number.POSITIVE_INFINITY,
  });
  await app.ready();
  const { injectAs } = await import('#latchkey/testing.ts');
  const asAdmin = await injectAs(app, { access: 'admin' });
  const { headers } = Object(await asAdmin('/auth/me')).raw.req;
  const guard = createGuard({
    issuer: publicUrl,
    key: () => String(headers.authorization).slice('Bearer '.length),
    fetch: wireTo(app).fetch,
  });
  t.teardown(() => guard.close());
  await guard.ready();
  t.ok(await guard.verify(headers.authorization, { minimum: 'admin' }));
});
