/** Sign-ins, refreshes and the ends of sessions in one process. */
import { request } from 'node:http';
import t, { type Test } from 'tap';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import { AuditSealer } from '#latchkey/audit/sealer.ts';
import { createMigratedDatabase } from '../database.ts';
import { type Answer, PASSWORD, startApi } from '../helper.ts';
import { until } from '../until.ts';
import { isAccepted, open, type Pair, pairOf, readClaims, refresh, setTime, signIn } from './client.ts';

const api = await startApi(t);
const { ask, app } = api;
const { db } = app.accounts;
const [user, stranger, admin] = [await api.person(1), await api.person(1), await api.person(2)];

/** Fails unless a refresh token is refused. The answer is the same for every reason. */
async function isRejected(t: Test, refreshToken: string, name: string): Promise<void> {
  const answer = await refresh(api, refreshToken);
  t.equal(answer.status, 401, name);
  t.equal(answer.headers['www-authenticate'], 'Bearer realm="latchkey"', name);
  t.match(answer.body.type, /\/problems\/invalid-refresh-token$/, name);
  t.strictSame(withoutId(answer), withoutId(await refresh(api, 'no token')), name);
}

const withoutId = ({ body }: Answer) => ({ ...body, requestId: '' });

/** Refreshes a number of times. @returns all pairs, the given one first */
async function rotate(pair: Pair, times: number): Promise<Pair[]> {
  const pairs = [pair];
  for (let i = 0; i < times; i++) pairs.push(pairOf(await refresh(api, pairs[i]!.refreshToken)));
  return pairs;
}

t.test('A sign-in answers with a token pair, and each refresh with the next one', async (t) => {
  const answer = await signIn(api, user.email);
  const first = pairOf(answer);
  t.match(answer.body, { tokenType: 'Bearer', expiresIn: 900 });
  t.equal(answer.headers['cache-control'], 'no-store');
  t.match(first.refreshToken, /^[0-9a-f-]{36}\.0\.[\w-]{43}$/);
  const pairs = await rotate(first, 3);
  for (const [rotation, { accessToken, refreshToken, sessionId }] of pairs.entries()) {
    t.equal(sessionId, first.sessionId, 'one session');
    t.match(refreshToken, new RegExp(`^${sessionId}\\.${rotation}\\.`));
    t.ok(await isAccepted(api, accessToken), 'a refresh takes nothing away from the access tokens before');
  }
  t.equal((await refresh(api, pairs[3]!.refreshToken)).headers['cache-control'], 'no-store');
  t.equal(new Set(pairs.map(({ accessToken }) => readClaims(accessToken).jti)).size, 4);
});

t.test('The previous refresh token gets the same successor within 10 s', async (t) => {
  const [first, second] = await rotate(await open(api, user.id), 1);
  const { rotatedAt } = await db.session.findUniqueOrThrow({ where: { id: first!.sessionId } });
  for (let i = 0; i < 3; i++) {
    const again = pairOf(await refresh(api, first!.refreshToken));
    t.equal(again.refreshToken, second!.refreshToken);
    t.ok(await isAccepted(api, again.accessToken));
  }
  const row = await db.session.findUniqueOrThrow({ where: { id: first!.sessionId } });
  t.equal(row.rotation, 1);
  t.strictSame(row.rotatedAt, rotatedAt, 'asking again does not lengthen the 10 s');
  await setTime(api, first!.sessionId, 'rotatedAt', -8);
  t.equal(pairOf(await refresh(api, first!.refreshToken)).refreshToken, second!.refreshToken);
  t.match(pairOf(await refresh(api, second!.refreshToken)).refreshToken, /\.2\./, 'and the session goes on');
});

t.test('Twenty refreshes of one token at the same moment have one successor', async (t) => {
  const { refreshToken, sessionId } = await open(api, user.id);
  const pairs = await Promise.all(
    Array.from({ length: 20 }, async () => pairOf(await refresh(api, refreshToken))),
  );
  t.equal(new Set(pairs.map((pair) => pair.refreshToken)).size, 1);
  t.equal((await db.session.findUniqueOrThrow({ where: { id: sessionId } })).rotation, 1);
});

t.test('A refresh token that was used before counts as stolen and ends its session', async (t) => {
  const stolen: Record<string, { rotations: number; presented: number; age: number }> = {
    'the one before, after 10 s': { rotations: 1, presented: 0, age: -11 },
    'the one before, after many rotations and 10 s': { rotations: 4, presented: 3, age: -11 },
    'two rotations old, at once': { rotations: 2, presented: 0, age: 0 },
    'several rotations old, at once': { rotations: 5, presented: 1, age: 0 },
    'several rotations old, later': { rotations: 5, presented: 0, age: -3600 },
  };
  const bystander = await open(api, user.id);
  for (const [name, { rotations, presented, age }] of Object.entries(stolen)) {
    const pairs = await rotate(await open(api, user.id), rotations);
    const { sessionId } = pairs[0]!;
    await setTime(api, sessionId, 'rotatedAt', age);
    for (const { accessToken } of pairs) t.ok(await isAccepted(api, accessToken), `${name}: before`);
    await isRejected(t, pairs[presented]!.refreshToken, name);
    for (const { accessToken, refreshToken } of pairs) {
      t.notOk(await isAccepted(api, accessToken), `${name}: access tokens are refused at once`);
      await isRejected(t, refreshToken, `${name}: afterwards, also the newest`);
    }
    t.equal(await db.session.count({ where: { id: sessionId } }), 0, name);
    t.equal(await db.revocation.count({ where: { sessionId } }), 1, `${name}: other processes hear of it`);
  }
  t.ok(await isAccepted(api, bystander.accessToken), 'the user’s other sessions go on');
  pairOf(await refresh(api, bystander.refreshToken));
});

t.test('A thief who refreshes twice is detected when the owner refreshes', async (t) => {
  const owner = await open(api, user.id);
  const thief = await rotate(owner, 2);
  await isRejected(t, owner.refreshToken, 'the owner');
  await isRejected(t, thief[2]!.refreshToken, 'the thief');
  for (const { accessToken } of thief) t.notOk(await isAccepted(api, accessToken));
});

t.test('A refresh token with a wrong HMAC is refused and revokes nothing', async (t) => {
  const [first, second] = await rotate(await open(api, user.id), 1);
  const other = await open(api, stranger.id);
  const [sid = '', rotation = '', code = ''] = second!.refreshToken.split('.');
  const last = code.at(-1) ?? '';
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const following = (steps: number) => alphabet[(alphabet.indexOf(last) + steps) % 64];
  const altered: Record<string, string> = {
    'another last character': `${sid}.${rotation}.${code.slice(0, -1)}${following(4)}`,
    'another last character of the same meaning': `${sid}.${rotation}.${code.slice(0, -1)}${following(1)}`,
    'another first character': `${sid}.${rotation}.${code.startsWith('A') ? 'B' : 'A'}${code.slice(1)}`,
    'the rotation before': `${sid}.0.${code}`,
    'the rotation after': `${sid}.2.${code}`,
    'a negative rotation': `${sid}.-1.${code}`,
    'a rotation with a zero before it': `${sid}.01.${code}`,
    'a rotation spelt otherwise': `${sid}.1e0.${code}`,
    'another session': `${other.sessionId}.${rotation}.${code}`,
    'the session in capitals': `${sid.toUpperCase()}.${rotation}.${code}`,
    'the code of another session': `${sid}.0.${other.refreshToken.split('.')[2]}`,
    'no code': `${sid}.${rotation}.`,
    'no code and no dot': `${sid}.${rotation}`,
    'a shorter code': `${sid}.${rotation}.${code.slice(0, -1)}`,
    'a longer code': `${sid}.${rotation}.${code}A`,
    'a code with padding': `${sid}.${rotation}.${code}=`,
    'a line break behind it': `${second!.refreshToken}\n`,
    'a space before it': ` ${second!.refreshToken}`,
    'a session with a quote': `${`${sid.slice(0, -4)}' --`}.${rotation}.${code}`,
    nothing: '',
    'a NUL': '\u0000',
    '256 characters': 'a'.repeat(256),
  };
  for (const [name, refreshToken] of Object.entries(altered)) await isRejected(t, refreshToken, name);
  t.equal((await refresh(api, 'a'.repeat(257))).status, 400);
  t.equal((await ask('POST', '/refresh', { body: {} })).status, 400);
  t.equal((await ask('POST', '/refresh', { body: { refreshToken: 1 } })).status, 400);
  for (const { accessToken } of [first!, second!, other]) t.ok(await isAccepted(api, accessToken));
  for (const { refreshToken } of [second!, other]) pairOf(await refresh(api, refreshToken));
});

t.test('A session in its last second gets no tokens', async (t) => {
  const { sessionId, refreshToken } = await open(api, user.id);
  await setTime(api, sessionId, 'expiresAt', 0.9);
  await isRejected(t, refreshToken, 'its last second');
});

t.test('A user with more than a hundred sessions loses the one that was unused the longest', async (t) => {
  const { id } = await api.person(1);
  await db.session.deleteMany({ where: { userId: id } });
  const first = await open(api, id);
  const second = await open(api, id);
  const then = Date.now();
  await until(() => Date.now() > then);
  for (let n = 2; n < 100; n++) await open(api, id);
  t.ok(await isAccepted(api, first.accessToken));
  const used = pairOf(await refresh(api, first.refreshToken));
  await open(api, id);
  t.equal(await db.session.count({ where: { userId: id } }), 100);
  t.notOk(await isAccepted(api, second.accessToken), 'the second ends, with its access token');
  await isRejected(t, second.refreshToken, 'the second');
  t.ok(await isAccepted(api, used.accessToken), 'the first was used since');
  pairOf(await refresh(api, used.refreshToken));
  const where = { targetId: id, action: 'session.ended' };
  const events = await db.auditEvent.findMany({ where, select: { actorId: true, before: true } });
  t.strictSame(events, [{ actorId: null, before: JSON.stringify({ sessionId: second.sessionId }) }]);
});

t.test('An access token is no refresh token, and a refresh token is no access token', async (t) => {
  const { accessToken, refreshToken } = await open(api, admin.id);
  const asAccess = await ask('GET', '/me', { token: refreshToken });
  t.equal(asAccess.status, 401);
  t.match(asAccess.headers['www-authenticate'], 'error="invalid_token"');
  const asRefresh = await refresh(api, accessToken);
  t.ok([400, 401].includes(asRefresh.status), `${asRefresh.status}: an access token is no refresh token`);
  t.ok(await isAccepted(api, accessToken));
  pairOf(await refresh(api, refreshToken));
});

t.test('A change of SECRET signs no user out while the old one is listed', async (t) => {
  const SECRET = ['the secret that was used until now', 'the secret that is used from now on'] as const;
  const { url } = await createMigratedDatabase(t);
  const shared = { DATABASE_URL: url, DATA_DIR: app.config.dataDir };
  const before = await startApi(t, { ...shared, SECRET: SECRET[0] });
  const during = await startApi(t, { ...shared, SECRET: SECRET[1], SECRET_PREVIOUS: SECRET[0] });
  // The key of the audit is encrypted under the new secret then.
  await new AuditSealer(during.app.audit).run();
  const after = await startApi(t, { ...shared, SECRET: SECRET[1] });

  const old = await open(before, (await before.person(1)).id);
  t.equal((await refresh(after, old.refreshToken)).status, 401, 'another SECRET’s token is none of ours');
  const next = pairOf(await refresh(during, old.refreshToken));
  t.equal(
    (await refresh(before, next.refreshToken)).status,
    401,
    'what is new is sealed with the new secret',
  );
  t.equal(pairOf(await refresh(during, old.refreshToken)).refreshToken, next.refreshToken);
  t.equal(pairOf(await refresh(after, next.refreshToken)).sessionId, old.sessionId);
});

t.test('A refresh token without an active session always gets the same refusal', async (t) => {
  const ends: Record<string, (pair: Pair, userId: string) => Promise<unknown>> = {
    'a session that was signed out': ({ accessToken }) => ask('POST', '/logout', { token: accessToken }),
    'a session whose row has gone': ({ sessionId }) => db.session.delete({ where: { id: sessionId } }),
    'an idle session': ({ sessionId }) => setTime(api, sessionId, 'idleUntil', 0),
    'an expired session': ({ sessionId }) => setTime(api, sessionId, 'expiresAt', 0),
    'a user whose row says disabled': (_, id) => db.user.update({ where: { id }, data: { disabled: true } }),
    'a user who was disabled': async (_, id) =>
      ask('PATCH', `/users/${id}`, {
        token: await api.sessionToken(admin.id),
        body: { disabled: true },
      }),
    'a user who was deleted': async (_, id) =>
      ask('DELETE', `/users/${id}`, { token: await api.sessionToken(admin.id) }),
    'a moved epoch': (_, id) => db.user.update({ where: { id }, data: { epoch: { increment: 1 } } }),
    'a session of an older epoch': ({ sessionId }) =>
      db.session.update({ where: { id: sessionId }, data: { epoch: -1 } }),
  };
  for (const [name, end] of Object.entries(ends)) {
    const { id } = await db.user.create({
      data: buildUserRow({ ...(await template()), email: `${Math.random()}@example.com` }),
    });
    const [first, second] = await rotate(await open(api, id), 1);
    const { sessionId } = first!;
    await end(second!, id);
    const row = await db.session.findUnique({ where: { id: sessionId } });
    for (const { refreshToken } of [second!, first!, second!]) await isRejected(t, refreshToken, name);
    t.strictSame(await db.session.findUnique({ where: { id: sessionId } }), row, `${name}: nothing changes`);
  }
});

/** A row like that of `user`. */
async function template() {
  const { id: _, email: __, ...row } = await db.user.findUniqueOrThrow({ where: { id: user.id } });
  return row;
}

t.test('A refresh keeps a session active, but not beyond its 90 days', async (t) => {
  const DAY = 86_400;
  const { sessionId, refreshToken } = await open(api, user.id);
  const time = Date.now() / 1000;
  const read = () => db.session.findUniqueOrThrow({ where: { id: sessionId } });
  const near = (date: Date, seconds: number) => Math.abs(date.getTime() / 1000 - seconds) < 10;
  const opened = await read();
  t.ok(near(opened.idleUntil, time + 30 * DAY));
  t.ok(near(opened.expiresAt, time + 90 * DAY));

  await setTime(api, sessionId, 'idleUntil', 5);
  const next = pairOf(await refresh(api, refreshToken));
  t.ok(near((await read()).idleUntil, time + 30 * DAY), 'used, so 30 days more');
  t.strictSame((await read()).expiresAt, opened.expiresAt);

  await setTime(api, sessionId, 'expiresAt', 100);
  const { expiresAt } = await read();
  const answer = await refresh(api, next.refreshToken);
  t.ok(answer.body.expiresIn <= 100 && answer.body.expiresIn > 90, `expiresIn ${answer.body.expiresIn}`);
  const claims = readClaims(answer.body.accessToken);
  t.ok(claims.exp * 1000 <= expiresAt.getTime(), 'no access token outlives its session');
  t.equal(claims.exp - claims.iat, answer.body.expiresIn);
});

t.test('A refresh copies auth_time, and only a password renews it', async (t) => {
  let pair = await open(api, user.id);
  await setTime(api, pair.sessionId, 'authenticatedAt', -5000);
  const { authenticatedAt } = await db.session.findUniqueOrThrow({ where: { id: pair.sessionId } });
  for (let i = 0; i < 3; i++) {
    pair = pairOf(await refresh(api, pair.refreshToken));
    t.equal(readClaims(pair.accessToken).auth_time, Math.floor(authenticatedAt.getTime() / 1000));
  }
});

t.test('A refreshed token has the current level of the user, capped as at sign-in', async (t) => {
  const scenarios: { cap?: number; levels: number[]; tokens: number[] }[] = [
    { levels: [1, 2, 0, 1], tokens: [1, 2, 0, 1] },
    { cap: 0, levels: [2, 1, 0, 2], tokens: [0, 0, 0, 0] },
    { cap: 1, levels: [2, 1, 0, 2], tokens: [1, 1, 0, 1] },
    { cap: 2, levels: [2, 1, 2], tokens: [2, 1, 2] },
    { cap: 2, levels: [1, 2, 0], tokens: [1, 2, 0] },
    { cap: 1, levels: [0, 1, 2], tokens: [0, 1, 1] },
  ];
  const member = await api.person(1);
  for (const { cap, levels, tokens } of scenarios) {
    const name = `cap ${cap ?? 'none'}, levels ${levels.join()}`;
    await db.user.update({
      where: { id: member.id },
      data: { access: levels[0]!, permanentAccess: levels[0]! },
    });
    let pair = pairOf(await signIn(api, member.email, cap));
    const seen = [readClaims(pair.accessToken).access];
    for (const access of levels.slice(1)) {
      const token = await api.sessionToken(admin.id);
      const changed = await ask('PATCH', `/users/${member.id}`, { token, body: { access } });
      t.equal(changed.status, 200);
      t.notOk(await isAccepted(api, pair.accessToken), `${name}: the token of the level before`);
      pair = pairOf(await refresh(api, pair.refreshToken));
      seen.push(readClaims(pair.accessToken).access);
      t.equal((await ask('GET', '/me/permissions', { token: pair.accessToken })).body.access, seen.at(-1));
    }
    t.strictSame(seen, tokens, name);
  }
});

t.test('A cap that is not one of the levels is refused', async (t) => {
  for (const access of [3, -1, 1.5, '1', null, true])
    t.equal(
      (await ask('POST', '/login', { body: { email: user.email, password: 'x', access } })).status,
      400,
    );
});

t.test('An admin’s token with a cap is accepted only up to the cap', async (t) => {
  const pair = pairOf(await signIn(api, admin.email, 1));
  t.equal((await ask('GET', '/users', { token: pair.accessToken })).status, 200);
  const refused = await ask('GET', '/control-panel', { token: pair.accessToken });
  t.equal(refused.status, 403);
  t.match(refused.body, { required: 2, actual: 1 });
});

t.test('The list of sessions shows where the user is signed in', async (t) => {
  const member = await api.person(0);
  const agent = `curl/8.5.0 ${'x'.repeat(400)}`;
  const [first, second] = [
    await ask('POST', '/login', login(agent)),
    await ask('POST', '/login', login('b')),
  ];
  function login(userAgent: string) {
    const body = { email: member.email, password: PASSWORD };
    return { body, headers: { 'user-agent': userAgent } };
  }
  const list = async (token: string) => (await ask('GET', '/me/sessions', { token })).body.sessions;
  const sessions = await list(first.body.accessToken);
  t.equal(sessions.length, 3);
  t.strictSame(
    sessions.map(({ id }: { id: string }) => id),
    [pairOf(second).sessionId, pairOf(first).sessionId, readClaims(member.token).sid],
    'newest first',
  );
  t.strictSame(
    sessions.map(({ current }: { current: boolean }) => current),
    [false, true, false],
  );
  const mine = sessions[1];
  t.strictSame(Object.keys(mine), [
    'id',
    'createdAt',
    'lastUsedAt',
    'expiresAt',
    'ip',
    'userAgent',
    'current',
  ]);
  t.match(mine, { ip: '127.0.0.1', userAgent: agent.slice(0, 256), lastUsedAt: mine.createdAt });
  t.equal(mine.userAgent.length, 256);
  t.equal(Date.parse(mine.expiresAt) - Date.parse(mine.createdAt), 90 * 86_400_000);

  await refresh(api, first.body.refreshToken);
  t.strictSame((await list(first.body.accessToken))[1], mine, 'a refresh is not seen to the second');
  const { sessionId } = pairOf(first);
  const HOUR_MS = 3_600_000;
  const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const rotatedAt = new Date(hour - 2 * HOUR_MS + 1_234_567);
  await db.session.update({ where: { id: sessionId }, data: { createdAt: new Date(0), rotatedAt } });
  const lastUse = async () => Date.parse((await list(first.body.accessToken))[1].lastUsedAt);
  t.equal(await lastUse(), hour - 2 * HOUR_MS, 'but to the hour');
  const { rotation } = await db.session.findUniqueOrThrow({ where: { id: sessionId } });
  const refreshToken = app.refreshTokens.write({ sessionId, rotation });
  const { refreshToken: next } = pairOf(await refresh(api, refreshToken));
  pairOf(await refresh(api, next));
  const seen = await lastUse();
  const { rotatedAt: used } = await db.session.findUniqueOrThrow({ where: { id: sessionId } });
  // The next hour may have begun meanwhile.
  const hasPassed = Math.floor(Date.now() / HOUR_MS) * HOUR_MS > used.getTime();
  t.ok(hasPassed || seen === hour - 2 * HOUR_MS, 'and only when the hour is over');

  await setTime(api, pairOf(second).sessionId, 'idleUntil', 0);
  await setTime(api, readClaims(member.token).sid, 'expiresAt', 0);
  t.equal((await list(first.body.accessToken)).length, 1, 'what is idle or expired has ended');
  await db.session.update({
    where: { id: pairOf(second).sessionId },
    data: { epoch: -1, idleUntil: new Date(8e12) },
  });
  t.equal((await list(first.body.accessToken)).length, 1, 'and what is of an older epoch');
});

t.test('A User-Agent header of any bytes is stored', async (t) => {
  const url = await api.server.listen({ host: '127.0.0.1', port: 0 });
  const agents = [
    '\u0080\u00ff\u00e9 \u00f0\u009f\u0094\u0091',
    `${'\u00e9'.repeat(300)}`,
    '\t"<script>\\',
    '',
  ];
  for (const agent of agents) {
    const { id } = await db.user.create({
      data: buildUserRow({ ...(await template()), email: `${Math.random()}@example.com` }),
    });
    const { email } = await db.user.findUniqueOrThrow({ where: { id } });
    const { accessToken } = JSON.parse(await post(`${url}/login`, agent, { email, password: PASSWORD }));
    const { body } = await ask('GET', '/me/sessions', { token: accessToken });
    t.equal(body.sessions[0].userAgent, agent.trim().slice(0, 256), JSON.stringify(agent).slice(0, 40));
  }
});

/** Sends a header as bytes, which fetch cannot do. */
function post(url: string, userAgent: string, body: unknown): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', ...(userAgent && { 'user-agent': userAgent }) };
    const sent = request(url, { method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.once('end', () => resolve(text));
    });
    sent.once('error', reject);
    // A buffer: with a string, Node.js would send the header in UTF-8.
    sent.end(Buffer.from(JSON.stringify(body)));
  });
}

t.test('A user can end one own session, and none of other users', async (t) => {
  const [here, there, other] = [
    await open(api, user.id),
    await open(api, user.id),
    await open(api, stranger.id),
  ];
  const end = (id: string, { accessToken }: Pair) =>
    ask('DELETE', `/me/sessions/${id}`, { token: accessToken });

  const foreign = await end(other.sessionId, here);
  t.equal(foreign.status, 404);
  t.match(foreign.body.type, /session-not-found$/);
  t.ok(await isAccepted(api, other.accessToken));
  t.equal((await end('01890a5d-ac96-774b-bcce-b302099a8057', here)).status, 404);
  t.equal((await end('no-uuid', here)).status, 404);

  t.equal((await end(there.sessionId.toUpperCase(), here)).status, 204);
  t.notOk(await isAccepted(api, there.accessToken), 'its access tokens are refused at once');
  await isRejected(t, there.refreshToken, 'its refresh token');
  t.equal((await end(there.sessionId, here)).status, 404, 'it has ended');
  t.ok(await isAccepted(api, here.accessToken));

  t.equal((await end(here.sessionId, here)).status, 204, 'one may end one’s own');
  t.notOk(await isAccepted(api, here.accessToken));
  await isRejected(t, here.refreshToken, 'its own');
  pairOf(await refresh(api, other.refreshToken));
});

t.test('A user can end all sessions except the current one', async (t) => {
  const here = await open(api, user.id);
  const others = [
    await open(api, user.id),
    await open(api, user.id, 0),
    ...(await rotate(await open(api, user.id), 2)),
  ];
  const foreign = await open(api, stranger.id);
  const { status, text } = await ask('DELETE', '/me/sessions', { token: here.accessToken });
  t.equal(status, 204);
  t.equal(text, '');
  for (const { accessToken, refreshToken } of others) {
    t.notOk(await isAccepted(api, accessToken));
    await isRejected(t, refreshToken, 'another session');
  }
  const { sessions } = (await ask('GET', '/me/sessions', { token: here.accessToken })).body;
  t.strictSame(
    sessions.map(({ id }: { id: string }) => id),
    [here.sessionId],
    'this one’s tokens go on',
  );
  pairOf(await refresh(api, here.refreshToken));
  t.ok(await isAccepted(api, foreign.accessToken));
});

t.test('Signing out ends the current session and no other', async (t) => {
  const [here, there] = [await rotate(await open(api, user.id), 1), await open(api, user.id)];
  t.equal((await ask('POST', '/logout', { token: here[1]!.accessToken })).status, 204);
  for (const { accessToken, refreshToken } of here) {
    t.notOk(await isAccepted(api, accessToken), 'also the access tokens before');
    await isRejected(t, refreshToken, 'signed out');
  }
  t.equal((await ask('POST', '/logout', { token: here[1]!.accessToken })).status, 401, 'once');
  t.ok(await isAccepted(api, there.accessToken));
  pairOf(await refresh(api, there.refreshToken));
});

t.test('An admin can end all sessions of a user', async (t) => {
  const pairs = [await open(api, user.id), await open(api, user.id, 0)];
  const foreign = await open(api, stranger.id);
  const token = await api.sessionToken(admin.id);
  const { email: _, ...before } = await db.user.findUniqueOrThrow({ where: { id: user.id } });
  t.equal((await ask('DELETE', `/users/${user.id.toUpperCase()}/sessions`, { token })).status, 204);
  for (const { accessToken, refreshToken } of pairs) {
    t.notOk(await isAccepted(api, accessToken));
    await isRejected(t, refreshToken, 'ended by an admin');
  }
  t.match(await db.user.findUniqueOrThrow({ where: { id: user.id } }), {
    access: before.access,
    disabled: false,
    passwordHash: before.passwordHash,
  });
  t.ok(await isAccepted(api, foreign.accessToken));
  t.ok(await isAccepted(api, token), 'the admin’s own go on');
  t.ok(
    await isAccepted(api, pairOf(await signIn(api, user.email)).accessToken),
    'the user may sign in again',
  );
  t.equal(
    (await ask('DELETE', `/users/${'0'.repeat(8)}-0000-7000-8000-${'0'.repeat(12)}/sessions`, { token }))
      .status,
    404,
  );
  t.equal((await ask('DELETE', `/users/${admin.id}/sessions`, { token })).status, 204, 'also one’s own');
  t.notOk(await isAccepted(api, token));
});
