/**
 * Tests the limits on connections of unauthenticated callers.
 *
 * @runs once, on SQLite: it tests sockets.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { createHttpServer } from '#latchkey/http/http-server.ts';
import { defaultMaxConnections } from '#latchkey/http/plugins/connections.ts';
import { startApi, type Teardown } from '../helper.ts';
import { until } from '../until.ts';

function open(t: Teardown, url: string): { socket: Socket; text: () => string } {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  let text = '';
  socket.on('data', (part) => {
    text += part;
  });
  socket.on('error', () => {});
  t.teardown(() => void socket.destroy());
  return { socket, text: () => text };
}

const ask = 'GET / HTTP/1.1\r\nHost: latchkey.test\r\n\r\n';
const answersIn = (text: string) => text.split('HTTP/1.1 200').length - 1;

t.test('The default number of connections follows from the limit of open files', async (t) => {
  t.equal(defaultMaxConnections(undefined), 10_000);
  t.equal(defaultMaxConnections(1_000_000), 10_000);
  t.equal(defaultMaxConnections(1_024), 924);
  t.equal(defaultMaxConnections(100), 50);
});

t.test('A connection above MAX_CONNECTIONS is closed, and the others are served', async (t) => {
  const { server: app } = await startApi(t, { MAX_CONNECTIONS: '2' });
  const url = await app.listen({ port: 0 });
  const [first, second] = [open(t, url), open(t, url)];
  await Promise.all([once(first.socket, 'connect'), once(second.socket, 'connect')]);
  for (const { socket, text } of [first, second]) {
    socket.write(ask);
    await until(async () => answersIn(text()) === 1);
  }
  const third = open(t, url);
  await once(third.socket, 'close');
  t.equal(third.text(), '');
  first.socket.write(ask);
  await until(async () => answersIn(first.text()) === 2);
  second.socket.destroy();
  await until(async () => {
    const next = open(t, url);
    next.socket.write(ask);
    await Promise.race([once(next.socket, 'data'), once(next.socket, 'close')]);
    return answersIn(next.text()) === 1;
  });
});

t.test(
  'A hundred requests may wait on a connection, and a connection that sends more ahead is closed',
  async (t) => {
    const { server: app } = await startApi(t);
    const url = await app.listen({ port: 0 });
    const modest = open(t, url);
    modest.socket.write(ask.repeat(101));
    await until(async () => answersIn(modest.text()) === 101);
    modest.socket.write(ask.repeat(101));
    await until(async () => answersIn(modest.text()) === 202);
    t.notOk(modest.socket.destroyed);

    const greedy = open(t, url);
    greedy.socket.write(ask.repeat(1_000));
    await once(greedy.socket, 'close');
    t.ok(answersIn(greedy.text()) < 1_000);
    t.equal((await fetch(url)).status, 200);
  },
);

t.test('Requests that were read from a closed connection are not handled', async (t) => {
  let handled = 0;
  // Never answers, so that all other requests wait.
  const server = createHttpServer(() => void handled++, {});
  t.teardown(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { socket } = open(t, `http://127.0.0.1:${Object(server.address()).port}`);
  socket.write(ask.repeat(1_000));
  await once(socket, 'close');
  t.equal(handled, 101, 'the first one and a hundred that wait for it');
});

t.test('A connection ends after its last request, and the answer says so', async (t) => {
  const { server: app } = await startApi(t);
  t.equal(app.server.maxRequestsPerSocket, 10_000);
  app.server.maxRequestsPerSocket = 3;
  const url = await app.listen({ port: 0 });
  const { socket, text } = open(t, url);
  for (let count = 1; count <= 3; count++) {
    socket.write(ask);
    await until(async () => answersIn(text()) === count);
  }
  t.equal(text().split('Connection: close').length - 1, 1);
  const { length } = text();
  socket.write(ask);
  await once(socket, 'close');
  t.equal(text().length, length, 'who has not heard it gets no answer');
});

t.test('A service on localhost has one listener, which has the limits', async (t) => {
  const { server: app } = await startApi(t, { MAX_CONNECTIONS: '2' });
  await app.listen({ host: 'localhost', port: 0 });
  t.equal(app.addresses().length, 1);
  const [address] = app.addresses();
  t.equal(app.server.maxConnections, 2);
  t.equal((await fetch(`http://localhost:${Object(address).port}/`)).status, 200);
});

t.test('A connection that cannot be accepted does not end the process', async (t) => {
  const { server: app } = await startApi(t);
  const url = await app.listen({ port: 0 });
  app.server.emit('error', new Error('accept EMFILE'));
  t.equal((await fetch(url)).status, 200);
});
