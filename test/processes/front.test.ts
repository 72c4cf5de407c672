/**
 * What deploy/nginx/nginx.conf promises, with servers behind it that do as they are told.
 *
 * @runs once, on SQLite: it asks no database.
 */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import t from 'tap';
import type { Teardown } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { startFront } from './front.ts';

interface Seen {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** @param answers whether it answers; else it cuts the connection when it has the whole request */
async function startServer(t: Teardown, answers = true): Promise<{ port: number; seen: Seen[] }> {
  const port = await freePort();
  const seen: Seen[] = [];
  const server = createServer(({ url, method, headers, socket }, response) => {
    if (url !== '/health/live') seen.push({ method, headers });
    if (answers || url === '/health/live') response.end('{}');
    else socket.destroy();
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  t.teardown(() => void server.close());
  return { port, seen };
}

t.test('the client’s address and request id arrive, and none that a client made up', async (t) => {
  const { port, seen } = await startServer(t);
  const { url } = await startFront(t, [port]);
  const ask = async (headers: Record<string, string>) => {
    await fetch(`${url}/`, { headers });
    return seen.at(-1)?.headers ?? {};
  };
  t.match(await ask({ 'x-request-id': 'abc-123' }), { 'x-request-id': 'abc-123' });
  t.match(await ask({ 'x-forwarded-for': '203.0.113.9' }), { 'x-forwarded-for': /^(::ffff:)?127\.0\.0\.1$/ });
  const ids = [
    await ask({}),
    await ask({ 'x-request-id': 'a "b"' }),
    await ask({ 'x-request-id': 'a'.repeat(65) }),
  ];
  for (const { 'x-request-id': id } of ids) t.match(id, /^[0-9a-f-]{32,36}$/);
  t.equal(new Set(ids.map((headers) => headers['x-request-id'])).size, 3);
});

t.test('who does not listen is passed over, for a POST too', async (t) => {
  const { port, seen } = await startServer(t);
  const { url } = await startFront(t, [await freePort(), port, await freePort()]);
  for (let i = 0; i < 20; i++) {
    const { status } = await fetch(`${url}/`, {
      method: i % 2 ? 'POST' : 'GET',
      ...(i % 2 && { body: '{}' }),
    });
    t.equal(status, 200);
  }
  t.equal(seen.length, 20);
});

t.test('a POST that was sent is not sent again', async (t) => {
  const cut = await Promise.all([startServer(t, false), startServer(t, false)]);
  const { url } = await startFront(
    t,
    cut.map(({ port }) => port),
  );
  for (const method of ['POST', 'PATCH']) {
    const { status } = await fetch(`${url}/`, { method, body: '{}' });
    t.equal(status, 502);
    const arrived = cut.flatMap(({ seen }) => seen).filter((request) => request.method === method);
    t.equal(arrived.length, 1, method);
  }
});
