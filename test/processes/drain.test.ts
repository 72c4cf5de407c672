/**
 * Graceful shutdown under load, as a load balancer sees it.
 *
 * @runs once, on SQLite: it is about connections.
 */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import { PASSWORD, type Teardown } from '../helper.ts';
import { until } from '../until.ts';
import { createCluster, type Member } from './cluster.ts';

/** Time in which a process ends, independent of its clients. */
const MAX_SHUTDOWN_MS = 10_000;

/** Load before the signal. */
const WARM_UP_MS = 1_000;

interface Ask {
  readonly method: string;
  readonly path: string;
  readonly token?: string;
  readonly body?: string;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  /** True when the connection ends with it. */
  readonly isLast: boolean;
}

/** Keep-alive connection. A request rejects when the connection breaks before the answer is complete. */
function openConnection(t: Teardown, url: string): (ask: Ask) => Promise<Answer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  return async ({ method, path, token, body = '' }) => {
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== '' && { 'content-type': 'application/json' }),
    };
    const sent = request(url + path, { agent, method, headers });
    sent.end(body);
    const [response] = await once(sent, 'response');
    let text = '';
    for await (const part of response.setEncoding('utf8')) text += part;
    return { status: response.statusCode, body: text, isLast: response.headers.connection === 'close' };
  };
}

/** Repeats a request until the process closes the connection. @returns the number of answers */
async function askUntilLast(t: Teardown, { url }: Member, ask: Ask, pause: number): Promise<number> {
  const send = openConnection(t, url);
  for (let answered = 0; ; ) {
    try {
      const { status, body, isLast } = await send(ask);
      // On a busy machine the process sheds load, which is an answer too.
      const isShed = JSON.parse(body).slug === 'busy';
      if (status !== 200 && !isShed) throw new Error(`${ask.path}: ${status} ${body}`);
      if (!isShed) answered++;
      if (isLast) return answered;
    } catch (error) {
      // It was closed while idle, and a new one is refused: no answer was promised.
      if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return answered;
      throw error;
    }
    await wait(pause);
  }
}

async function open(url: string): Promise<Socket> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  return socket;
}

const isRefused = (url: string) =>
  open(url).then(
    (socket) => {
      socket.destroy();
      return false;
    },
    () => true,
  );

t.test('No request on an accepted connection is cut off during a shutdown', async (t) => {
  const cluster = await createCluster(t, { RATE_LIMIT: '0' });
  const service = await cluster.start();
  const people = await Promise.all([1, 2, 3].map(() => cluster.person(service, 1)));
  const token = people[0]?.token ?? '';
  const read = { method: 'GET', path: '/me/permissions', token };
  const clients = [
    ...Array.from({ length: 24 }, () => askUntilLast(t, service, read, 0)),
    ...Array.from({ length: 8 }, (_, index) => askUntilLast(t, service, read, 20 * (index + 1))),
    // 220 KB each.
    ...[0, 100].map((pause) => askUntilLast(t, service, { method: 'GET', path: '/openapi.json' }, pause)),
    ...people.map(({ email }) => {
      const body = JSON.stringify({ email, password: PASSWORD });
      return askUntilLast(t, service, { method: 'POST', path: '/login', body }, 10);
    }),
  ];
  const outcomes = Promise.allSettled(clients);
  await wait(WARM_UP_MS);
  const told = performance.now();
  service.signal('SIGTERM');
  await until(() => isRefused(service.url));
  const ended = await service.ended;
  const took = Math.round(performance.now() - told);
  t.match(ended, { code: 0, signal: null, stderr: '' });

  const settled = await outcomes;
  const failures = settled.flatMap((outcome) =>
    outcome.status === 'rejected' ? [String(outcome.reason)] : [],
  );
  t.strictSame(failures, []);
  const answered = settled.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  t.ok(answered.every((count) => count > 0));
  const sum = answered.reduce((all, count) => all + count, 0);
  t.ok(
    took < MAX_SHUTDOWN_MS,
    `${clients.length} connections, ${sum} requests, all answered; ended after ${took} ms`,
  );
  t.comment(`${clients.length} connections, ${sum} requests, none cut off; ended after ${took} ms`);
});

t.test(
  'With SHUTDOWN_DELAY the service still answers, is not ready, and closes each connection',
  async (t) => {
    const delay = 2;
    const cluster = await createCluster(t);
    const service = await cluster.start({ SHUTDOWN_DELAY: String(delay), LOG_LEVEL: 'info' });
    const { token } = await cluster.person(service, 1);
    const send = openConnection(t, service.url);
    const ready = { method: 'GET', path: '/health/ready' };
    t.match(await send(ready), { status: 200, isLast: false });

    const told = performance.now();
    service.signal('SIGTERM');
    await until(async () => (await service.ask('GET', '/health/ready')).status === 503);
    const { status, body, isLast } = await send(ready);
    t.equal(status, 503);
    t.match(JSON.parse(body), { type: /\/problems\/not-ready$/ });
    t.ok(isLast);
    t.equal((await service.ask('GET', '/health/live')).status, 200, 'it lives');
    t.equal((await service.ask('GET', '/me/permissions', { token })).status, 200, 'and serves');
    t.ok(performance.now() - told < delay * 1_000, 'all that was during the delay');
    const { code, stdout } = await service.ended;
    t.equal(code, 0);
    t.ok(performance.now() - told >= delay * 1_000);
    t.match(stdout, /"signal":"SIGTERM","shutdownDelay":2000/);
  },
);

t.test(`Idle, stalled and slow clients delay the shutdown by less than ${MAX_SHUTDOWN_MS} ms`, async (t) => {
  const cluster = await createCluster(t);
  const service = await cluster.start();
  const sent = {
    nothing: '',
    'half a head': 'GET / HTTP/1.1\r\nHost: a\r\n',
    'half a body':
      'POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"',
    'a whole request, and reads no answer': 'GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(200),
  };
  for (const bytes of Object.values(sent)) {
    const socket = await open(service.url);
    socket.on('error', () => {});
    t.teardown(() => void socket.destroy());
    socket.pause();
    socket.write(bytes);
  }
  t.equal((await service.ask('GET', '/')).status, 200);
  const told = performance.now();
  service.signal('SIGTERM');
  const { code, signal } = await service.ended;
  const took = Math.round(performance.now() - told);
  t.strictSame([code, signal], [0, null]);
  t.ok(took < MAX_SHUTDOWN_MS, `it ended after ${took} ms`);
});
