/** Tests API keys at @latchkey/guard, with a service. */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import express from 'express';
import Fastify from 'fastify';
import t from 'tap';
import { createGuardKey } from '#latchkey/accounts/api-keys/guard-key.ts';
import { newApiKey } from '#latchkey/tokens/api-key.ts';
import { requireAccess } from '../../packages/guard/src/express.ts';
import { callerOf, latchkeyGuard } from '../../packages/guard/src/fastify.ts';
import { GuardProblem } from '../../packages/guard/src/index.ts';
import { makeKey, makeService, makeServiceKey } from '../api-keys/keys.ts';
import { startApi, type Teardown } from '../helper.ts';
import { until } from '../until.ts';
import { guardOf, say, type Wire, wireTo } from './latchkey.ts';

const issuer = 'https://id.example.com';
const api = await startApi(t, { PUBLIC_URL: issuer });
const admin = await api.person(2);
const { db } = api.app.accounts;
const guardKey = await createGuardKey(api.app.accounts, 'guard', new Date(Date.now() + 3_600_000));
const MINUTE_MS = 60_000;

async function openGuard(t: Teardown) {
  const made = guardOf(t, api, { issuer, key: guardKey.key });
  await made.guard.ready();
  return made;
}

const asked = ({ requests }: Wire) => requests.get('/introspect') ?? 0;

/** Holds the next answer of introspection back. @returns releases it */
function holdNext(wire: Wire): () => void {
  let release = () => {};
  let isFirst = true;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  wire.hold = async (path) => {
    if (path !== '/introspect' || !isFirst) return;
    isFirst = false;
    await held;
  };
  return release;
}

const setAccess = (id: string, access: number) =>
  api.ask('PATCH', `/users/${id}`, { token: admin.token, body: { access } });

t.test('A key is asked for once, and then it is known', async (t) => {
  const { guard, wire } = await openGuard(t);
  const person = await api.person(1);
  const { id, key } = await makeKey(api, person.token, { access: 1 });
  const answers = await Promise.all(Array.from({ length: 20 }, () => say(guard, key)));
  t.strictSame(new Set(answers), new Set([200]));
  t.equal(asked(wire), 1, 'all of them waited for one answer');
  t.equal(await say(guard, key, 'admin'), 'access-denied');
  const caller = await guard.verify(`bearer  ${key}`, { minimum: 'user' });
  t.match(caller, { sub: person.id, key: id, access: 1, cap: 1, operations: ['*'], service: false });
  t.equal(guard.check(`Bearer ${key}`, { minimum: 'user' }), caller, 'at once');
  t.equal(asked(wire), 1);
});

t.test('A demotion, an end and a suspension are obeyed, and a key goes on at a lower level', async (t) => {
  const { guard, wire } = await openGuard(t);
  const service = await makeService(api, admin.token, 2);
  const { id, key } = await makeServiceKey(api, admin.token, service, { access: 2, operations: ['*'] });
  const patch = (body: object) =>
    api.ask('PATCH', `/service-accounts/${service}`, { token: admin.token, body });
  t.equal(await say(guard, key, 'admin'), 200);
  await patch({ access: 1 });
  await until(async () => (await say(guard, key, 'admin')) === 'access-denied', 2);
  t.equal(await say(guard, key), 200);
  t.equal(asked(wire), 2, 'once more');
  await patch({ access: 2 });
  await until(async () => (await say(guard, key, 'admin')) === 200, 2);
  await patch({ disabled: true });
  await until(async () => (await say(guard, key)) === 'invalid-token', 2);
  await patch({ disabled: false });

  const other = await openGuard(t);
  t.equal(await say(other.guard, key), 200, 'what was suspended goes on');
  await api.ask('DELETE', `/service-accounts/${service}/api-keys/${id}`, { token: admin.token });
  await until(async () => (await say(other.guard, key)) === 'invalid-token', 2);
  t.equal(asked(other.wire), 1, 'an end needs no question');
});

t.test('A demotion between the read of introspection and the fill of the memory is obeyed', async (t) => {
  const { guard, wire } = await openGuard(t);
  const person = await api.person(1);
  const { key } = await makeKey(api, person.token, { access: 1 });
  const release = holdNext(wire);
  const answer = say(guard, key);
  const joined = say(guard, key);
  await until(() => asked(wire) === 1);
  const before = guard.size;
  await setAccess(person.id, 0);
  await until(() => guard.size > before);
  release();
  t.equal(await answer, 'access-denied');
  t.equal(await joined, 'access-denied', 'who waited for the same answer, too');
  t.equal(asked(wire), 2, 'the first answer was of before');
});

for (const [name, alteration] of Object.entries({
  'A revocation of everything': (answer: Record<string, unknown>) => ({
    ...answer,
    entries: [{ kind: 'everybody', issuedUntil: 1, until: Math.ceil(Date.now() / 1_000) + 60 }],
  }),
  'A resync': (answer: Record<string, unknown>) => ({ ...answer, resync: true }),
}))
  t.test(`${name} empties the memory of keys, also while one is asked for`, async (t) => {
    const { guard, wire } = await openGuard(t);
    const person = await api.person(1);
    const known = await makeKey(api, person.token, { access: 1 });
    const other = await makeKey(api, person.token, { access: 1 });
    t.equal(await say(guard, known.key), 200);
    const release = holdNext(wire);
    const answer = say(guard, other.key);
    await until(() => asked(wire) === 2);
    let altered = 0;
    wire.alter = (answer) => (altered++ === 0 ? alteration(answer) : answer);
    await until(() => altered > 1);
    await until(() => guard.isOpen);
    t.equal(await say(guard, known.key), 200);
    t.equal(asked(wire), 3, 'what was known is asked for anew');
    release();
    t.equal(await answer, 200);
    t.equal(asked(wire), 4, 'and so is what was asked for before');
  });

t.test('The level is that of now: an elevation ends without a question, and so does the key', async (t) => {
  const { guard, wire, shift } = await openGuard(t);
  const service = await makeService(api, admin.token, 1);
  const expiresAt = new Date(Date.now() + 50_000).toISOString();
  const { key } = await makeServiceKey(api, admin.token, service, { access: 1, expiresAt });
  const accessUntil = new Date(Date.now() + 25_000);
  await db.user.update({ where: { id: service }, data: { permanentAccess: 0, accessUntil } });
  t.equal(await say(guard, key), 200);
  shift.wall = 30_000;
  await until(() => guard.isOpen);
  t.equal(await say(guard, key), 'access-denied');
  t.equal(await say(guard, key, 'guest'), 200);
  shift.wall = 55_000;
  await until(() => guard.isOpen);
  t.equal(await say(guard, key, 'guest'), 'invalid-token');
  t.equal(asked(wire), 1);
});

t.test('A key is asked for again after 15 minutes', async (t) => {
  const { guard, wire, shift } = await openGuard(t);
  const person = await api.person(1);
  const { key } = await makeKey(api, person.token, { access: 1 });
  t.equal(await say(guard, key), 200);
  for (const [minutes, questions] of [
    [14, 1],
    [16, 2],
  ] as const) {
    shift.monotonic = minutes * MINUTE_MS;
    await until(() => guard.isOpen);
    t.equal(await say(guard, key), 200);
    t.equal(asked(wire), questions, `after ${minutes} minutes`);
  }
});

t.test('What cannot be a key costs no request, and an unknown one costs one', async (t) => {
  const { guard, wire } = await openGuard(t);
  const unknown = newApiKey(randomUUID());
  for (const text of ['lk_', `${unknown.slice(0, -1)}-`, `${unknown.slice(0, -6)}000000`, `${unknown}a`])
    t.equal(await say(guard, text), 'invalid-token', text);
  t.equal(asked(wire), 0);
  for (let n = 0; n < 3; n++) t.equal(await say(guard, unknown), 'invalid-token');
  t.equal(asked(wire), 1, 'it is remembered');
  const refused: unknown = await guard.verify(`Bearer ${unknown}`, { minimum: 'user' }).catch((e) => e);
  t.match(refused, { body: { status: 401, detail: /API key/ }, headers: { 'www-authenticate': String } });
});

t.test('A flood of unknown keys is no flood of questions, and holds no known key back', async (t) => {
  const { guard, wire, shift } = await openGuard(t);
  const person = await api.person(1);
  const { key } = await makeKey(api, person.token, { access: 1 });
  t.equal(await say(guard, key), 200);
  const flood = async (count: number) => {
    const before = asked(wire);
    const said = await Promise.all(Array.from({ length: count }, () => say(guard, newApiKey(randomUUID()))));
    return { said, questions: asked(wire) - before };
  };
  const before = guard.size;
  await setAccess(person.id, 0);
  await until(() => guard.size > before);
  // Each second would allow some more questions.
  shift.stoppedAt = performance.now();
  const first = await flood(2_000);
  t.ok(first.questions <= 60 + 16, `${first.questions} questions`);
  t.ok(first.said.includes('not-ready') && first.said.includes('invalid-token'));
  t.equal(await say(guard, newApiKey(randomUUID())), 'not-ready');
  // The flood keeps this process busy, and the guard may miss the feed for 2 s.
  await until(() => guard.isOpen);
  t.equal(await say(guard, key), 'access-denied', 'it was asked for again, past the flood');
  shift.monotonic = 10_000;
  await until(() => guard.isOpen);
  const second = await flood(2_000);
  // 60 at once and 5 a second for 10 s, and those that were under way when the limit was reached.
  const questions = first.questions + second.questions;
  t.ok(
    questions >= 110 && questions <= 110 + 16,
    `${first.questions} and then ${second.questions} questions`,
  );
});

t.test('Without introspection a key gets 503, and nothing waits for long', async (t) => {
  const { guard, wire, errors } = await openGuard(t);
  const person = await api.person(1);
  const { key } = await makeKey(api, person.token, { access: 1 });
  wire.hold = async (path) => {
    if (path === '/introspect') throw new TypeError('fetch failed');
  };
  const refused: unknown = await guard.verify(`Bearer ${key}`, { minimum: 'user' }).catch((e) => e);
  t.ok(refused instanceof GuardProblem);
  t.match(refused, { statusCode: 503, headers: { 'retry-after': '1' } });
  t.match(errors, [/fetch failed/]);
  const said = await Promise.all(Array.from({ length: 200 }, () => say(guard, newApiKey(randomUUID()))));
  t.strictSame([...new Set(said)], ['not-ready']);
  wire.hold = async () => {};
  t.equal(await say(guard, key), 200, 'it is not remembered as a wrong one');
});

t.test('Another answer than that of this issuer accepts no key', async (t) => {
  const { guard, wire } = await openGuard(t);
  const person = await api.person(1);
  const { key } = await makeKey(api, person.token, { access: 1 });
  const alterations: readonly ((answer: Record<string, unknown>) => Record<string, unknown>)[] = [
    (answer) => ({ ...answer, iss: 'https://other.example.com' }),
    ({ operations, ...answer }) => answer,
    ({ owner, ...answer }) => answer,
    () => ({ active: true, sub: person.id, access: 2 }),
    () => ({}),
  ];
  for (const alteration of alterations) {
    wire.alterKey = alteration;
    t.equal(await say(guard, key), 'not-ready');
  }
});

t.test('A key that lists operations opens those routes alone that declare one of them', async (t) => {
  const { guard } = await openGuard(t);
  const person = await api.person(1);
  const { key } = await makeKey(api, person.token, { access: 1, operations: ['getMe', 'listUsers'] });
  t.equal(await say(guard, key), 'operation-not-allowed');
  t.equal(await say(guard, key, 'user', { operation: 'deleteUser' }), 'operation-not-allowed');
  t.equal(await say(guard, key, 'user', { operation: 'listUsers' }), 200);
  t.equal(await say(guard, guardKey.key, 'user'), 'operation-not-allowed', 'the key of guards opens nothing');
});

t.test('A key never stands for a session, a recent sign-in or two factors', async (t) => {
  const { guard } = await openGuard(t);
  const service = await makeService(api, admin.token, 1);
  const wanted = { access: 1, operations: ['listUsers'] };
  const { key } = await makeServiceKey(api, admin.token, service, wanted);
  const operation = 'listUsers';
  t.equal(await say(guard, key, 'user', { operation }), 200);
  for (const rule of [{ session: true }, { maxAge: 900 }, { factors: 2 }] as const)
    t.equal(await say(guard, key, 'user', { ...rule, operation }), 'key-not-allowed', JSON.stringify(rule));
  t.equal(await say(guard, admin.token, 'user', { session: true }), 200);
});

t.test("SECOND_FACTOR_FROM limits persons' keys at once, and no service account's", async (t) => {
  const { guard, wire } = await openGuard(t);
  const person = await api.person(1);
  const service = await makeService(api, admin.token, 1);
  const own = await makeKey(api, person.token, { access: 1 });
  const other = await makeServiceKey(api, admin.token, service, { access: 1 });
  t.equal(await say(guard, own.key), 200);
  wire.alter = (answer) => ({ ...answer, secondFactor: { from: 1, below: 0 } });
  await until(async () => (await say(guard, own.key)) === 'access-denied', 3);
  t.equal(await say(guard, other.key), 200);
});

t.test('A second Authorization header is refused by the core and by each adapter', async (t) => {
  const { guard } = await openGuard(t);
  const { token } = await api.person(1);
  const bearer = `Bearer ${token}`;
  const ask = (authorization: readonly string[]) =>
    guard.verify(authorization, { minimum: 'user' }).then(
      () => 200,
      (error: unknown) => (error instanceof GuardProblem ? error.slug : error),
    );
  t.equal(await ask([bearer]), 200);
  t.equal(await ask([]), 'authentication-required');
  t.equal(await ask([bearer, bearer]), 'invalid-request');
  t.equal(await ask([`${bearer}, ${bearer}`]), 'invalid-request', 'as Headers joins them');

  const app = Fastify();
  t.teardown(() => app.close());
  await app.register(latchkeyGuard, { issuer, key: guardKey.key, guard });
  app.get('/reports', { config: { access: 'user' } }, async (request) => callerOf(request).sub);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const other = express();
  other.get('/reports', requireAccess(guard, 'user'), (_request, response) => void response.send('in'));
  const server = other.listen(0, '127.0.0.1');
  t.teardown(() => void server.close());
  await until(() => server.listening);
  for (const { address } of [{ address: app.server.address() }, { address: server.address() }]) {
    const { port } = Object(address);
    t.match(await statusLine(port, [bearer]), ' 200 ');
    t.match(await statusLine(port, [bearer, bearer]), ' 400 ');
    t.match(await statusLine(port, [bearer, 'Basic YTpi']), ' 400 ');
  }
});

t.test('The plugin guards routes for keys too', async (t) => {
  const { guard } = await openGuard(t);
  const app = Fastify();
  t.teardown(() => app.close());
  await app.register(latchkeyGuard, { issuer, key: guardKey.key, guard });
  const schemas: Record<string, unknown>[] = [];
  app.addHook('onRoute', ({ method, schema }) => {
    if (method === 'GET') schemas.push({ ...schema });
  });
  app.get('/reports', { config: { access: 'user' } }, async (request) => callerOf(request));
  app.get('/users', { config: { access: 'user', operation: 'listUsers' } }, async () => 'in');
  app.get('/own', { config: { access: 'user', session: true } }, async () => 'in');
  await app.ready();
  t.match(schemas, [
    { security: [{ accessToken: [] }, { apiKey: [] }] },
    { security: [{ accessToken: [] }, { apiKey: [] }] },
    { security: [{ accessToken: [] }], 'x-session': true },
  ]);
  const person = await api.person(1);
  const whole = await makeKey(api, person.token, { access: 1 });
  const narrowed = await makeKey(api, person.token, { access: 1, operations: ['listUsers', 'getUser'] });
  const ask = (url: string, { key }: { readonly key: string }) =>
    app.inject({ url, headers: { authorization: `Bearer ${key}` } });
  t.match((await ask('/reports', whole)).json(), { sub: person.id, key: whole.id });
  t.equal((await ask('/users', narrowed)).body, 'in');
  const refused = await ask('/reports', narrowed);
  t.match(refused.headers['www-authenticate'], /insufficient_scope/);
  t.match(refused.json(), {
    slug: 'operation-not-allowed',
    type: `${issuer}/problems/operation-not-allowed`,
  });
  t.match((await ask('/own', whole)).json(), { status: 403, slug: 'key-not-allowed' });
});

t.test('The plugin logs once a minute that introspection fails', async (t) => {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  const app = Fastify({ logger: { level: 'warn', stream } });
  t.teardown(() => app.close());
  const wire = wireTo(api.server);
  await app.register(latchkeyGuard, { issuer, key: guardKey.key, fetch: wire.fetch });
  app.get('/reports', { config: { access: 'user' } }, async () => 'in');
  await app.ready();
  let failures = 0;
  wire.hold = async (path) => {
    if (path === '/introspect') throw new TypeError(failures++ % 2 === 0 ? 'one' : 'other');
  };
  for (let n = 0; n < 6; n++) {
    const authorization = `Bearer ${newApiKey(randomUUID())}`;
    t.equal((await app.inject({ url: '/reports', headers: { authorization } })).statusCode, 503);
  }
  t.equal(failures, 6);
  t.equal(lines.length, 2, 'one line for each reason');
  t.notMatch(lines.join(), /lk_/);
});

/** Sends a request with several header fields, and returns the first line of the answer. */
async function statusLine(port: number, authorizations: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const fields = authorizations.map((value) => `Authorization: ${value}\r\n`).join('');
  socket.end(`GET /reports HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${fields}\r\n`);
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text.split('\r\n')[0] ?? '';
}
