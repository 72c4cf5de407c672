/**
 * Step-up authentication (RFC 9470): the routes that require a recent password, and the requests that renew
 * it.
 */
import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { requireAccess, requireRecentSignIn } from '#latchkey/access/guard.ts';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import { type Answer, type Ask, PASSWORD, startApi } from '../helper.ts';
import { isAccepted, open, type Pair, pairOf, readClaims, refresh, setTime, signIn } from './client.ts';

const QUARTER = 15 * 60;

const api = await startApi(
  t,
  {},
  {
    routes: async (app) => {
      const ok = async () => ({ ok: true });
      const body = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } };
      app.get('/by-hook', { preHandler: requireAccess(1, { maxAge: QUARTER }) }, ok);
      app.get('/by-config', { config: { access: 'user', maxAge: 60 } }, ok);
      app.post('/with-body', { config: { access: 'user', maxAge: QUARTER }, schema: { body } }, ok);
      app.get('/by-handler/:age', { config: { access: 'guest' } }, async (request) => {
        const { age } = request.params as { age: string };
        requireRecentSignIn(request, Number(age));
        return { ok: true };
      });
    },
  },
);
const { ask, app } = api;
const [admin, user] = [await api.person(2), await api.person(1)];

/** A session whose password was given a number of seconds ago, as its access token says. */
async function signedInAgo(userId: string, seconds: number): Promise<Pair> {
  const { sessionId, refreshToken } = await open(api, userId);
  await setTime(api, sessionId, 'authenticatedAt', -seconds);
  return pairOf(await refresh(api, refreshToken));
}

/** Fails unless the answer is the challenge of RFC 9470 section 3. */
function isChallenge(t: Test, { status, headers, body }: Answer, maxAge: number, name: string): void {
  t.equal(status, 401, name);
  const challenge = String(headers['www-authenticate']);
  t.match(challenge, /^Bearer realm="latchkey", error="insufficient_user_authentication", /, name);
  t.match(challenge, /, error_description="[^"]+", /, name);
  t.match(challenge, new RegExp(`, max_age=${maxAge}, resource_metadata="[^"]+"$`), name);
  t.match(body.type, /\/problems\/recent-sign-in-required$/, name);
}

/** Creates a user that an admin can change. */
async function createTarget(): Promise<string> {
  const row = await app.accounts.db.user.findUniqueOrThrow({ where: { id: user.id } });
  const created = await app.accounts.db.user.create({
    data: buildUserRow({ ...row, email: `${randomUUID()}@example.com` }),
  });
  return created.id;
}

type Request = [method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: (id: string) => string, body?: object];

const requests: Record<string, { request: Request; maxAge: number; done: number }> = {
  'Changing an access level': {
    request: ['PATCH', (id) => `/users/${id}`, { access: 0 }],
    maxAge: QUARTER,
    done: 200,
  },
  'Setting the current level': {
    request: ['PATCH', (id) => `/users/${id}`, { access: 1 }],
    maxAge: QUARTER,
    done: 200,
  },
  'Changing a level and a name': {
    request: ['PATCH', (id) => `/users/${id}`, { name: 'New', access: 2 }],
    maxAge: QUARTER,
    done: 200,
  },
  'Disabling a user': {
    request: ['PATCH', (id) => `/users/${id}`, { disabled: true }],
    maxAge: QUARTER,
    done: 200,
  },
  'Enabling a user': {
    request: ['PATCH', (id) => `/users/${id}`, { disabled: false, reason: 'is back' }],
    maxAge: QUARTER,
    done: 200,
  },
  'Changing a state and a name': {
    request: ['PATCH', (id) => `/users/${id}`, { name: 'New', disabled: true }],
    maxAge: QUARTER,
    done: 200,
  },
  'Ending the sessions of a user': {
    request: ['DELETE', (id) => `/users/${id}/sessions`],
    maxAge: QUARTER,
    done: 204,
  },
  'Deleting a user': { request: ['DELETE', (id) => `/users/${id}`], maxAge: QUARTER, done: 204 },
  'A custom route with a hook': { request: ['GET', () => '/by-hook'], maxAge: QUARTER, done: 200 },
  'A custom route with config': { request: ['GET', () => '/by-config'], maxAge: 60, done: 200 },
  'A custom handler': { request: ['GET', () => '/by-handler/300'], maxAge: 300, done: 200 },
};

for (const [name, { request, maxAge, done }] of Object.entries(requests)) {
  t.test(`${name} requires a password of the last ${maxAge} s`, async (t) => {
    const [method, url, body] = request;
    const id = await createTarget();
    const send = ({ accessToken }: Pair) =>
      ask(method, url(id), { token: accessToken, ...(body && { body }) } satisfies Ask);
    const before = await app.accounts.db.user.findUniqueOrThrow({ where: { id } });
    for (const seconds of [maxAge + 60, maxAge + 2])
      isChallenge(t, await send(await signedInAgo(admin.id, seconds)), maxAge, `${seconds} s ago`);
    t.strictSame(await app.accounts.db.user.findUniqueOrThrow({ where: { id } }), before, 'nothing changed');

    const late = await signedInAgo(admin.id, maxAge + 60);
    const again = pairOf(await refresh(api, late.refreshToken));
    isChallenge(t, await send(again), maxAge, 'a refresh renews nothing');

    const { status } = await send(await signedInAgo(admin.id, maxAge - 10));
    t.equal(status, done, `${maxAge - 10} s ago`);
  });
}

t.test('Routes without maxAge accept an old sign-in', async (t) => {
  const { accessToken: token } = await signedInAgo(admin.id, 80_000);
  const id = await createTarget();
  const rename = { token, body: { name: 'New', reason: 'married' } };
  t.equal((await ask('PATCH', `/users/${id}`, rename)).status, 200, 'a name');
  t.equal((await ask('GET', '/control-panel', { token })).status, 200);
  t.equal((await ask('PATCH', '/me', { token, body: { name: 'New' } })).status, 200);
});

t.test('Reauthentication with the password renews auth_time and nothing else', async (t) => {
  const late = await signedInAgo(admin.id, 5000);
  const row = () => app.accounts.db.session.findUniqueOrThrow({ where: { id: late.sessionId } });
  const before = await row();
  const answer = await ask('POST', '/me/reauthenticate', {
    token: late.accessToken,
    body: { password: PASSWORD },
  });
  t.equal(answer.status, 200);
  t.equal(answer.headers['cache-control'], 'no-store');
  t.strictSame(Object.keys(answer.body).sort(), ['accessToken', 'expiresIn', 'tokenType']);
  const [old, renewed] = [readClaims(late.accessToken), readClaims(answer.body.accessToken)];
  t.ok(Math.abs(renewed.auth_time - Date.now() / 1000) < 10);
  t.match(renewed, { sub: old.sub, sid: old.sid, access: old.access, gen: old.gen });
  const after = await row();
  const { authenticatedAt, tokensIssuedAt } = before;
  t.strictSame({ ...after, authenticatedAt, tokensIssuedAt }, before);

  const id = await createTarget();
  const token = answer.body.accessToken;
  t.equal((await ask('PATCH', `/users/${id}`, { token, body: { access: 0 } })).status, 200);
  t.equal((await ask('DELETE', `/users/${id}`, { token })).status, 204);
  t.ok(await isAccepted(api, late.accessToken), 'the token before goes on, with its own auth_time');
  t.equal((await ask('DELETE', `/users/${id}`, { token: late.accessToken })).status, 401);
  const next = pairOf(await refresh(api, late.refreshToken));
  t.equal(readClaims(next.accessToken).auth_time, renewed.auth_time, 'a refresh copies the new one');
});

t.test('A wrong password renews nothing', async (t) => {
  const late = await signedInAgo(admin.id, 5000);
  const reauthenticate = (body: unknown, token?: string) =>
    ask('POST', '/me/reauthenticate', { ...(token !== undefined && { token }), body });
  const wrong = await reauthenticate({ password: 'wrong wrong wrong' }, late.accessToken);
  t.equal(wrong.status, 403);
  t.match(wrong.body.type, /\/problems\/wrong-password$/);
  for (const body of [{}, { password: '' }, { password: 1 }, { password: PASSWORD, extra: 1 }])
    t.equal((await reauthenticate(body, late.accessToken)).status, 400, JSON.stringify(body));
  t.equal((await reauthenticate({ password: PASSWORD })).status, 401);
  const { accessToken } = pairOf(await refresh(api, late.refreshToken));
  t.equal(readClaims(accessToken).auth_time, readClaims(late.accessToken).auth_time);
  t.equal((await ask('DELETE', `/users/${user.id}`, { token: accessToken })).status, 401);
});

t.test('A token with a cap stays capped after reauthentication', async (t) => {
  const capped = await open(api, admin.id, 1);
  const { body } = await ask('POST', '/me/reauthenticate', {
    token: capped.accessToken,
    body: { password: PASSWORD },
  });
  t.equal(readClaims(body.accessToken).access, 1);
  t.equal((await ask('DELETE', `/users/${user.id}`, { token: body.accessToken })).status, 403);
});

t.test('A new sign-in counts as recent', async (t) => {
  const { accessToken } = pairOf(await signIn(api, admin.email));
  const { auth_time, iat } = readClaims(accessToken);
  t.ok(Math.abs(auth_time - iat) <= 1);
  t.equal((await ask('DELETE', `/users/${await createTarget()}`, { token: accessToken })).status, 204);
});

t.test(
  'The guard checks the token, the level and the sign-in time before the request is validated',
  async (t) => {
    const late = (await signedInAgo(admin.id, 5000)).accessToken;
    const lateUser = (await signedInAgo(user.id, 5000)).accessToken;
    const lateGuest = (await open(api, user.id, 0)).accessToken;
    const recent = (await open(api, admin.id)).accessToken;
    const missingUser = `/users/${randomUUID()}`;
    const json = { 'content-type': 'application/json' };
    const step: Record<string, [token: string | undefined, status: number, error: RegExp | undefined]> = {
      'no token': [undefined, 401, /realm="latchkey", resource_metadata="[^"]+"$/],
      'no valid token': ['x', 401, /invalid_token/],
      'a level too low, and long ago': [lateUser, 403, /insufficient_scope/],
      'long ago': [late, 401, /insufficient_user_authentication/],
      'an admin of just now': [recent, 404, undefined],
    };
    for (const [name, [token, status, error]] of Object.entries(step)) {
      for (const url of [missingUser, '/users/no-uuid']) {
        const answer = await ask('DELETE', url, token === undefined ? {} : { token });
        t.equal(answer.status, status, `DELETE ${url}, ${name}`);
        if (error) t.match(answer.headers['www-authenticate'], error, name);
      }
    }
    const change = (token: string, body: unknown) => ask('PATCH', missingUser, { token, body });
    t.equal((await change(lateUser, { access: 0 })).status, 403);
    t.equal((await change(late, { access: 0 })).status, 401, 'before 404');
    t.equal((await change(recent, { access: 0 })).status, 404);

    const post = (token: string | undefined, body: unknown) =>
      ask('POST', '/with-body', { ...(token !== undefined && { token }), body, headers: json });
    t.equal((await post(undefined, { n: 'x' })).status, 401);
    t.equal((await post(lateGuest, { n: 'x' })).status, 403);
    isChallenge(t, await post(late, { n: 'x' }), QUARTER, 'before 400');
    t.equal((await post(recent, { n: 'x' })).status, 400);
    t.equal((await post(recent, { n: 1 })).status, 200);
  },
);

t.test('A maxAge that is not above 0 is refused', async (t) => {
  for (const maxAge of [0, -1, Number.NaN]) t.throws(() => requireAccess(1, { maxAge }), RangeError);
  t.doesNotThrow(() => requireAccess(1, { maxAge: 0.5 }));
});
