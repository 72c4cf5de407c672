/**
 * Tests the rate limit of one network, and to which network a request belongs.
 *
 * @runs once, on SQLite: requests are counted in memory.
 */
import { isIP } from 'node:net';
import type { InjectOptions } from 'fastify';
import t from 'tap';
import { makeKey } from '../api-keys/keys.ts';
import { type Api, startApi } from '../helper.ts';

const MAX_REQUESTS = 10;

async function from({ app }: Api, remoteAddress: string, options: InjectOptions = {}) {
  const { statusCode: status, headers, body } = await app.inject({ url: '/', remoteAddress, ...options });
  return { status, headers, body };
}

/**
 * Sends requests until one is refused.
 *
 * @returns the number of requests that were answered before
 */
async function exhaust(ask: (n: number) => ReturnType<typeof from>): Promise<number> {
  for (let n = 0; n < 3 * MAX_REQUESTS; n++) if ((await ask(n)).status === 429) return n;
  return Number.POSITIVE_INFINITY;
}

t.test('The RateLimit fields say how many requests are left, and a 429 says when to retry', async (t) => {
  const api = await startApi(t, { RATE_LIMIT: `${MAX_REQUESTS}` });
  for (let left = MAX_REQUESTS - 1; left >= 0; left--) {
    const { status, headers } = await from(api, '192.0.2.1');
    t.equal(status, 200);
    t.equal(headers['ratelimit-policy'], `"default";q=${MAX_REQUESTS};w=60`);
    t.match(headers.ratelimit, new RegExp(`^"default";r=${left};t=(60|[1-5]?[0-9])$`));
  }
  const { status, headers, body } = await from(api, '192.0.2.1');
  t.equal(status, 429);
  t.match(headers['content-type'], 'application/problem+json');
  t.match(JSON.parse(body), { type: /\/problems\/too-many-requests$/, status: 429, detail: /Retry-After/ });
  t.match(headers.ratelimit, /^"default";r=0;t=\d+$/);
  const wait = Number(headers['retry-after']);
  t.ok(wait >= 1 && wait <= 60, `${wait} seconds`);
  t.notOk(Object.keys(headers).some((name) => name.startsWith('x-ratelimit')));
  t.equal((await from(api, '192.0.2.2')).status, 200, 'others go on');
});

t.test('A refused request counts against the rate limit too', async (t) => {
  const refused: Record<string, InjectOptions> = {
    'no token': { url: '/me' },
    'no such route': { url: '/nothing' },
    'no such method': { url: '/login' },
    'no JSON': {
      method: 'POST',
      url: '/login',
      payload: '{',
      headers: { 'content-type': 'application/json' },
    },
  };
  for (const [name, options] of Object.entries(refused)) {
    const api = await startApi(t, { RATE_LIMIT: `${MAX_REQUESTS}` });
    t.equal(await exhaust(() => from(api, '192.0.2.1', options)), MAX_REQUESTS, name);
    t.equal((await from(api, '192.0.2.1')).status, 429, name);
  }
});

t.test('The addresses of an IPv6 network are counted as one', async (t) => {
  const api = await startApi(t, { RATE_LIMIT: `${MAX_REQUESTS}` });
  t.equal(await exhaust((n) => from(api, `2001:db8:0:1::${n}`)), MAX_REQUESTS);
  t.equal((await from(api, '2001:db8:0:2::1')).status, 200);
  t.equal(await exhaust(() => from(api, '::ffff:192.0.2.1')), MAX_REQUESTS);
  t.equal((await from(api, '192.0.2.1')).status, 429, 'an IPv4 address however it is written');
  t.equal(await exhaust((n) => from(api, `192.0.2.2:${20_000 + n}`)), MAX_REQUESTS, 'also with a port');
  t.equal((await from(api, '[2001:db8:0:1::9]:443')).status, 429, 'or in brackets');
  t.equal(await exhaust((n) => from(api, `made up ${n}`)), MAX_REQUESTS, 'what is no address is one place');
});

t.test('The networks of one /48 are counted together too', async (t) => {
  const api = await startApi(t, { RATE_LIMIT: `${MAX_REQUESTS}` });
  const fromEach = async (site: string) => {
    for (let n = 0; n < 10 * MAX_REQUESTS; n++) {
      const { status, headers } = await from(api, `2001:db8:${site}:${n.toString(16)}::1`);
      if (status === 429) return [n, headers['ratelimit-policy'], typeof headers['retry-after']];
    }
    return [];
  };
  t.strictSame(await fromEach('7'), [3 * MAX_REQUESTS, `"site";q=${3 * MAX_REQUESTS};w=60`, 'string']);
  t.equal((await from(api, '2001:db8:8::1')).status, 200, 'the next one');
  // Refused requests of one network do not affect its neighbours.
  for (let n = 0; n < 10 * MAX_REQUESTS; n++) await from(api, '2001:db8:9:1::1');
  t.equal((await from(api, '2001:db8:9:2::1')).status, 200);
});

t.test('A reader of the feed is not counted, and everyone else who asks for it is', async (t) => {
  const api = await startApi(t, { RATE_LIMIT: `${MAX_REQUESTS}` });
  const admin = await api.person(2);
  // Each of another admin: the limit leaves one write a minute to each.
  const own = async (operations: string[]) =>
    (await makeKey(api, (await api.person(2)).token, { access: 2, operations })).key;
  const [reader, narrowed] = [await own(['listRevocations']), await own(['getMe'])];
  const demoted = await api.person(2);
  const user = await api.person(1);
  // At the first sight of a token or a key, its request is counted.
  const read = (token: string, remoteAddress: string) =>
    exhaust(() =>
      from(api, remoteAddress, { url: '/revocations', headers: { authorization: `Bearer ${token}` } }),
    );
  t.equal(await read(admin.token, '192.0.2.1'), Number.POSITIVE_INFINITY, 'an admin');
  t.equal(await read(reader, '192.0.2.2'), Number.POSITIVE_INFINITY, 'a key');
  t.equal(await read(user.token, '192.0.2.3'), MAX_REQUESTS, 'below the level of the feed');
  t.equal(await read(narrowed, '192.0.2.4'), MAX_REQUESTS, 'a key for other operations');
  t.equal((await api.ask('GET', '/me', { token: demoted.token })).status, 200);
  const change = { token: admin.token, body: { access: 1 } };
  t.equal((await api.ask('PATCH', `/users/${demoted.id}`, change)).status, 200);
  t.equal(await read(demoted.token, '192.0.2.5'), MAX_REQUESTS, 'a token that was revoked');
});

t.test('Health checks are not counted, and a RATE_LIMIT of 0 means no limit', async (t) => {
  const api = await startApi(t, { RATE_LIMIT: `${MAX_REQUESTS}` });
  t.equal(await exhaust(() => from(api, '192.0.2.1', { url: '/health/live' })), Number.POSITIVE_INFINITY);
  t.equal(
    await exhaust(() => from(api, '192.0.2.9', { url: '/health/nothing' })),
    MAX_REQUESTS,
    'no health check',
  );
  const free = await startApi(t, { RATE_LIMIT: '0' });
  t.equal(await exhaust(() => from(free, '192.0.2.1')), Number.POSITIVE_INFINITY);
  t.notOk('ratelimit' in (await from(free, '192.0.2.1')).headers);
});

t.test('A client chooses its own address only behind a trusted proxy', async (t) => {
  const claim = (address: string) => ({ headers: { 'x-forwarded-for': address } });
  const variables = { RATE_LIMIT: `${MAX_REQUESTS}` };
  const none = await startApi(t, variables);
  t.equal(
    await exhaust((n) => from(none, '192.0.2.1', claim(`203.0.113.${n}`))),
    MAX_REQUESTS,
    'none is believed',
  );

  const hops = await startApi(t, { ...variables, TRUST_PROXY: '1' });
  // The proxy adds the address that it sees after what the client claims.
  const behind = (n: number) => from(hops, '10.0.0.1', claim(`203.0.113.${n}, 192.0.2.1`));
  t.equal(await exhaust(behind), MAX_REQUESTS, 'one hop');
  t.equal((await from(hops, '10.0.0.1', claim('192.0.2.2'))).status, 200);

  const { token } = await hops.person(0);
  for (const text of ['x'.repeat(9_000), 'unknown', '203.0.113.1:80', "203.0.113.1'--", '_hidden']) {
    await from(hops, '10.0.0.3', claim(text));
    const claimed = { token, headers: { 'x-forwarded-for': text } };
    await hops.ask('PATCH', '/me', { ...claimed, body: { name: 'Ada' } });
  }
  const { body } = await hops.ask('GET', '/me/activity', { token });
  t.ok(body.events.length > 0);
  for (const { ip } of body.events) t.ok(ip === null || isIP(ip) !== 0, ip);
  t.equal(await exhaust((n) => from(hops, '10.0.0.2', claim(`no-address-${n}`))), MAX_REQUESTS, 'no address');

  const networks = await startApi(t, { ...variables, TRUST_PROXY: '10.0.0.0/8, fd00::/8' });
  const outside = (n: number) => from(networks, '192.0.2.1', claim(`203.0.113.${n}`));
  t.equal(await exhaust(outside), MAX_REQUESTS, 'not a proxy');
  const inside = (n: number) => from(networks, '10.0.0.1', claim(`203.0.113.${n}, 192.0.2.9, 10.1.2.3`));
  t.equal(await exhaust(inside), MAX_REQUESTS, 'two of our proxies');
});
