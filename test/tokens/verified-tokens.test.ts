/**
 * Tests the cache of verified tokens: the number of its entries and their lifetime are limited.
 *
 * @runs once, on SQLite: the guard uses no database, which guard-queries.test.ts shows of both.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { requireAccess } from '#latchkey/access/guard.ts';
import { Problem } from '#latchkey/problems/problem.ts';
import { craftToken, encode, goodClaims, goodHeader, signedText } from '../tokens.ts';
import { startQuietApi } from './quiet-api.ts';

const { app, poll, inRounds, status: statusNow } = await startQuietApi(t);
const { verifiedTokens } = app;

/**
 * Keeps the feed fresh on a slow machine. With a stale one, the guard looks for a user, and there is none.
 */
const status: typeof statusNow = async (...request) => {
  if (!app.revocations.isFresh) await poll();
  return statusNow(...request);
};

/**
 * Makes a clock that is set while the feed stays fresh: a real one would be stale until the next poll, and
 * the guard would look for a user.
 */
function settableClock(t: Test): (time: number) => void {
  const clock = Date.now;
  Object.defineProperty(app.revocations, 'isFresh', { configurable: true, value: true });
  t.teardown(() => {
    Date.now = clock;
    Reflect.deleteProperty(app.revocations, 'isFresh');
  });
  return (time) => {
    Date.now = () => time;
  };
}

const now = () => Math.floor(Date.now() / 1000);

t.beforeEach(async () => {
  verifiedTokens.clear();
  await poll();
});

t.test('A token is verified once, and its claims are frozen', async (t) => {
  const header = `Bearer ${craftToken()}`;
  for (let i = 0; i < 3; i++) {
    const answer = await app.inject({ url: '/guests', headers: { authorization: header } });
    t.strictSame(answer.json(), { isFrozen: true });
    t.equal(verifiedTokens.size, 1);
  }
  const claims = verifiedTokens.get(header);
  t.throws(() => Object.assign(claims ?? {}, { access: 9 }), TypeError);

  const { verify } = app.tokens;
  let verified = 0;
  app.tokens.verify = (token) => {
    verified++;
    return verify(token);
  };
  t.teardown(() => {
    app.tokens.verify = verify;
  });
  t.equal(await status(header), 200);
  t.equal(verified, 0, 'a known one is not verified again');
  t.equal(await status(`Bearer ${craftToken()}`), 200);
  t.equal(verified, 1);
});

t.test('A cached token is refused after its exp', async (t) => {
  const exp = now() + 2;
  const header = `Bearer ${craftToken({ exp })}`;
  t.equal(await status(header), 200);
  t.ok(verifiedTokens.has(header));
  const statuses = new Set<number>();
  while (Date.now() < exp * 1000) {
    const answer = await status(header);
    // A request that is sent before the moment and answered after it proves nothing.
    if (Date.now() < exp * 1000) statuses.add(answer);
    await poll();
  }
  t.strictSame([...statuses], [200], 'to its last moment');
  const late = await app.inject({ url: '/guests', headers: { authorization: header } });
  t.equal(late.statusCode, 401);
  t.match(late.headers['www-authenticate'], 'error="invalid_token"');
  t.notOk(verifiedTokens.has(header), 'and is forgotten');
  t.equal(await status(header), 401);
  t.notOk(verifiedTokens.has(header));
});

t.test('A token is expired at exp itself (RFC 7519 section 4.1.4)', async (t) => {
  const header = `Bearer ${craftToken({ exp: now() + 100 })}`;
  t.equal(await status(header), 200);
  const { exp = 0 } = verifiedTokens.get(header) ?? {};
  const setClock = settableClock(t);
  for (const [at, expected] of [
    [exp * 1000 - 1, 200],
    [exp * 1000, 401],
  ] as const) {
    setClock(at);
    t.equal(await status(header), expected, `known, ${at - exp * 1000} ms`);
    verifiedTokens.clear();
    t.equal(await status(header), expected, `unknown, ${at - exp * 1000} ms`);
  }
});

t.test('A cached token whose iat is in the future is refused after the clock was set back', async (t) => {
  const header = `Bearer ${craftToken()}`;
  t.equal(await status(header), 200);
  const { iat = 0 } = verifiedTokens.get(header) ?? {};
  const setClock = settableClock(t);
  setClock((iat - 60) * 1000);
  t.equal(await status(header), 200, 'clocks of two processes may differ by a minute');
  setClock((iat - 60) * 1000 - 1);
  t.equal(await status(header), 401);
  t.notOk(verifiedTokens.has(header), 'and is forgotten');
});

t.test('A refused token never enters the cache, whichever check fails', async (t) => {
  const [header, payload, signature] = craftToken().split('.');
  const refused: Record<string, string> = {
    'not canonical': `${header}.${payload}.${signature}=`,
    'a fourth member in the header': craftToken({}, { header: { cty: 'JWT' } }),
    'another spelling of the type': craftToken({}, { header: { typ: 'AT+JWT' } }),
    'the type as a media type': craftToken({}, { header: { typ: 'application/at+jwt' } }),
    'another signature': craftToken({}, { otherKey: true }),
    'another issuer': craftToken({ iss: 'http://elsewhere.test' }),
    'a list of audiences': craftToken({ aud: [goodClaims().aud] }),
    'another audience': craftToken({ aud: 'http://elsewhere.test' }),
    'a missing claim': craftToken({ jti: undefined }),
    'a claim of another type': craftToken({ access: '2' }),
    expired: craftToken({ iat: now() - 1000, auth_time: now() - 1000, exp: now() - 1 }),
    'issued in the future': craftToken({ iat: now() + 100 }),
    'not valid yet': craftToken({ nbf: now() + 100 }),
    'never valid': signedText(JSON.stringify(goodClaims()).replace('{', '{"nbf":1e999,')),
  };
  for (const [name, token] of Object.entries(refused)) {
    t.match(await status(`Bearer ${token}`), /40[01]/, name);
    t.equal(verifiedTokens.size, 0, name);
  }
  t.equal(await status(`Bearer ${craftToken()}`), 200);
  t.equal(verifiedTokens.size, 1, 'an accepted one enters');
});

t.test('The cache of @fastify/jwt is off', async (t) => {
  const token = craftToken();
  t.not(app.tokens.verify(token), app.tokens.verify(token), 'claims are read anew');
  t.equal(verifiedTokens.size, 0);
});

t.test('A cached token whose level is too low is refused each time', async (t) => {
  const header = `Bearer ${craftToken({ access: 1 })}`;
  for (let i = 0; i < 3; i++) {
    t.equal(await status(header, '/users-only'), 200);
    t.equal(await status(header, '/admins'), 403);
  }
  const guest = `Bearer ${craftToken({ access: 0 })}`;
  for (let i = 0; i < 3; i++)
    t.equal(await status(guest, '/users-only'), 403, 'also when it was never let in');
  const old = `Bearer ${craftToken({ auth_time: now() - 901 })}`;
  for (let i = 0; i < 3; i++) {
    t.equal(await status(old), 200);
    t.equal(await status(old, '/recent'), 401, 'and where its sign-in is too long ago');
  }
});

t.test('A cached token is refused once it is revoked', async (t) => {
  const [sub, sid] = [randomUUID(), randomUUID()];
  const [bySub, bySid] = [craftToken({ sub }), craftToken({ sid })].map((token) => `Bearer ${token}`);
  for (const [header = '', revocation] of [
    [bySub, { userId: sub, generation: 1 }],
    [bySid, { sessionId: sid }],
  ] as const) {
    t.equal(await status(header), 200);
    app.revocations.apply([{ ...revocation, lastIssuedAt: null }], new Date());
    for (let i = 0; i < 2; i++) t.equal(await status(header), 401);
  }
});

t.test('A cached token that is also sent in the query is refused', async (t) => {
  const token = craftToken();
  t.equal(await status(`Bearer ${token}`), 200);
  t.equal(await status(`Bearer ${token}`, `/guests?access_token=${token}`), 400);
});

t.test('The cache is bounded and evicts the least recently used token', async (t) => {
  const { max } = verifiedTokens;
  t.equal(max, 25_000);
  const claims = { ...goodClaims() } as never;
  const [used, unused] = [craftToken(), craftToken()].map((token) => `Bearer ${token}`);
  t.equal(await status(unused ?? ''), 200);
  t.equal(await status(used ?? ''), 200);
  let largest = 0;
  for (let n = 0; n < 3 * max; n++) {
    verifiedTokens.set(`Bearer ${10_000_000 + n}`, claims);
    verifiedTokens.get(used ?? '');
    largest = Math.max(largest, verifiedTokens.size);
  }
  t.ok(largest <= max, `${largest} at a time`);
  t.ok(largest > max / 2);
  t.ok(verifiedTokens.has(used ?? ''));
  t.notOk(verifiedTokens.has(unused ?? ''));
  t.equal(await status(unused ?? ''), 200, 'it is verified again');
  t.ok(verifiedTokens.has(unused ?? ''));
});

t.test('A token with the same signature and another header is not a cache hit', (t) => {
  const [one, other] = ['Bearer header.claims.signature', 'Bearer header.others.signature'];
  const [first, second] = [
    { ...goodClaims(), sub: '1' },
    { ...goodClaims(), sub: '2' },
  ] as never[];
  verifiedTokens.set(one, first!);
  t.equal(verifiedTokens.get(other), undefined);
  t.notOk(verifiedTokens.has(other));
  verifiedTokens.delete(other);
  t.equal(verifiedTokens.get(one), first, 'deleting the other leaves the one');
  verifiedTokens.set(other, second!);
  t.equal(verifiedTokens.get(other), second);
  t.equal(verifiedTokens.get(one), undefined);
  t.equal(verifiedTokens.size, 1);
  t.end();
});

t.test('A header has one spelling in the cache, however long it is', async (t) => {
  const token = craftToken();
  for (let spaces = 1; spaces <= 100; spaces++) {
    t.equal(await status(`Bearer${' '.repeat(spaces * 100)}${token}`), 200);
    t.equal(await status(`Bearer ${token}${' '.repeat(spaces)}`), 200);
  }
  t.ok(verifiedTokens.size <= 1, `${verifiedTokens.size} entries of one token`);
  const longest = Math.max(0, ...[...verifiedTokens.keys()].map((key) => key.length));
  t.ok(longest < 1500, `${longest} characters, 25,000 times`);
});

t.test('A header with the same end as a cached one is not a cache hit', async (t) => {
  const token = craftToken({ access: 2 });
  t.equal(await status(`Bearer ${token}`, '/admins'), 200);
  const [header = '', , signature = ''] = token.split('.');
  const forged = `${header}.${encode({ ...goodClaims(), access: 2, sub: randomUUID() })}.${signature}`;
  for (const like of [forged, token.slice(1), `a${token}`, token.slice(-43)]) {
    t.equal(await status(`Bearer ${like}`, '/admins'), 401, like.slice(0, 20));
    t.notOk(verifiedTokens.has(`Bearer ${like}`));
  }
  t.equal(await status(`bearer ${token}`, '/admins'), 200, 'another spelling of the scheme is verified anew');
  t.equal(await status(`Bearer ${token}`, '/admins'), 200);
});

t.test('A flood of refused tokens, more than the cache holds, evicts no entry', async (t) => {
  const { max } = verifiedTokens;
  const flood = max + 1_000;
  const claims = { ...goodClaims() } as never;
  for (let n = 0; n < max - 1; n++) verifiedTokens.set(`Bearer ${10_000_000 + n}`, claims);
  const known = `Bearer ${craftToken()}`;
  t.equal(await status(known), 200);
  const entries = new Set(verifiedTokens.keys());
  t.equal(entries.size, max, 'it is full');

  const [header = '', payload = '', signature = ''] = craftToken().split('.');
  const past = now() - 1000;
  const expired = Array.from({ length: 500 }, () =>
    craftToken({ iat: past, auth_time: past, exp: past + 900 }),
  );
  const forged = Array.from({ length: 500 }, () => craftToken({}, { otherKey: true }));
  // Signed by the key of the service: all errors in them are found after the signature.
  const early = Array.from({ length: 500 }, () => craftToken({ iat: now() + 3600 }));
  const misshapen = Array.from({ length: 500 }, () => craftToken({ access: '2' }));
  const kinds: ((n: number) => string)[] = [
    () => randomBytes(32).toString('base64url'),
    (n) => `${header}.${encode({ ...goodClaims(), n })}.${signature}`,
    (n) => `${encode({ ...goodHeader, kid: `${n}` })}.${payload}.${signature}`,
    (n) => `${encode({ ...goodHeader, alg: 'none' })}.${encode({ n })}.`,
    (n) => `${header}.${payload}.${Buffer.alloc(64, n).toString('base64url')}`,
    (n) => `${header}.${payload}.${signature}${n}`,
    (n) => expired[n % 500] ?? '',
    (n) => forged[n % 500] ?? '',
    (n) => `${encode({ ...goodHeader, n })}.${payload}.${signature}`,
    (n) => `a b ${n}`,
    (n) => early[n % 500] ?? '',
    (n) => misshapen[n % 500] ?? '',
  ];
  for (const make of kinds) t.match(await status(`Bearer ${make(0)}`), /40[01]/, make(0));

  // Calls the hook itself: requests and answers would take ten times as long.
  const guard = requireAccess(0) as unknown as Hook;
  let refused = 0;
  await inRounds(flood, 500, async (n) => {
    const headers = { authorization: `Bearer ${kinds[n % kinds.length]?.(n)}` };
    guard({ headers, raw: { rawHeaders: [] }, url: '/guests', server: app }, {}, (error) => {
      if (error instanceof Problem && [400, 401].includes(error.statusCode)) refused++;
    });
  });
  t.equal(refused, flood);
  t.equal(verifiedTokens.size, max);
  t.ok([...verifiedTokens.keys()].every((key) => entries.has(key)));
  t.ok(verifiedTokens.has(known));
});

/** A preHandler hook, with the parts that the guard uses. */
type Hook = (request: unknown, reply: unknown, done: (error?: Error) => void) => void;
