/** Changes that revoke access tokens: the next request to the same process is refused. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { withAccess } from '#latchkey/access/declaration.ts';
import { requireAccess } from '#latchkey/access/guard.ts';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import { PASSWORD, startApi } from '../helper.ts';
import { isAccepted, open, type Pair, pairOf, readClaims, refresh, signIn } from './client.ts';

const api = await startApi(
  t,
  { ACCESS_LEVELS: 'guest:0,user:1,moderator:2,admin:3' },
  {
    routes: async (app) => {
      const ok = async () => ({ ok: true });
      app.get('/by-name', { config: { access: 'user' } }, ok);
      app.get('/by-number', { config: { access: 1 } }, ok);
      app.get('/by-hook', { preHandler: requireAccess(1) }, ok);
      app.get('/by-hook-recent', { preHandler: requireAccess(1, { maxAge: 900 }) }, ok);
      await app.register(
        withAccess('guest', async (scope: FastifyInstance) => void scope.get('/vendor', ok)),
      );
    },
  },
);
const { ask, app } = api;
const { db } = app.accounts;
const [admin, template] = [await api.person(3), await api.person(1)];

/**
 * Every kind of guarded route: reading, writing, a valid body, an invalid body, HEAD, a hook, a plugin of a
 * vendor.
 */
const routes: ['GET' | 'HEAD' | 'PATCH' | 'POST' | 'PUT' | 'DELETE', string, unknown?][] = [
  ['GET', '/me'],
  ['HEAD', '/me'],
  ['GET', '/me/permissions'],
  ['PATCH', '/me', { name: 'Still here' }],
  ['PATCH', '/me', { name: 1 }],
  ['GET', '/me/sessions'],
  ['DELETE', '/me/sessions'],
  ['DELETE', `/me/sessions/${randomUUID()}`],
  ['POST', '/me/reauthenticate', { password: PASSWORD }],
  ['PUT', '/me/password', { currentPassword: PASSWORD, newPassword: PASSWORD }],
  ['POST', '/logout'],
  ['GET', '/users'],
  ['GET', '/users?limit=x'],
  ['GET', `/users/${admin.id}`],
  ['PATCH', `/users/${admin.id}`, { access: 0 }],
  ['DELETE', `/users/${admin.id}`],
  ['DELETE', `/users/${admin.id}/sessions`],
  ['GET', '/control-panel'],
  ['GET', '/by-name'],
  ['GET', '/by-number'],
  ['GET', '/by-hook'],
  ['GET', '/by-hook-recent'],
  ['GET', '/vendor'],
];

/** Fails unless every guarded route refuses the token as one that is no longer valid. */
async function isRefused(t: Test, token: string, name: string): Promise<void> {
  for (const [method, url, body] of routes) {
    const answer = await ask(method, url, { token, ...(body !== undefined && { body }) });
    t.equal(answer.status, 401, `${name}: ${method} ${url}`);
    t.match(
      answer.headers['www-authenticate'],
      /error="invalid_token", resource_metadata=/,
      `${name}: ${method} ${url}`,
    );
  }
}

/** Creates a user without the 50 ms of two password hashes. */
async function createUser(access: number): Promise<{ id: string; email: string }> {
  const row = await db.user.findUniqueOrThrow({ where: { id: template.id } });
  return db.user.create({ data: buildUserRow({ ...row, access, email: `${randomUUID()}@example.com` }) });
}

async function asAdmin(method: 'PATCH' | 'DELETE', url: string, body?: unknown): Promise<void> {
  const token = await api.sessionToken(admin.id);
  const { status, text } = await ask(method, url, { token, ...(body !== undefined && { body }) });
  if (status >= 300) throw new Error(`${method} ${url} -> ${status}: ${text}`);
}

interface Case {
  /** Level before. */
  readonly access: number;
  readonly change: (id: string, pair: Pair) => Promise<unknown>;
  /** Level at which the session continues after a refresh; undefined when it has ended. */
  readonly levelAfter?: number;
}

const cases: Record<string, Case> = {
  'demoted to guest': {
    access: 1,
    change: (id) => asAdmin('PATCH', `/users/${id}`, { access: 0 }),
    levelAfter: 0,
  },
  'demoted by one': {
    access: 3,
    change: (id) => asAdmin('PATCH', `/users/${id}`, { access: 2 }),
    levelAfter: 2,
  },
  promoted: { access: 1, change: (id) => asAdmin('PATCH', `/users/${id}`, { access: 3 }), levelAfter: 3 },
  'demoted and renamed': {
    access: 3,
    change: (id) => asAdmin('PATCH', `/users/${id}`, { access: 1, name: 'New' }),
    levelAfter: 1,
  },
  'demoted and promoted again': {
    access: 2,
    change: async (id) => {
      await asAdmin('PATCH', `/users/${id}`, { access: 1 });
      await asAdmin('PATCH', `/users/${id}`, { access: 2 });
    },
    levelAfter: 2,
  },
  disabled: { access: 3, change: (id) => asAdmin('PATCH', `/users/${id}`, { disabled: true }) },
  'disabled and demoted at once': {
    access: 3,
    change: (id) => asAdmin('PATCH', `/users/${id}`, { disabled: true, access: 0 }),
  },
  'disabled and enabled again': {
    access: 1,
    change: async (id) => {
      await asAdmin('PATCH', `/users/${id}`, { disabled: true });
      await asAdmin('PATCH', `/users/${id}`, { disabled: false });
    },
  },
  deleted: { access: 3, change: (id) => asAdmin('DELETE', `/users/${id}`) },
  'deleted by an id in capitals': {
    access: 1,
    change: (id) => asAdmin('DELETE', `/users/${id.toUpperCase()}`),
  },
  'demoted by an id in capitals': {
    access: 1,
    change: (id) => asAdmin('PATCH', `/users/${id.toUpperCase()}`, { access: 0 }),
    levelAfter: 0,
  },
  'signed out': {
    access: 3,
    change: (_, { accessToken }) => ask('POST', '/logout', { token: accessToken }),
  },
  'signed out from another device': {
    access: 1,
    change: async (id, { sessionId }) =>
      ask('DELETE', `/me/sessions/${sessionId}`, { token: (await open(api, id)).accessToken }),
  },
  'signed out everywhere else': {
    access: 1,
    change: async (id) => ask('DELETE', '/me/sessions', { token: (await open(api, id)).accessToken }),
  },
  'signed out everywhere by an admin': {
    access: 3,
    change: (id) => asAdmin('DELETE', `/users/${id}/sessions`),
  },
  'given a new password': {
    access: 1,
    change: async (id) =>
      ask('PUT', '/me/password', {
        token: (await open(api, id)).accessToken,
        body: { currentPassword: PASSWORD, newPassword: 'another correct battery' },
      }),
  },
};

for (const [name, { access, change, levelAfter }] of Object.entries(cases)) {
  t.test(`The token of a user who was ${name} is refused at once`, async (t) => {
    const { id } = await createUser(access);
    const pair = await open(api, id);
    const bystander = await open(api, template.id);
    t.ok(await isAccepted(api, pair.accessToken), 'before');
    await change(id, pair);
    t.notOk(await isAccepted(api, pair.accessToken), 'the very next request');
    await isRefused(t, pair.accessToken, name);
    const answer = await refresh(api, pair.refreshToken);
    if (levelAfter === undefined) {
      t.equal(answer.status, 401, 'its session has ended');
    } else {
      const next = pairOf(answer);
      t.equal(readClaims(next.accessToken).access, levelAfter);
      const asked = await ask('GET', '/me/permissions', { token: next.accessToken });
      t.equal(asked.body.access, levelAfter, 'after a refresh it goes on at the new level');
      t.equal(
        (await ask('GET', '/control-panel', { token: next.accessToken })).status,
        levelAfter < 3 ? 403 : 200,
      );
      await isRefused(t, pair.accessToken, `${name}, after the refresh`);
    }
    t.ok(await isAccepted(api, bystander.accessToken), 'other users are not affected');
  });
}

t.test('A user who is enabled again can sign in, and the old tokens and sessions stay invalid', async (t) => {
  const { id, email } = await createUser(1);
  const pairs = [await open(api, id), await open(api, id, 0)];
  await asAdmin('PATCH', `/users/${id}`, { disabled: true });
  t.equal((await signIn(api, email)).status, 401);
  await asAdmin('PATCH', `/users/${id}`, { disabled: false });
  for (const { accessToken, refreshToken } of pairs) {
    t.notOk(await isAccepted(api, accessToken));
    t.equal((await refresh(api, refreshToken)).status, 401);
  }
  const pair = pairOf(await signIn(api, email));
  t.ok(await isAccepted(api, pair.accessToken));
  t.ok(await isAccepted(api, pairOf(await refresh(api, pair.refreshToken)).accessToken));
});

t.test('A change that does not affect access revokes no token', async (t) => {
  const { id } = await createUser(1);
  const pair = await open(api, id);
  const count = () => db.revocation.count();
  const before = await count();
  const own = (method: 'PATCH' | 'DELETE', url: string, body?: unknown) =>
    ask(method, url, { token: pair.accessToken, ...(body !== undefined && { body }) });
  const changes: Record<string, () => Promise<unknown>> = {
    'the current level': () => asAdmin('PATCH', `/users/${id}`, { access: 1 }),
    'a name': () => asAdmin('PATCH', `/users/${id}`, { name: 'New' }),
    'enabling a user who is enabled': () => asAdmin('PATCH', `/users/${id}`, { disabled: false }),
    'all of it': () => asAdmin('PATCH', `/users/${id}`, { access: 1, name: 'Newer', disabled: false }),
    'one’s own name': () => own('PATCH', '/me', { name: 'Newest' }),
    'a session that there is not': () => own('DELETE', `/me/sessions/${randomUUID()}`),
    'no other sessions': () => own('DELETE', '/me/sessions'),
    'a change that is refused': () => own('PATCH', `/users/${admin.id}`, { access: 0 }),
    'a user who is not there': async () =>
      ask('DELETE', `/users/${randomUUID()}`, { token: await api.sessionToken(admin.id) }),
  };
  for (const [name, make] of Object.entries(changes)) {
    await make();
    t.ok(await isAccepted(api, pair.accessToken), name);
    t.equal(await count(), before, name);
  }
  pairOf(await refresh(api, pair.refreshToken));

  await asAdmin('PATCH', `/users/${id}`, { disabled: true });
  const { generation } = await db.user.findUniqueOrThrow({ where: { id } });
  await asAdmin('PATCH', `/users/${id}`, { disabled: true });
  t.equal((await db.user.findUniqueOrThrow({ where: { id } })).generation, generation, 'disabled once');
});

t.test('An admin who demotes himself loses the admin level at once', async (t) => {
  const { id } = await createUser(3);
  const { accessToken, refreshToken } = await open(api, id);
  const demote = (token: string, access: number) => ask('PATCH', `/users/${id}`, { token, body: { access } });
  t.match((await demote(accessToken, 1)).body, { access: 1 });
  t.equal((await demote(accessToken, 3)).status, 401);
  const next = pairOf(await refresh(api, refreshToken));
  t.equal((await demote(next.accessToken, 3)).status, 403);
});
