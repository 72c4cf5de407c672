/**
 * Tests the limits on the size, the depth and the time of a request.
 *
 * @runs once, on SQLite: it tests sockets.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { type Api, PASSWORD, startApi, type Teardown } from '../helper.ts';
import { request, send } from '../raw.ts';
import { until } from '../until.ts';

/** Starts an app that listens, with shorter timeouts than in production. */
async function listen(t: Teardown): Promise<{ api: Api; url: string }> {
  const api = await startApi(t);
  api.server.server.headersTimeout = 1_000;
  api.server.server.requestTimeout = 2_000;
  return { api, url: await api.server.listen({ port: 0 }) };
}

t.test(
  'A client in production has 10 seconds for its header fields and 20 for the whole request',
  async (t) => {
    const { app } = await startApi(t);
    t.equal(app.server.headersTimeout, 10_000);
    t.equal(app.server.requestTimeout, 20_000);
    t.equal(app.initialConfig.bodyLimit, 16 * 1024);
  },
);

t.test('A request that is too long is refused before it is validated', async (t) => {
  const { url } = await listen(t);
  const body = JSON.stringify({ email: 'ada@example.com', password: 'x'.repeat(16 * 1024) });
  const refused: Record<string, [bytes: Buffer, status: number]> = {
    'a parameter of the path': [request(`GET /problems/${'a'.repeat(101)}`), 414],
    'a URL': [request(`GET /?${'a'.repeat(20_000)}`), 431],
    'a header field': [request('GET /me', { Authorization: `Bearer ${'a'.repeat(20_000)}` }), 431],
    'many header fields': [
      request(
        'GET /me',
        Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`X-Field-${n}`, 'some value'])),
      ),
      431,
    ],
    'a body': [request('POST /login', {}, body), 413],
    'a body that says it is longer': [request('POST /login', { 'Content-Length': '10000000000' }, '{}'), 413],
  };
  for (const [name, [bytes, status]] of Object.entries(refused)) {
    const answer = await send(url, bytes);
    t.equal(answer.status, status, name);
    t.match(JSON.parse(answer.text), { status, title: /\w/, detail: /\w/ }, name);
  }
  t.equal((await send(url, request('GET /'))).status, 200);
});

t.test('JSON with 16 levels is accepted and JSON with 17 levels is refused', async (t) => {
  const { ask } = await startApi(t);
  const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  const post = async (body: string) =>
    (await ask('POST', '/login', { body, headers: { 'content-type': 'application/json' } })).body;
  t.match(await post(nested(16)), { type: /validation-failed$/ });
  t.match(await post(nested(17)), { type: /malformed-json$/, detail: /levels/ });
  // Brackets in a string are not levels.
  t.match(await post(`{"email":"${'[{'.repeat(50)}\\"[","password":"${PASSWORD}"}`), {
    type: /invalid-credentials$/,
  });
});

t.test('A request without a body may have the content type of JSON', async (t) => {
  const { ask, person } = await startApi(t);
  const { token } = await person(1);
  const empty = { token, body: '', headers: { 'content-type': 'application/json' } };
  t.match((await ask('POST', '/login', empty)).body, { type: /validation-failed$/ }, 'where there is a body');
  t.equal((await ask('POST', '/logout', empty)).status, 204);
  t.match(
    (await ask('POST', '/logout', empty)).body,
    { type: /invalid-token$/ },
    'the token has been revoked',
  );
});

const beginnings = {
  'header fields': 'POST /login HTTP/1.1\r\nHost: latchkey.test\r\nX-Slow: ',
  'a body':
    'POST /login HTTP/1.1\r\nHost: latchkey.test\r\nContent-Type: application/json\r\nContent-Length: 16000\r\n\r\n',
};

for (const [name, beginning] of Object.entries(beginnings))
  t.test(`A client that sends ${name} too slowly gets a 408`, async (t) => {
    const { url } = await listen(t);
    const { status, text } = await send(url, beginning);
    t.equal(status, 408);
    t.match(JSON.parse(text), { type: /\/problems\/request-timeout$/ });
  });

t.test('500 slow clients delay no other client and are disconnected in the end', async (t) => {
  const { api, url } = await listen(t);
  const { token } = await api.person(1);
  const { hostname, port } = new URL(url);
  const sockets: Socket[] = [];
  let closed = 0;
  for (let n = 0; n < 500; n++) {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on('error', () => {});
    socket.on('close', () => closed++);
    socket.resume();
    socket.write(Object.values(beginnings)[n % 2] ?? '');
    sockets.push(socket);
  }
  const dribble = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write('x');
  }, 50);
  t.teardown(() => clearInterval(dribble));
  await Promise.all(sockets.map((socket) => socket.connecting && once(socket, 'connect')));
  t.equal(closed, 0);
  let answered = 0;
  await until(async () => {
    const { status } = await fetch(`${url}/me`, { headers: { authorization: `Bearer ${token}` } });
    if (status === 200) answered++;
    return closed === 500;
  });
  t.ok(answered >= 10, `${answered} requests of another client were answered meanwhile`);
});
