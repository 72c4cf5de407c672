/**
 * Behaviour of deploy/nginx/nginx.conf, with stub servers behind it.
 *
 * @runs once, on SQLite: it asks no database.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import t from 'tap';
import type { Teardown } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { startFront } from './front.ts';

interface Seen {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** @param answers whether it answers; else it cuts the connection after the complete request */
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

t.test('The proxy passes on the client’s address and request id, and no forged ones', async (t) => {
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

t.test('A process that does not listen is skipped, for a POST too', async (t) => {
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

t.test('The proxy repeats a POST to Latchkey’s routes, once per process', async (t) => {
  const cut = await Promise.all([startServer(t, false), startServer(t, false)]);
  const { url } = await startFront(
    t,
    cut.map(({ port }) => port),
  );
  for (const method of ['POST', 'PATCH']) {
    for (const [path, times] of [
      ['/invitations', 2],
      ['/users/1', 2],
      ['/orders', 1],
      ['/invitations-of-yours', 1],
    ] as const) {
      const { status } = await fetch(url + path, { method, body: '{}' });
      t.equal(status, 502);
      const arrived = cut.flatMap(({ seen }) => seen.splice(0));
      t.equal(arrived.length, times, `${method} ${path}`);
    }
  }
});

t.test(
  'The proxy passes on the Idempotency-Key, or adds one that stays the same in a repetition',
  async (t) => {
    const [cut, other] = await Promise.all([startServer(t, false), startServer(t)]);
    const { url } = await startFront(t, [cut.port, other.port]);
    const ask = async (headers: Record<string, string>) => {
      for (let i = 0; i < 10; i++) {
        await fetch(`${url}/register`, { method: 'POST', headers, body: '{}' });
        const keys = [cut, other]
          .flatMap(({ seen }) => seen.splice(0))
          .map(({ headers }) => headers['idempotency-key']);
        if (keys.length === 2) return keys;
      }
      throw new Error('None was sent twice');
    };
    t.strictSame(await ask({ 'idempotency-key': 'mine' }), ['mine', 'mine']);
    const seen = new Set<unknown>();
    for (const headers of [{}, {}, { 'idempotency-key': '' }]) {
      const [first, second] = await ask(headers);
      t.match(first, /^[0-9a-f]{32}$/);
      t.equal(second, first);
      seen.add(first);
    }
    t.equal(seen.size, 3);
  },
);

t.test(
  'Every POST and PATCH of the contract is repeated, and no request is repeated for taking long',
  async (t) => {
    const conf = await readFile('deploy/nginx/nginx.conf', 'utf8');
    const paths = new RegExp(/^ *location ~ (\S+) /m.exec(conf)?.[1] ?? '^$');
    const contract = JSON.parse(await readFile('openapi/openapi.json', 'utf8'));
    const changing = Object.keys(contract.paths).filter((path) =>
      /post|patch/.test(Object.keys(contract.paths[path]).join()),
    );
    t.ok(changing.length > 10);
    t.strictSame(
      changing.filter((path) => !paths.test(path)),
      [],
    );
    const secondsOf = (name: string) => Number(new RegExp(`^ *${name} (\\d+)s;`, 'm').exec(conf)?.[1]);
    t.ok(secondsOf('proxy_next_upstream_timeout') < secondsOf('proxy_read_timeout'));
    t.ok(secondsOf('proxy_next_upstream_timeout') < secondsOf('proxy_send_timeout'));
  },
);
