/** Signing out: by the access token, by a refresh token, or by both. */
import t, { type Test } from 'tap';
import { startApi } from '../helper.ts';
import { craftToken, testSigningKey } from '../tokens.ts';
import { isAccepted, open, type Pair, pairOf, refresh, setTime } from './client.ts';

const api = await startApi(t, { JWT_PRIVATE_KEY: testSigningKey.pem });
const { db } = api.app.accounts;
const user = await api.person(1);
const now = Math.floor(Date.now() / 1000);
const { publicUrl } = api.app.config;
const expired = craftToken({
  iss: publicUrl,
  aud: publicUrl,
  sub: user.id,
  access: 1,
  iat: now - 1000,
  auth_time: now - 1000,
  exp: now - 100,
});

/** The Authorization headers, and the answers to them when there is no refresh token. */
const callers: [who: string, header: string | undefined, status: number, slug: string][] = [
  ['no header', undefined, 401, 'authentication-required'],
  ['another scheme', 'Basic YTpi', 401, 'authentication-required'],
  ['a malformed header', 'Bearer a b', 400, 'invalid-request'],
  ['no JWT', 'Bearer abc', 401, 'invalid-token'],
  ['an expired token', `Bearer ${expired}`, 401, 'invalid-token'],
  ['a token of a session that has ended', `Bearer ${await endedToken()}`, 401, 'invalid-token'],
];

async function endedToken(): Promise<string> {
  const { accessToken } = await open(api, user.id);
  await signOut(`Bearer ${accessToken}`);
  return accessToken;
}

function signOut(authorization: string | undefined, body?: unknown) {
  const headers = { ...(authorization !== undefined && { authorization }) };
  return api.ask('POST', '/logout', { headers, ...(body !== undefined && { body }) });
}

async function isAlive(pair: Pair): Promise<boolean> {
  const row = await db.session.findUnique({ where: { id: pair.sessionId } });
  const isLet = await isAccepted(api, pair.accessToken);
  if ((row !== null) !== isLet) throw new Error('A session and its access tokens do not end together');
  return isLet;
}

/** The audit events about the end of a session. */
async function eventsOf(userId: string, sessionId: string) {
  const events = await db.auditEvent.findMany({
    where: { targetId: userId, before: { contains: sessionId } },
    select: { action: true, actorId: true },
  });
  return events;
}

t.test('Signing out without a refresh token requires a valid access token', async (t) => {
  for (const body of [undefined, {}])
    for (const [who, header, status, slug] of callers) {
      const answer = await signOut(header, body);
      t.equal(answer.status, status, who);
      t.match(answer.body.type, new RegExp(`/problems/${slug}$`), who);
      t.match(answer.headers['www-authenticate'], /^Bearer realm="latchkey"/, who);
    }
  for (const body of [undefined, {}]) {
    const pair = await open(api, user.id);
    t.equal((await signOut(`Bearer ${pair.accessToken}`, body)).status, 204);
    t.notOk(await isAlive(pair));
  }
});

t.test('A refresh token ends its session with any access token', async (t) => {
  for (const [who, header] of callers) {
    const [pair, other] = [await open(api, user.id), await open(api, user.id)];
    t.equal((await signOut(header, { refreshToken: pair.refreshToken })).status, 204, who);
    t.notOk(await isAlive(pair), who);
    t.equal((await refresh(api, pair.refreshToken)).status, 401, who);
    t.ok(await isAlive(other), `${who}: no other session`);
    t.strictSame(
      await eventsOf(user.id, pair.sessionId),
      [{ action: 'session.ended', actorId: user.id }],
      who,
    );
  }
});

t.test('Signing out with both tokens ends both sessions, and a shared session once', async (t) => {
  const [one, two] = [await open(api, user.id), await open(api, user.id)];
  t.equal((await signOut(`Bearer ${one.accessToken}`, { refreshToken: two.refreshToken })).status, 204);
  t.notOk(await isAlive(one));
  t.notOk(await isAlive(two));
  const same = await open(api, user.id);
  t.equal((await signOut(`Bearer ${same.accessToken}`, { refreshToken: same.refreshToken })).status, 204);
  t.equal((await eventsOf(user.id, same.sessionId)).length, 1);
});

/** A session that was refreshed twice. */
async function refreshedTwice(): Promise<[first: Pair, second: Pair, third: Pair]> {
  const first = await open(api, user.id);
  const second = pairOf(await refresh(api, first.refreshToken));
  return [first, second, pairOf(await refresh(api, second.refreshToken))];
}

t.test('A used refresh token ends its session, and counts as stolen after 10 s', async (t) => {
  const cases: [name: string, which: 0 | 1, age: number, isStolen: boolean][] = [
    ['the one before, whose answer may have been lost', 1, 0, false],
    ['the one before, a while later', 1, -60, true],
    ['an older one', 0, 0, true],
  ];
  for (const [name, which, age, isStolen] of cases) {
    const pairs = await refreshedTwice();
    const [, , last] = pairs;
    await setTime(api, last.sessionId, 'rotatedAt', age);
    const mails = await db.mail.count({ where: { template: 'reuse-detected' } });
    t.equal((await signOut(undefined, { refreshToken: pairs[which].refreshToken })).status, 204, name);
    t.notOk(await isAlive(last), `${name}: the session ends`);
    const event = isStolen
      ? { action: 'session.reuse-detected', actorId: null }
      : { action: 'session.ended', actorId: user.id };
    t.strictSame(await eventsOf(user.id, last.sessionId), [event], name);
    const told = (await db.mail.count({ where: { template: 'reuse-detected' } })) - mails;
    t.equal(told, Number(isStolen), `${name}: its user is told, as after a refresh`);
  }
});

t.test('The answer does not tell whether a refresh token is valid', async (t) => {
  const alive = await open(api, user.id);
  const [head] = alive.refreshToken.split(/(?<=\.)(?=[^.]*$)/);
  const worthless: Record<string, string> = {
    nothing: '',
    'no token': 'abc',
    'a forged one': `${head}${'A'.repeat(43)}`,
    'of a session that was signed out': await endedRefreshToken(),
    'of an idle session': await refreshTokenOf(async ({ sessionId }) =>
      setTime(api, sessionId, 'idleUntil', 0),
    ),
    'of a session whose row has gone': await refreshTokenOf(({ sessionId }) =>
      db.session.delete({ where: { id: sessionId } }),
    ),
  };
  const events = await db.auditEvent.count();
  for (const [name, refreshToken] of Object.entries(worthless)) {
    const { status, text } = await signOut(undefined, { refreshToken });
    t.strictSame({ status, text }, { status: 204, text: '' }, name);
  }
  t.equal(await db.auditEvent.count(), events, 'and nothing is recorded');
  t.ok(await isAlive(alive));
});

async function refreshTokenOf(end: (pair: Pair) => Promise<unknown>): Promise<string> {
  const pair = await open(api, user.id);
  await end(pair);
  return pair.refreshToken;
}

function endedRefreshToken(): Promise<string> {
  return refreshTokenOf(({ accessToken }) => signOut(`Bearer ${accessToken}`));
}

t.test('An invalid body ends no session', async (t) => {
  const pair = await open(api, user.id);
  const header = `Bearer ${pair.accessToken}`;
  const { refreshToken } = pair;
  const wrong: [body: unknown, status: number][] = [
    [{ refreshToken, everywhere: true }, 400],
    [{ refreshToken: null }, 400],
    [{ refreshToken: [refreshToken] }, 400],
    [{ refreshToken: 'a'.repeat(257) }, 400],
    [[refreshToken], 400],
  ];
  for (const [body, status] of wrong) await refuses(t, header, body, status);
  const json = { authorization: header, 'content-type': 'application/json' };
  for (const body of ['null', '{', '"a"'])
    t.equal((await api.ask('POST', '/logout', { headers: json, body })).status, 400, body);
  t.ok(await isAlive(pair));
  t.equal(
    (await api.ask('POST', '/logout', { headers: json, body: '' })).status,
    204,
    'nothing, called JSON',
  );
});

async function refuses(t: Test, header: string, body: unknown, status: number): Promise<void> {
  t.equal((await signOut(header, body)).status, status, JSON.stringify(body));
}
