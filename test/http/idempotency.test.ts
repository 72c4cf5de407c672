/** Tests the Idempotency-Key: a repeated request changes nothing again. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import type {} from '#latchkey/http/plugins/idempotency.ts';
import { type Api, PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, waitingFor } from '../mailbox.ts';

const SECRET = 'the first secret of this test, long enough';
let failures = 0;
let done = 0;

/** A route of an embedding app, which fails as often as it is told to. */
async function ownRoutes(app: FastifyInstance) {
  app.post('/own', { config: { access: 'user', idempotent: true } }, async () => {
    done++;
    if (failures-- > 0) throw new Error('not now');
    return { done };
  });
  const headers = { type: 'object', required: ['x-shop'], properties: { 'x-shop': { type: 'string' } } };
  const config = { access: 'user', idempotent: true } as const;
  app.post('/orders', { config, schema: { headers } }, async ({ query }) => query);
}

const api = await startApi(t, { ...NO_MAIL_SERVER, SECRET }, { routes: ownRoutes });
const { ask, app, person } = api;
const { db } = app.accounts;
const [admin, other] = [await person(2), await person(2)];
const again = { DATABASE_URL: api.databaseUrl, DATA_DIR: app.config.dataDir, ...NO_MAIL_SERVER };
const second = await startApi(t, { ...again, SECRET });
const withoutMail = await startApi(t, { DATABASE_URL: api.databaseUrl, SECRET });

let addresses = 0;
const newAddress = () => `key-${addresses++}@example.com`;
const withKey = (key: string) => ({ headers: { 'idempotency-key': key } });
const invite = (key: string, body: object, { ask }: Api = api, { token } = admin) =>
  ask('POST', '/invitations', { token, body, ...withKey(key) });
const register = (key: string, body: object, { ask }: Api = api) =>
  ask('POST', '/register', { body: { name: 'Grace', password: PASSWORD, ...body }, ...withKey(key) });
const requestOf = (key: string, body: object) => ({
  route: 'POST /invitations',
  caller: `user ${admin.id}`,
  key,
  body,
});
const age = (seconds: number) =>
  db.idempotentRequest.updateMany({ data: { startedAt: new Date(Date.now() - seconds * 1000) } });
t.beforeEach(async () => void (await db.idempotentRequest.deleteMany()));

t.test('A request with the same key and body gets the same answer and changes nothing again', async (t) => {
  const [key, email] = [randomUUID(), newAddress()];
  const first = await invite(key, { email, access: 1 });
  t.equal(first.status, 201);
  for (const process of [api, second]) {
    const repeated = await invite(`"${key}"`, { access: 1, email }, process);
    t.equal(repeated.status, 201, 'quotes, and the order of members, do not matter');
    t.equal(repeated.text, first.text);
    t.equal(repeated.headers.location, first.headers.location);
    t.equal(repeated.headers['content-type'], first.headers['content-type']);
  }
  t.equal((await waitingFor(api, email)).length, 1);
  t.equal(await db.invitation.count({ where: { email } }), 1);
});

t.test('A repeated registration answers 201 without mail and 202 with mail', async (t) => {
  const [key, email] = [randomUUID(), newAddress()];
  const first = await register(key, { email }, withoutMail);
  t.equal(first.status, 201);
  const repeated = await register(key, { email }, withoutMail);
  t.equal(repeated.text, first.text);
  t.equal(repeated.headers.location, first.headers.location);
  t.equal(
    (await register(randomUUID(), { email }, withoutMail)).status,
    409,
    'another key is another request',
  );

  const mailed = newAddress();
  for (let i = 0; i < 2; i++) t.equal((await register(key, { email: mailed })).status, 202);
  t.equal((await waitingFor(api, mailed)).length, 1);
});

t.test('A key with another body is refused, also while the first request runs', async (t) => {
  const [key, email] = [randomUUID(), newAddress()];
  await app.idempotentRequests.begin(requestOf(key, { email }));
  t.match((await invite(key, { email, access: 2 })).body, { status: 422, type: /idempotency-key-reused$/ });
  const registered = newAddress();
  t.equal((await register(key, { email: registered })).status, 202);
  t.equal((await register(key, { email: registered, name: 'Other' })).status, 422);
});

t.test(
  'A password is not compared: a key that somebody knows does not tell whether a guess is right',
  async (t) => {
    const [key, email] = [randomUUID(), newAddress()];
    const first = await register(key, { email });
    const guess = await register(key, { email, password: 'a guess that is long enough' });
    t.strictSame([guess.status, guess.text], [first.status, first.text]);
    t.equal((await register(key, { email, name: 'Ada' })).status, 422, 'other members are compared');
  },
);

t.test('A key is valid for one caller and one route', async (t) => {
  const key = randomUUID();
  const [a, b] = [newAddress(), newAddress()];
  t.equal((await invite(key, { email: a })).status, 201);
  t.equal((await invite(key, { email: b }, api, other)).status, 201);
  t.equal((await register(key, { email: a })).status, 202);
  t.equal((await register(key, { email: b })).status, 202);
  t.match(
    (await invite(key, { email: a }, api, other)).body,
    { status: 422 },
    'a key of another caller is not found',
  );
});

t.test('A malformed Idempotency-Key is refused', async (t) => {
  const body = { email: newAddress() };
  for (const key of [
    '',
    ' ',
    'a b',
    '"',
    '""',
    '"a',
    'a"b',
    '"a"b"',
    '"a\\b"',
    'é',
    'a'.repeat(256),
    'a, b',
  ]) {
    const answer = await invite(key, body);
    t.equal(answer.status, 400, JSON.stringify(key));
    t.match(answer.body.errors, [{ in: 'headers', pointer: '/idempotency-key' }]);
    t.equal((await register(key, body)).status, 400, JSON.stringify(key));
  }
  const { status } = await ask('POST', '/invitations', { body, ...withKey('') });
  t.equal(status, 401, 'who asks is asked first');
  for (const key of ['a', '!#~', 'a'.repeat(255), '"a\\"\\\\b"', `"${'b'.repeat(255)}"`])
    t.equal((await invite(key, { email: newAddress() })).status, 201, key);
});

t.test('The query of an own route counts, and so do the headers that its schema asks for', async (t) => {
  const key = randomUUID();
  const order = (item: string, headers: Record<string, string> = { 'x-shop': 'a' }) =>
    api.server.inject({
      method: 'POST',
      url: `/orders?item=${item}`,
      headers: { authorization: `Bearer ${admin.token}`, 'idempotency-key': key, ...headers },
    });
  t.equal((await order('book', {})).statusCode, 400);
  t.strictSame((await order('book')).json(), { item: 'book' });
  t.strictSame((await order('book')).json(), { item: 'book' });
  t.match((await order('car')).json(), { status: 422 });
});

t.test('A failed request releases its key', async (t) => {
  const user = await person(1);
  const [key, body] = [randomUUID(), { email: user.email }];
  t.equal((await invite(key, body)).status, 409);
  t.equal((await invite(key, { email: newAddress(), access: 7 })).status, 400);
  await ask('DELETE', `/users/${user.id}`, { token: admin.token });
  t.equal((await invite(key, body)).status, 201, 'what was in the way has gone');

  failures = 1;
  const own = () => ask('POST', '/own', { token: admin.token, body: {}, ...withKey(key) });
  t.strictSame([(await own()).status, (await own()).status, (await own()).status], [500, 200, 200]);
  t.equal(done, 2);
});

t.test(
  'A request that still runs gets a 409, and one whose process has died is repeated after a minute',
  async (t) => {
    const [key, body] = [randomUUID(), { email: newAddress() }];
    const claim = await app.idempotentRequests.begin(requestOf(key, body));
    if (!('id' in claim)) throw new Error('not claimed');
    const waiting = await invite(key, body);
    t.match(waiting.body, { status: 409, type: /request-in-progress$/ });
    t.match(waiting.headers['retry-after'], /^\d+$/);
    await age(55);
    t.equal((await invite(key, body)).status, 409);
    await age(61);
    const after = await invite(key, body, second);
    t.equal(after.status, 201);

    // The process was alive after all, and only slow.
    await app.idempotentRequests.finish(claim, { status: 201, location: null, body: '{}' });
    await app.idempotentRequests.release(claim);
    t.equal((await invite(key, body)).text, after.text);
  },
);

t.test(
  'A request that died before the clock was set back is repeated without a wait until that time',
  async (t) => {
    const [key, body] = [randomUUID(), { email: newAddress() }];
    await app.idempotentRequests.begin(requestOf(key, body));
    await age(-55);
    t.equal((await invite(key, body)).status, 409);
    await age(-3_600);
    t.equal((await invite(key, body)).status, 201);
  },
);

t.test('One of many concurrent requests on two processes is carried out', async (t) => {
  for (let round = 0; round < 8; round++) {
    const [key, email] = [randomUUID(), newAddress()];
    if (round % 2 === 1) {
      await app.idempotentRequests.begin(requestOf(key, { email }));
      await age(61);
    }
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, i) => invite(key, { email }, i % 2 === 0 ? api : second)),
    );
    const statuses = answers.map(({ status }) => status);
    const texts = new Set(answers.filter(({ status }) => status === 201).map(({ text }) => text));
    t.equal(texts.size, 1, `round ${round}: ${statuses}`);
    t.ok(
      answers.every(({ status, body }) => status === 201 || /request-in-progress$/.test(body.type)),
      `round ${round}: ${statuses}`,
    );
    t.equal((await waitingFor(api, email)).length, 1);
  }
});

t.test('Answers are kept for a day, also after a change of SECRET, and are encrypted', async (t) => {
  const [key, email] = [randomUUID(), newAddress()];
  const first = await register(key, { email }, withoutMail);
  const [row] = await db.idempotentRequest.findMany();
  for (const secret of [key, email, 'Grace', PASSWORD, first.body.id])
    t.notMatch(JSON.stringify(row), secret);

  const rotated = { SECRET: 'the second secret of this test, also long', SECRET_PREVIOUS: SECRET };
  const third = await startApi(t, { DATABASE_URL: api.databaseUrl, ...rotated });
  t.equal((await register(key, { email }, third)).text, first.text);
  t.equal((await register(key, { email, name: 'Other' }, third)).status, 422);

  await age(86_300);
  t.equal(await app.idempotentRequests.prune(), 0);
  t.equal((await register(key, { email }, withoutMail)).status, 201);
  await age(86_400);
  t.equal((await register(key, { email }, withoutMail)).status, 409, 'it is another request');
  t.equal((await db.idempotentRequest.findMany()).length, 0, 'which has failed');
  await invite(key, { email: newAddress() });
  await age(86_400);
  t.equal(await app.idempotentRequests.prune(), 1);
});
