/** The levels of SECOND_FACTOR_FROM: tokens with one factor stay below, wherever the level comes from. */
import t from 'tap';
import { requireGrantable } from '#latchkey/accounts/authority.ts';
import { type ActorChange, makeChange, recheckActor } from '#latchkey/accounts/change.ts';
import { operator } from '#latchkey/accounts/context.ts';
import { Problem } from '#latchkey/problems/problem.ts';
import { failure } from '../db/failure.ts';
import { type Api, device, startApi } from '../helper.ts';
import { testSigningKey } from '../tokens.ts';
import { until } from '../until.ts';
import { isAccepted, open, openWithTwoFactors, pairOf, readClaims, refresh, setTime } from './client.ts';

const DAY = 86_400;
const keys = { JWT_PRIVATE_KEY: testSigningKey.pem, SECRET: 'a secret of a test, which has 32 characters' };
const api = await startApi(t, { ...keys, SECOND_FACTOR_FROM: 'admin', ACCESS_TOKEN_TTL: '3600' });
const { ask, app } = api;
const { db } = app.accounts;

/** The claims of a token that the factors decide. */
function levels(accessToken: string) {
  const { access, access2, acr, amr } = readClaims(accessToken);
  return { access, access2, acr, amr };
}

const one = { acr: '1', amr: ['pwd'] };
const two = { access2: undefined, acr: '2', amr: ['pwd', 'otp', 'mfa'] };

const inSeconds = (seconds: number) =>
  new Date((Math.floor(Date.now() / 1000) + seconds) * 1000).toISOString();

t.test('A session has the level below, and the whole one with two factors', async (t) => {
  const { id } = await api.person(2);
  t.strictSame(levels((await open(api, id)).accessToken), { access: 1, access2: 2, ...one });
  t.strictSame(levels((await openWithTwoFactors(api, id)).accessToken), { access: 2, ...two });
  const user = await api.person(1);
  t.strictSame(levels(user.token), { access: 1, access2: undefined, ...one });
  t.strictSame(levels((await openWithTwoFactors(api, user.id)).accessToken), { access: 1, ...two });
});

t.test('The cap of a session stays, and access2 is not above it', async (t) => {
  const from = async (SECOND_FACTOR_FROM: string) => {
    const ACCESS_LEVELS = 'guest:0,user:1,moderator:5,admin:9';
    const capped = await startApi(t, { ACCESS_LEVELS, SECOND_FACTOR_FROM });
    const { id } = await capped.person(9);
    const rows = [];
    for (const cap of [0, 1, 5, 9, undefined]) {
      const { access, access2 = null } = levels((await open(capped, id, cap)).accessToken);
      const refreshed = pairOf(await refresh(capped, (await open(capped, id, cap)).refreshToken));
      t.match(levels(refreshed.accessToken), { access, ...(access2 !== null && { access2 }) });
      const both = levels((await openWithTwoFactors(capped, id, cap)).accessToken);
      t.equal(both.access2, undefined);
      rows.push([access, access2, both.access]);
    }
    return rows;
  };
  t.strictSame(await from('admin'), [
    [0, null, 0],
    [1, null, 1],
    [5, null, 5],
    [5, 9, 9],
    [5, 9, 9],
  ]);
  t.strictSame(await from('moderator'), [
    [0, null, 0],
    [1, null, 1],
    [1, 5, 5],
    [1, 9, 9],
    [1, 9, 9],
  ]);
  t.strictSame(await from('user'), [
    [0, null, 0],
    [0, 1, 1],
    [0, 5, 5],
    [0, 9, 9],
    [0, 9, 9],
  ]);
});

t.test('The setting holds for tokens of before it, and of processes without it', async (t) => {
  const before = await startApi(t, { ...keys, DATABASE_URL: api.databaseUrl });
  const { id } = await api.person(2);
  const admin = await open(before, id);
  const token = admin.accessToken;
  t.equal(readClaims(token).access, 2);
  t.equal((await before.ask('GET', '/control-panel', { token })).status, 200);
  for (const round of ['verified', 'cached']) {
    const refused = await ask('GET', '/control-panel', { token });
    t.match(refused, { status: 401, body: { slug: 'two-factors-required' } }, round);
    t.equal((await ask('GET', '/users', { token })).status, 200, `${round}: the level below`);
    const { body } = await ask('GET', '/me/permissions', { token });
    t.match(body, { access: 1, access2: 2, acr: '1' }, round);
  }
  const limited = pairOf(await refresh(api, admin.refreshToken));
  t.strictSame(levels(limited.accessToken), { access: 1, access2: 2, ...one });

  const back = await before.ask('GET', '/control-panel', { token: limited.accessToken });
  t.equal(back.status, 401, 'a token that was limited stays limited');
  const free = pairOf(await refresh(before, limited.refreshToken));
  t.equal((await before.ask('GET', '/control-panel', { token: free.accessToken })).status, 200);

  const both = await openWithTwoFactors(before, id);
  t.equal((await ask('GET', '/control-panel', { token: both.accessToken })).status, 200);
});

t.test('After its time, a session has one factor again, and its level follows', async (t) => {
  const { id } = await api.person(2);
  const session = await openWithTwoFactors(api, id);
  await setTime(api, session.sessionId, 'secondFactorAt', 100 - DAY);
  const late = pairOf(await refresh(api, session.refreshToken));
  t.strictSame(levels(late.accessToken), { access: 2, ...two });
  const { iat, exp } = readClaims(late.accessToken);
  t.ok(exp - iat > 90 && exp - iat <= 100, 'the token ends with the second factor');

  await setTime(api, session.sessionId, 'secondFactorAt', -DAY);
  const after = pairOf(await refresh(api, late.refreshToken));
  t.strictSame(levels(after.accessToken), { access: 1, access2: 2, ...one });
  t.equal(readClaims(after.accessToken).exp - readClaims(after.accessToken).iat, 3600);
  const refused = await ask('GET', '/control-panel', { token: after.accessToken });
  t.match(refused, { status: 401, body: { slug: 'two-factors-required' } });
  const again = pairOf(await refresh(api, after.refreshToken));
  t.strictSame(levels(again.accessToken), { access: 1, access2: 2, ...one }, 'a refresh proves nothing');
});

t.test('A token with two factors is refused after their time, from the cache too', async (t) => {
  const { id } = await api.person(2);
  const session = await openWithTwoFactors(api, id);
  await setTime(api, session.sessionId, 'secondFactorAt', 4 - DAY);
  const { accessToken } = pairOf(await refresh(api, session.refreshToken));
  t.equal(readClaims(accessToken).acr, '2');
  t.ok(await isAccepted(api, accessToken));
  await until(async () => !(await isAccepted(api, accessToken)));
  t.ok(Date.now() / 1000 >= readClaims(accessToken).exp);
  t.equal((await ask('GET', '/control-panel', { token: accessToken })).body.slug, 'invalid-token');
});

t.test('An elevation keeps its end and its level, with one factor and with two', async (t) => {
  const admin = await openWithTwoFactors(api, (await api.person(2)).id);
  const ada = await api.person(1);
  const body = { access: 2, accessUntil: inSeconds(600), reason: 'on call' };
  const { status } = await ask('PATCH', `/users/${ada.id}`, { token: admin.accessToken, body });
  t.equal(status, 200);
  const end = Date.parse(body.accessUntil) / 1000;
  const single = await open(api, ada.id);
  t.match(readClaims(single.accessToken), { access: 1, access2: 2, exp: end });
  const double = await openWithTwoFactors(api, ada.id);
  t.match(readClaims(double.accessToken), { access: 2, acr: '2', exp: end });
  const capped = await openWithTwoFactors(api, ada.id, 1);
  t.match(readClaims(capped.accessToken), { access: 1, acr: '2' });
  t.ok(readClaims(capped.accessToken).exp > end, 'a token of the permanent level lives on');
  const past = new Date(Date.now() - 1000);
  await db.user.update({ where: { id: ada.id }, data: { accessUntil: past } });
  for (const { refreshToken } of [single, double]) {
    const { accessToken } = pairOf(await refresh(api, refreshToken));
    t.match(levels(accessToken), { access: 1, access2: undefined });
  }
});

/** Rechecks an actor inside a transaction, and returns what it may give. */
async function recheck(of: Api, accessToken: string, access = readClaims(accessToken).access) {
  const { sub: userId, sid: sessionId, gen: generation } = readClaims(accessToken);
  const actor = { userId, sessionId, generation, access, requestContext: device };
  let change: ActorChange | undefined;
  await makeChange(of.app.accounts, async (unchecked) => {
    change = await recheckActor(unchecked, actor);
  });
  return change?.maxGrantableLevel ?? Number.NaN;
}

t.test('An admin with one factor gives no level that asks for two', async (t) => {
  const { id } = await api.person(2);
  const target = await api.person(1);
  const single = await open(api, id);
  const double = await openWithTwoFactors(api, id);
  const requests = [
    ['PATCH', `/users/${target.id}`, { access: 2 }],
    ['POST', '/users', { name: 'New', email: 'new@example.com', access: 2 }],
    ['POST', '/invitations', { email: 'new@example.com', access: 2 }],
  ] as const;
  for (const [method, url, body] of requests) {
    const answer = await ask(method, url, { token: single.accessToken, body });
    t.match(answer, { status: 401, body: { slug: 'two-factors-required' } }, `${method} ${url}`);
  }
  t.equal((await db.user.findUniqueOrThrow({ where: { id: target.id } })).access, 1);

  t.equal(await recheck(api, single.accessToken), 1);
  t.throws(
    () => requireGrantable({ maxGrantableLevel: 1, actor: operator, context: api.app.accounts }, 2),
    Problem,
  );
  t.equal(await recheck(api, double.accessToken), 2);
  const elsewhere = await failure(() => recheck(api, single.accessToken, 2));
  t.match(elsewhere, { slug: 'invalid-token' }, 'another process may have accepted it');

  const { status } = await ask('PATCH', `/users/${target.id}`, {
    token: double.accessToken,
    body: { access: 2 },
  });
  t.equal(status, 200);
});

t.test('A change is refused when its session has lost the second factor meanwhile', async (t) => {
  const target = await api.person(1);
  const change = (token: string, access: number) =>
    ask('PATCH', `/users/${target.id}`, { token, body: { access } });
  const { id } = await api.person(2);
  const { accessToken, sessionId } = await openWithTwoFactors(api, id);
  t.equal((await change(accessToken, 0)).status, 200);
  for (const secondFactorAt of [null, new Date(Date.now() - DAY * 1000)]) {
    await db.session.update({ where: { id: sessionId }, data: { secondFactorAt } });
    t.match(await change(accessToken, 2), { status: 401, body: { slug: 'invalid-token' } });
  }
  t.equal((await db.user.findUniqueOrThrow({ where: { id: target.id } })).access, 0);

  const free = await startApi(t);
  const admin = await free.person(2);
  const other = await free.person(1);
  const { status } = await free.ask('PATCH', `/users/${other.id}`, {
    token: admin.token,
    body: { access: 2 },
  });
  t.equal(status, 200, 'without the setting, one factor is enough');
});
