/**
 * Tests the id of a request: from its sender when it is well-formed, in each answer, in the log and in the
 * audit.
 *
 * @runs once, on SQLite: it depends on no row.
 */
import t from 'tap';
import { newId } from '#latchkey/lib/id.ts';
import { newApiKey } from '#latchkey/tokens/api-key.ts';
import { serve, temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PUBLIC_URL, startApi } from '../helper.ts';
import { request, send } from '../raw.ts';

/** The id of a request that sends none, or one that is not well-formed. */
const drawn = /^[0-9a-f]{24}$/;

const { app, ask, person } = await startApi(t, { CORS_ORIGINS: 'https://app.example.com' });

t.test('A well-formed request id is kept, and every other one is replaced', async (t) => {
  const taken = [
    'a',
    'req-1',
    '8e03978e-40d5-43dd-bc93-6894a57f9324',
    '4bf92f3577b34da6a3ce929d0e0e4736',
    'Root=1-67891233-abcdef012345678912345678',
    'http/edge:7+9.x_y',
    'x'.repeat(64),
  ];
  for (const id of taken) {
    const { headers } = await ask('GET', '/', { headers: { 'x-request-id': id } });
    t.equal(headers['x-request-id'], id);
  }
  const replaced = [
    '',
    ' ',
    'x'.repeat(65),
    // The length of the tokens of mails and challenges, and an API key.
    'x'.repeat(43),
    newApiKey(newId()),
    'a b',
    'a,b',
    'a\tb',
    '<b>',
    '"a"',
    "a'",
    'a;b',
    'a%0ab',
    '{}',
    'ä',
  ];
  for (const id of replaced) {
    const { headers } = await ask('GET', '/', { headers: { 'x-request-id': id } });
    t.match(headers['x-request-id'], drawn, JSON.stringify(id));
  }
  const { headers } = await app.inject({ url: '/', headers: { 'x-request-id': ['a', 'b'] } });
  t.match(headers['x-request-id'], drawn, 'two of them');
});

t.test('A token in the X-Request-Id header is not accepted as a request id', async (t) => {
  const { token, refreshToken } = await person(1);
  for (const secret of [token, refreshToken]) {
    const { headers } = await ask('GET', '/', { headers: { 'x-request-id': secret } });
    t.match(headers['x-request-id'], drawn);
  }
});

t.test('Every answer has a request id, and a problem has it in its body too', async (t) => {
  const { token } = await person(1);
  const json = { 'content-type': 'application/json' };
  const asked: [
    method: 'GET' | 'POST' | 'HEAD',
    url: string,
    headers: Record<string, string>,
    body?: string,
  ][] = [
    ['GET', '/', {}],
    ['HEAD', '/', {}],
    ['GET', '/docs', {}],
    ['GET', '/me', { authorization: `Bearer ${token}` }],
    ['GET', '/me', {}],
    ['GET', '/control-panel', { authorization: `Bearer ${token}` }],
    ['GET', '/nowhere', {}],
    ['POST', '/me', {}],
    ['GET', '/%zz', {}],
    ['GET', `/users/${'x'.repeat(200)}`, {}],
    ['POST', '/login', json, '{'],
    ['POST', '/login', json, '{}'],
    ['POST', '/login', { 'content-type': 'text/plain' }, 'a'],
    ['POST', '/login', json, ' '.repeat(70_000)],
  ];
  for (const [method, url, headers, body] of asked) {
    const id = `of-${method}`;
    const answer = await ask(method, url, { headers: { ...headers, 'x-request-id': id }, body });
    t.equal(answer.headers['x-request-id'], id, `${method} ${url.slice(0, 20)} ${answer.status}`);
    if (answer.status >= 400) t.equal(answer.body.requestId, id, url.slice(0, 20));
  }
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: '/me',
    headers: {
      origin: 'https://app.example.com',
      'access-control-request-method': 'GET',
      'x-request-id': 'p',
    },
  });
  t.equal(preflight.statusCode, 204);
  t.equal(preflight.headers['x-request-id'], 'p');
});

t.test('Scripts of the listed origins may read the request id', async (t) => {
  const { headers } = await ask('GET', '/', { headers: { origin: 'https://app.example.com' } });
  t.match(headers['access-control-expose-headers'], /X-Request-Id/);
});

t.test('The contract lists the request id for every answer', async (t) => {
  const { body } = await ask('GET', '/openapi.json');
  const answers = Object.values<Record<string, { responses: Record<string, { headers?: object }> }>>(
    body.paths,
  )
    .flatMap((path) => Object.values(path))
    .flatMap(({ responses }) => Object.values(responses));
  t.ok(answers.length > 100);
  for (const { headers } of answers)
    t.match(headers, { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } });
  t.match(body.components.headers.RequestId, { description: String, schema: { type: 'string' } });
});

t.test('The audit has the request id, and the same id sent twice makes two events', async (t) => {
  const admin = await person(2);
  const headers = { 'x-request-id': 'the-same' };
  for (const name of ['Ada', 'Grace'])
    t.equal((await ask('PATCH', '/me', { token: admin.token, body: { name }, headers })).status, 200);
  const { body } = await ask('GET', `/audit-events?target=${admin.id}`, { token: admin.token });
  t.match(
    body.events.map(
      ({ action, requestId }: { action: string; requestId: string }) => `${action} ${requestId}`,
    ),
    ['user.name-changed the-same', 'user.name-changed the-same'],
  );
});

t.test('A malformed HTTP request gets a new request id, which is in the log too', async (t) => {
  const { url: DATABASE_URL } = await createMigratedDatabase(t);
  const variables = { DATABASE_URL, DATA_DIR: await temporaryFolder(t), PUBLIC_URL };
  const service = await serve(t, variables);
  const garbage = await send(service.url, 'GARBAGE\r\n\r\n');
  t.equal(garbage.status, 400);
  const id = garbage.headers['x-request-id'];
  t.match(id, drawn);
  t.equal(JSON.parse(garbage.text).requestId, id);

  const known = await send(service.url, request('GET /nowhere', { 'X-Request-Id': 'known-by-its-sender' }));
  t.equal(known.headers['x-request-id'], 'known-by-its-sender');
  const { stdout } = await service.stop();
  for (const expected of [id, 'known-by-its-sender']) t.match(stdout, `"reqId":"${expected}"`);
});
