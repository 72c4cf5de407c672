/** What ends the validity of access tokens: the very next request to the same process is refused. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { requireAccess } from '#latchkey/access/guard.ts';
import { withAccess } from '#latchkey/access/plugin.ts';
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
const [boss, template] = [await api.person(3), await api.person(1)];

/** Every kind of guarded route: read, written, with a body, with one that does not fit, HEAD, by hook, of a vendor. */
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
  ['GET', `/users/${boss.id}`],
  ['PATCH', `/users/${boss.id}`, { access: 0 }],
  ['DELETE', `/users/${boss.id}`],
  ['DELETE', `/users/${boss.id}/sessions`],
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
    t.match(answer.headers['www-authenticate'], /error="invalid_token"$/, `${name}: ${method} ${url}`);
  }
}

/** Somebody, without the 50 ms of two passwords. */
async function somebody(access: number): Promise<{ id: string; email: string }> {
  const row = await db.user.findUniqueOrThrow({ where: { id: template.id } });
  return db.user.create({ data: buildUserRow({ ...row, access, email: `${randomUUID()}@example.com` }) });
}

async function asBoss(method: 'PATCH' | 'DELETE', url: string, body?: unknown): Promise<void> {
  const token = await api.sessionToken(boss.id);
  const { status, text } = await ask(method, url, { token, ...(body !== undefined && { body }) });
  if (status >= 300) throw new Error(`${method} ${url} -> ${status}: ${text}`);
}

interface Case {
  /** Level before. */
  readonly access: number;
  readonly change: (id: string, pair: Pair) => Promise<unknown>;
  /** Level at which the session goes on after a refresh; undefined when it has ended. */
  readonly goesOnAt?: number;
}

const cases: Record<string, Case> = {
  'demoted to guest': {
    access: 1,
    change: (id) => asBoss('PATCH', `/users/${id}`, { access: 0 }),
    goesOnAt: 0,
  },
  'demoted by one': {
    access: 3,
    change: (id) => asBoss('PATCH', `/users/${id}`, { access: 2 }),
    goesOnAt: 2,
  },
  promoted: { access: 1, change: (id) => asBoss('PATCH', `/users/${id}`, { access: 3 }), goesOnAt: 3 },
  'demoted beside a new name': {
    access: 3,
    change: (id) => asBoss('PATCH', `/users/${id}`, { access: 1, name: 'New' }),
    goesOnAt: 1,
  },
  'demoted and promoted again': {
    access: 2,
    change: async (id) => {
      await asBoss('PATCH', `/users/${id}`, { access: 1 });
      await asBoss('PATCH', `/users/${id}`, { access: 2 });
    },
    goesOnAt: 2,
  },
  disabled: { access: 3, change: (id) => asBoss('PATCH', `/users/${id}`, { disabled: true }) },
  'disabled and demoted at once': {
    access: 3,
    change: (id) => asBoss('PATCH', `/users/${id}`, { disabled: true, access: 0 }),
  },
  'disabled and enabled again': {
    access: 1,
    change: async (id) => {
      await asBoss('PATCH', `/users/${id}`, { disabled: true });
      await asBoss('PATCH', `/users/${id}`, { disabled: false });
    },
  },
  deleted: { access: 3, change: (id) => asBoss('DELETE', `/users/${id}`) },
  'deleted, the id in capitals': {
    access: 1,
    change: (id) => asBoss('DELETE', `/users/${id.toUpperCase()}`),
  },
  'demoted, the id in capitals': {
    access: 1,
    change: (id) => asBoss('PATCH', `/users/${id.toUpperCase()}`, { access: 0 }),
    goesOnAt: 0,
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
    change: (id) => asBoss('DELETE', `/users/${id}/sessions`),
  },
  'of a changed password': {
    access: 1,
    change: async (id) =>
      ask('PUT', '/me/password', {
        token: (await open(api, id)).accessToken,
        body: { currentPassword: PASSWORD, newPassword: 'another correct battery' },
      }),
  },
};

for (const [name, { access, change, goesOnAt }] of Object.entries(cases)) {
  t.test(`the token of somebody ${name}`, async (t) => {
    const { id } = await somebody(access);
    const pair = await open(api, id);
    const bystander = await open(api, template.id);
    t.ok(await isAccepted(api, pair.accessToken), 'before');
    await change(id, pair);
    t.notOk(await isAccepted(api, pair.accessToken), 'the very next request');
    await isRefused(t, pair.accessToken, name);
    const answer = await refresh(api, pair.refreshToken);
    if (goesOnAt === undefined) {
      t.equal(answer.status, 401, 'its session has ended');
    } else {
      const next = pairOf(answer);
      t.equal(readClaims(next.accessToken).access, goesOnAt);
      const asked = await ask('GET', '/me/permissions', { token: next.accessToken });
      t.equal(asked.body.access, goesOnAt, 'after a refresh it goes on at the new level');
      t.equal(
        (await ask('GET', '/control-panel', { token: next.accessToken })).status,
        goesOnAt < 3 ? 403 : 200,
      );
      await isRefused(t, pair.accessToken, `${name}, after the refresh`);
    }
    t.ok(await isAccepted(api, bystander.accessToken), 'nobody else is touched');
  });
}

t.test('enabling somebody again revives neither tokens nor sessions, but lets sign in', async (t) => {
  const { id, email } = await somebody(1);
  const pairs = [await open(api, id), await open(api, id, 0)];
  await asBoss('PATCH', `/users/${id}`, { disabled: true });
  t.equal((await signIn(api, email)).status, 401);
  await asBoss('PATCH', `/users/${id}`, { disabled: false });
  for (const { accessToken, refreshToken } of pairs) {
    t.notOk(await isAccepted(api, accessToken));
    t.equal((await refresh(api, refreshToken)).status, 401);
  }
  const pair = pairOf(await signIn(api, email));
  t.ok(await isAccepted(api, pair.accessToken));
  t.ok(await isAccepted(api, pairOf(await refresh(api, pair.refreshToken)).accessToken));
});

t.test('a change that changes nothing about access revokes nothing', async (t) => {
  const { id } = await somebody(1);
  const pair = await open(api, id);
  const count = () => db.revocation.count();
  const before = await count();
  const own = (method: 'PATCH' | 'DELETE', url: string, body?: unknown) =>
    ask(method, url, { token: pair.accessToken, ...(body !== undefined && { body }) });
  const changes: Record<string, () => Promise<unknown>> = {
    'the level that somebody has': () => asBoss('PATCH', `/users/${id}`, { access: 1 }),
    'a name': () => asBoss('PATCH', `/users/${id}`, { name: 'New' }),
    'enabling somebody who is enabled': () => asBoss('PATCH', `/users/${id}`, { disabled: false }),
    'all of it': () => asBoss('PATCH', `/users/${id}`, { access: 1, name: 'Newer', disabled: false }),
    'one’s own name': () => own('PATCH', '/me', { name: 'Newest' }),
    'a session that there is not': () => own('DELETE', `/me/sessions/${randomUUID()}`),
    'no other sessions': () => own('DELETE', '/me/sessions'),
    'a change that is refused': () => own('PATCH', `/users/${boss.id}`, { access: 0 }),
    'a user who is not there': async () =>
      ask('DELETE', `/users/${randomUUID()}`, { token: await api.sessionToken(boss.id) }),
  };
  for (const [name, make] of Object.entries(changes)) {
    await make();
    t.ok(await isAccepted(api, pair.accessToken), name);
    t.equal(await count(), before, name);
  }
  pairOf(await refresh(api, pair.refreshToken));

  await asBoss('PATCH', `/users/${id}`, { disabled: true });
  const { generation } = await db.user.findUniqueOrThrow({ where: { id } });
  await asBoss('PATCH', `/users/${id}`, { disabled: true });
  t.equal((await db.user.findUniqueOrThrow({ where: { id } })).generation, generation, 'disabled once');
});

t.test('an admin who demotes himself has done so', async (t) => {
  const { id } = await somebody(3);
  const { accessToken, refreshToken } = await open(api, id);
  const demote = (token: string, access: number) => ask('PATCH', `/users/${id}`, { token, body: { access } });
  t.match((await demote(accessToken, 1)).body, { access: 1 });
  t.equal((await demote(accessToken, 3)).status, 401);
  const next = pairOf(await refresh(api, refreshToken));
  t.equal((await demote(next.accessToken, 3)).status, 403);
});
