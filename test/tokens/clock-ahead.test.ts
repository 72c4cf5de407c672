/** Tests the access tokens and the revocations of a time when the clock was ahead. */
import t from 'tap';
import { resetPasswordOf } from '#latchkey/accounts/credentials/password-reset.ts';
import { invalidateCredentialsAfterRestore } from '#latchkey/accounts/transfer/after-restore.ts';
import { pruneRevocations } from '#latchkey/tokens/prune-revocations.ts';
import { RevocationFeed } from '#latchkey/tokens/revocations.ts';
import { isAccepted, open, type Pair, pairOf, readClaims, refresh } from '../accounts/client.ts';
import { PASSWORD, type Person, startApi } from '../helper.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** Milliseconds by which the clock is ahead. */
const AHEAD_MS = 2 * HOUR_MS;

const api = await startApi(t, { ACCESS_TOKEN_TTL: '3600' });
const { ask, app } = api;
const { accounts } = app;
const { db, now } = accounts;
const { control } = app.database;
const admin = await api.person(2);

const clockAt = (time: number): typeof now => {
  const offset = time - Date.now();
  return async (tx) => new Date((await now(tx)).getTime() + offset);
};

/** Runs work while the clock of the database is ahead. */
async function whileAhead<T>(work: () => Promise<T>, ahead = AHEAD_MS): Promise<T> {
  Object.assign(accounts, { now: clockAt(Date.now() + ahead) });
  try {
    return await work();
  } finally {
    Object.assign(accounts, { now });
  }
}

/**
 * Runs a function as if so many milliseconds had passed by the clock that can be set, and some by the other.
 */
function later<T>(milliseconds: number, monotonicMilliseconds: number, run: () => T): T {
  const clocks = { date: Date.now, monotonic: performance.now };
  Date.now = () => clocks.date() + milliseconds;
  performance.now = () => clocks.monotonic.call(performance) + monotonicMilliseconds;
  try {
    return run();
  } finally {
    Date.now = clocks.date;
    performance.now = clocks.monotonic;
  }
}

/** Tells whether a process that starts at a time knows that a token is revoked. */
async function isRevokedAt(accessToken: string, time: number): Promise<boolean> {
  const feed = new RevocationFeed({ db, control, now: clockAt(time) });
  await feed.poll();
  return feed.revokes(readClaims(accessToken));
}

t.test('An access token has the time of the database’s clock', async (t) => {
  const { id } = await api.person(1);
  const before = Math.floor(Date.now() / 1_000);
  const { accessToken } = await whileAhead(() => open(api, id));
  const { iat, exp, auth_time: signedInAt } = readClaims(accessToken);
  t.ok(iat >= before + 7_200 && iat <= before + 7_210, `${iat - before} s`);
  t.equal(exp - iat, 3_600);
  t.equal(signedInAt, iat);
});

type End = (person: Person, pair: Pair) => Promise<unknown>;
const asAdmin = async (method: 'PATCH' | 'DELETE', url: string, body?: unknown) => {
  const { status } = await ask(method, url, {
    token: await api.sessionToken(admin.id),
    ...(body !== undefined && { body }),
  });
  if (status >= 300) throw new Error(`${method} ${url} got ${status}`);
};
const ends: Record<string, End> = {
  'a sign-out': (_, { refreshToken }) => ask('POST', '/logout', { body: { refreshToken } }),
  'the end of one session': ({ token }, { sessionId }) =>
    ask('DELETE', `/me/sessions/${sessionId}`, { token }),
  'the end of all other sessions': ({ token }) => ask('DELETE', '/me/sessions', { token }),
  'the end of all sessions by an admin': ({ id }) => asAdmin('DELETE', `/users/${id}/sessions`),
  'another level': ({ id }) => asAdmin('PATCH', `/users/${id}`, { access: 0 }),
  'a disabled user': ({ id }) => asAdmin('PATCH', `/users/${id}`, { disabled: true }),
  'a deleted user': ({ id }) => asAdmin('DELETE', `/users/${id}`),
  'a changed password': ({ token }) =>
    ask('PUT', '/me/password', {
      token,
      body: { currentPassword: PASSWORD, newPassword: 'another horse, another battery' },
    }),
  'a password that an operator resets': ({ email }) =>
    resetPasswordOf(accounts, { email, password: 'another horse, another battery' }),
  'a stolen refresh token': async (_, { refreshToken }) => {
    const { refreshToken: next } = pairOf(await refresh(api, refreshToken));
    await refresh(api, next);
    await refresh(api, refreshToken);
  },
  'a hundred sign-ins': async ({ id }, { sessionId }) => {
    // The first session counts as unused for longer than all others.
    await db.session.update({ where: { id: sessionId }, data: { rotatedAt: new Date(0) } });
    for (let n = 0; n < 100; n++) await open(api, id);
  },
  'a restored backup': () => invalidateCredentialsAfterRestore(accounts),
};

t.test('What ends the tokens of a clock that was ahead ends them until they have expired', async (t) => {
  for (const [name, end] of Object.entries(ends)) {
    const person = await api.person(1);
    const pair = await whileAhead(() => open(api, person.id));
    const { accessToken } = pair;
    await end(person, pair);
    t.ok(app.revocations.revokes(readClaims(accessToken)), `${name}: in the process of the change`);
    for (const [when, time] of [
      ['when the token becomes valid', AHEAD_MS + MINUTE_MS],
      ['just before it expires', AHEAD_MS + HOUR_MS - MINUTE_MS],
    ] as const) {
      await pruneRevocations({ db, now: clockAt(Date.now() + time) });
      t.ok(await isRevokedAt(accessToken, Date.now() + time), `${name}: ${when}`);
    }
  }
});

t.test('A sign-in after a restore is valid, even if tokens of a clock that was ahead existed', async (t) => {
  const { id } = await api.person(1);
  await whileAhead(() => open(api, id));
  await invalidateCredentialsAfterRestore(accounts);
  t.ok(await isAccepted(api, (await open(api, id)).accessToken));
});

t.test('The memory of the process itself keeps a revocation until the tokens have expired', async (t) => {
  const { id } = await api.person(1);
  const { accessToken, refreshToken } = await whileAhead(() => open(api, id));
  let time = Date.now();
  const feed = new RevocationFeed({ db, control, now: (tx) => clockAt(time)(tx) });
  const own = { ...accounts, revocations: feed };
  Object.assign(app, { accounts: own });
  t.teardown(() => Object.assign(app, { accounts }));
  t.equal((await ask('POST', '/logout', { body: { refreshToken } })).status, 204);
  const isKeptAfter = async (passed: number) => {
    time = Date.now() + passed;
    // Only the clock is read: the rows have gone.
    await feed.poll();
    later(passed, passed, () => feed.evictExpired());
    return feed.revokes(readClaims(accessToken));
  };
  await db.revocation.deleteMany();
  t.ok(await isKeptAfter(HOUR_MS + 2 * MINUTE_MS));
  t.ok(await isKeptAfter(AHEAD_MS + HOUR_MS - SECOND_MS));
  t.notOk(await isKeptAfter(AHEAD_MS + HOUR_MS + 2 * MINUTE_MS), 'and not for ever');
});

t.test('A session remembers the time of its tokens when it is used after the clock is right', async (t) => {
  const renewals: Record<string, (pair: Pair) => Promise<unknown>> = {
    'a refresh': ({ refreshToken }) => refresh(api, refreshToken),
    'a renewed sign-in': async ({ refreshToken }) => {
      const { accessToken } = pairOf(await refresh(api, refreshToken));
      return ask('POST', '/me/reauthenticate', { token: accessToken, body: { password: PASSWORD } });
    },
    'a changed password': async ({ refreshToken }) => {
      const { accessToken } = pairOf(await refresh(api, refreshToken));
      const body = { currentPassword: PASSWORD, newPassword: 'another horse, another battery' };
      return ask('PUT', '/me/password', { token: accessToken, body });
    },
  };
  for (const [name, renew] of Object.entries(renewals)) {
    const person = await api.person(1);
    const pair = await whileAhead(() => open(api, person.id));
    await renew(pair);
    await db.revocation.deleteMany();
    await asAdmin('DELETE', `/users/${person.id}/sessions`);
    const time = Date.now() + AHEAD_MS + HOUR_MS - MINUTE_MS;
    t.ok(await isRevokedAt(pair.accessToken, time), name);
  }
});

t.test('A session of the version before is revoked by the times that it has', async (t) => {
  for (const column of ['rotatedAt', 'authenticatedAt'] as const) {
    const person = await api.person(1);
    const { accessToken, refreshToken, sessionId } = await whileAhead(() => open(api, person.id));
    const { [column]: ahead } = await db.session.findUniqueOrThrow({ where: { id: sessionId } });
    const right = { rotatedAt: await now(db), authenticatedAt: await now(db) };
    const data = { ...right, [column]: ahead, tokensIssuedAt: null };
    await db.session.update({ where: { id: sessionId }, data });
    t.equal((await ask('POST', '/logout', { body: { refreshToken } })).status, 204);
    t.ok(await isRevokedAt(accessToken, ahead.getTime() + HOUR_MS - MINUTE_MS), column);
  }
});

t.test('A clock that goes ahead and back does not evict or delete a revocation', async (t) => {
  const { id } = await api.person(1);
  const { accessToken, refreshToken } = await open(api, id);
  let offset = 0;
  const feed = new RevocationFeed({ db, control, now: (tx) => clockAt(Date.now() + offset)(tx) });
  t.equal((await ask('POST', '/logout', { body: { refreshToken } })).status, 204);
  await feed.poll();
  for (const ahead of [AHEAD_MS, 24 * HOUR_MS]) {
    offset = ahead;
    await feed.poll();
    later(ahead, 0, () => feed.evictExpired());
    await pruneRevocations({ db, now: clockAt(Date.now() + ahead) });
    offset = 0;
    t.ok(feed.revokes(readClaims(accessToken)), 'at once, before the next poll');
    t.ok(await isRevokedAt(accessToken, Date.now()), 'a process that starts now reads it');
  }
});

t.test('A feed is stale from when the clock is set until the next poll', async (t) => {
  const feed = new RevocationFeed({ db, control, now });
  await feed.poll();
  for (const offset of [-AHEAD_MS, -31 * SECOND_MS, 3 * SECOND_MS, AHEAD_MS])
    t.notOk(
      later(offset, 0, () => feed.isFresh),
      `${offset / SECOND_MS} s`,
    );
  // Forward, the machine may have been suspended.
  for (const offset of [-29 * SECOND_MS, 0, SECOND_MS])
    t.ok(
      later(offset, 0, () => feed.isFresh),
      `${offset / SECOND_MS} s`,
    );
});
