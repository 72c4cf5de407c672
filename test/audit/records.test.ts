/** The events of all changes: a change is recorded in its own transaction, or is not made. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { createFirstAdmin } from '#latchkey/accounts/invitations/first-admin.ts';
import { expireElevations } from '#latchkey/accounts/users/expire-elevations.ts';
import { pairOf, refresh, setTime, signIn } from '../accounts/client.ts';
import { type Answer, type Api, PASSWORD, type Person, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor } from '../mailbox.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Format of the id of a request without an own id. */
const REQUEST_ID = /^[0-9a-f]{24}$/;

/** Request context of the requests in these tests. */
const here = { ip: '127.0.0.1', userAgent: 'lightMyRequest', requestId: REQUEST_ID };
const nowhere = { ip: null, userAgent: null, requestId: null };

async function list(api: Api, admin: string, query: string): Promise<Answer['body'][]> {
  const { body } = await api.ask('GET', `/audit-events?${query}`, { token: await api.sessionToken(admin) });
  return body.events;
}

interface Stage {
  readonly api: Api;
  readonly admin: Person;
  readonly ada: Person;
}

interface Scene {
  readonly name: string;
  /** Makes the change. @returns id of the target */
  readonly act: (stage: Stage) => Promise<string>;
  readonly event: (stage: Stage, target: string) => Record<string, unknown>;
}

const admits = async (answer: Promise<Answer>, status = 200): Promise<Answer> => {
  const { status: actual, text } = await answer;
  if (actual !== status) throw new Error(`${actual} in place of ${status}: ${text}`);
  return answer;
};

/** Changes without mail. They run in this order, in one service. */
const scenes: readonly Scene[] = [
  {
    name: 'somebody registers',
    act: async ({ api }) => {
      const body = { name: 'Alan', email: 'alan@example.com', password: PASSWORD };
      return (await admits(api.ask('POST', '/register', { body }), 201)).body.id;
    },
    event: () => ({
      action: 'user.registered',
      actorId: null,
      before: null,
      after: { access: 1, name: 'Alan', email: 'alan@example.com' },
      ...here,
    }),
  },
  {
    name: 'somebody signs in',
    act: async ({ api, ada }) => {
      await admits(signIn(api, ada.email, 0));
      return ada.id;
    },
    event: ({ ada }) => ({
      action: 'session.opened',
      actorId: ada.id,
      after: { sessionId: UUID, access: 0 },
      ...here,
    }),
  },
  {
    name: 'a refresh token is used twice',
    act: async ({ api, ada }) => {
      const { body } = await signIn(api, ada.email);
      const { body: next } = await refresh(api, body.refreshToken);
      const { sid } = JSON.parse(Buffer.from(next.accessToken.split('.')[1], 'base64url').toString());
      await setTime(api, sid, 'rotatedAt', -60);
      await admits(refresh(api, body.refreshToken), 401);
      return ada.id;
    },
    event: () => ({
      action: 'session.reuse-detected',
      actorId: null,
      before: { sessionId: UUID },
      after: null,
      ...here,
    }),
  },
  {
    name: 'a refresh token is sent again from another network',
    act: async ({ api, ada }) => {
      const { body } = await signIn(api, ada.email);
      const { sessionId } = pairOf(await refresh(api, body.refreshToken));
      const data = { rotatedNetwork: '192.0.2.9', rotatedUserAgent: here.userAgent };
      await api.app.accounts.db.session.update({ where: { id: sessionId }, data });
      await admits(refresh(api, body.refreshToken));
      return ada.id;
    },
    event: () => ({
      action: 'session.continued-elsewhere',
      actorId: null,
      before: null,
      after: { sessionId: UUID, repeats: 1 },
      ...here,
    }),
  },
  {
    name: 'somebody gives the password again',
    act: async ({ api, ada }) => {
      const options = { token: ada.token, body: { password: PASSWORD } };
      await admits(api.ask('POST', '/me/reauthenticate', options));
      return ada.id;
    },
    event: ({ ada }) => ({
      action: 'session.reauthenticated',
      actorId: ada.id,
      after: { sessionId: UUID },
      ...here,
    }),
  },
  {
    name: 'somebody signs out',
    act: async ({ api, ada }) => {
      await admits(api.ask('POST', '/logout', { token: await api.sessionToken(ada.id) }), 204);
      return ada.id;
    },
    event: ({ ada }) => ({ action: 'session.ended', actorId: ada.id, before: { sessionId: UUID }, ...here }),
  },
  {
    name: 'somebody ends the other sessions',
    act: async ({ api, ada }) => {
      await api.sessionToken(ada.id);
      await admits(api.ask('DELETE', '/me/sessions', { token: ada.token }), 204);
      return ada.id;
    },
    event: ({ ada }) => ({ action: 'session.ended', actorId: ada.id, before: { sessions: Number }, ...here }),
  },
  {
    name: 'somebody takes another name',
    act: async ({ api, ada }) => {
      await admits(api.ask('PATCH', '/me', { token: ada.token, body: { name: 'Augusta' } }));
      return ada.id;
    },
    event: ({ ada }) => ({
      action: 'user.name-changed',
      actorId: ada.id,
      before: { name: 'Ada' },
      after: { name: 'Augusta' },
      reason: null,
      ...here,
    }),
  },
  {
    name: 'somebody takes another password',
    act: async ({ api, ada }) => {
      const body = { currentPassword: PASSWORD, newPassword: `${PASSWORD} too` };
      await admits(api.ask('PUT', '/me/password', { token: ada.token, body }));
      return ada.id;
    },
    event: ({ ada }) => ({
      action: 'user.password-changed',
      actorId: ada.id,
      before: null,
      after: null,
      ...here,
    }),
  },
  {
    name: 'an admin changes a name',
    act: async ({ api, admin, ada }) => {
      const body = { name: 'Ada King', reason: 'married' };
      await admits(api.ask('PATCH', `/users/${ada.id}`, { token: admin.token, body }));
      return ada.id;
    },
    event: ({ admin }) => ({
      action: 'user.name-changed',
      actorId: admin.id,
      before: { name: 'Augusta' },
      after: { name: 'Ada King' },
      reason: 'married',
      ...here,
    }),
  },
  {
    name: 'an admin changes the level',
    act: async ({ api, admin, ada }) => {
      const body = { access: 0, reason: 'on leave' };
      await admits(api.ask('PATCH', `/users/${ada.id}`, { token: admin.token, body }));
      return ada.id;
    },
    event: ({ admin }) => ({
      action: 'user.access-changed',
      actorId: admin.id,
      before: { access: 1, accessUntil: null },
      after: { access: 0, accessUntil: null },
      reason: 'on leave',
      ...here,
    }),
  },
  {
    name: 'a level with a time limit falls back',
    act: async ({ api, admin, ada }) => {
      const accessUntil = new Date(Date.now() + 3_600_000).toISOString();
      const body = { access: 2, accessUntil };
      await admits(api.ask('PATCH', `/users/${ada.id}`, { token: admin.token, body }));
      await api.app.accounts.db.user.update({ where: { id: ada.id }, data: { accessUntil: new Date(0) } });
      await expireElevations(api.app.accounts);
      return ada.id;
    },
    event: () => ({
      action: 'user.elevation-expired',
      actorId: null,
      before: { access: 2 },
      after: { access: 0 },
      ...nowhere,
    }),
  },
  {
    name: 'an admin ends all sessions',
    act: async ({ api, admin, ada }) => {
      await admits(api.ask('DELETE', `/users/${ada.id}/sessions`, { token: admin.token }), 204);
      return ada.id;
    },
    event: ({ admin }) => ({ action: 'session.ended', actorId: admin.id, before: { sessions: 1 }, ...here }),
  },
  {
    name: 'an admin disables somebody',
    act: async ({ api, admin, ada }) => {
      const body = { disabled: true, reason: 'left the company' };
      await admits(api.ask('PATCH', `/users/${ada.id}`, { token: admin.token, body }));
      return ada.id;
    },
    event: ({ admin }) => ({
      action: 'user.disabled',
      actorId: admin.id,
      reason: 'left the company',
      ...here,
    }),
  },
  {
    name: 'an admin enables somebody',
    act: async ({ api, admin, ada }) => {
      await admits(api.ask('PATCH', `/users/${ada.id}`, { token: admin.token, body: { disabled: false } }));
      return ada.id;
    },
    event: ({ admin }) => ({ action: 'user.enabled', actorId: admin.id, reason: null, ...here }),
  },
  {
    name: 'an admin deletes somebody',
    act: async ({ api, admin, ada }) => {
      await admits(api.ask('DELETE', `/users/${ada.id}`, { token: admin.token }), 204);
      return ada.id;
    },
    event: ({ admin }) => ({
      action: 'user.deleted',
      actorId: admin.id,
      before: { access: 0 },
      after: null,
      ...here,
    }),
  },
];

async function play(t: Test, stage: Stage, all: readonly Scene[]): Promise<void> {
  for (const { name, act, event } of all) {
    const began = Date.now();
    const target = await act(stage);
    const [newest] = await list(stage.api, stage.admin.id, `limit=1&target=${target}`);
    t.match(newest, { id: UUID, targetId: target, count: 1, ...event(stage, target) }, name);
    const time = Date.parse(newest.createdAt);
    t.ok(began <= time && time <= Date.now(), name);
  }
}

t.test('Each change is recorded with its actor, action, target, values, reason and origin', async (t) => {
  const api = await startApi(t);
  const stage = { api, admin: await api.person(2, 'Grace'), ada: await api.person(1, 'Ada') };
  await play(t, stage, scenes);

  const about = await list(api, stage.admin.id, `limit=100&target=${stage.ada.id}`);
  const kept = about.filter(({ ip, before, after }) => ip !== null || before?.name || after?.email);
  t.ok(
    kept.every(({ actorId }) => actorId === stage.admin.id),
    'of somebody who left, nothing personal is kept',
  );
  t.match(about.at(-1), { action: 'session.opened', ip: null }, 'but what happened is');
});

/** Changes with mail. They run in this order, in one service. */
const mailedScenes: readonly Scene[] = [
  {
    name: 'somebody registers, and confirms',
    act: async ({ api }) => {
      const body = { name: 'Alan', email: 'alan@example.com', password: PASSWORD };
      await admits(api.ask('POST', '/register', { body }), 202);
      const token = await tokenFor(api, body.email, 'registration');
      return (await admits(api.ask('POST', '/email/verify', { body: { token, password: PASSWORD } }))).body
        .id;
    },
    event: () => ({
      action: 'user.registered',
      actorId: null,
      after: { access: 1, name: 'Alan', email: 'alan@example.com' },
      ...here,
    }),
  },
  {
    name: 'somebody takes another address',
    act: async ({ api, ada }) => {
      const body = { email: 'augusta@example.com' };
      await admits(api.ask('PUT', '/me/email', { token: ada.token, body }), 202);
      const token = await tokenFor(api, body.email, 'email-change');
      await admits(api.ask('POST', '/email/verify', { body: { token } }));
      return ada.id;
    },
    event: ({ ada }) => ({
      action: 'user.email-changed',
      actorId: ada.id,
      before: { email: ada.email },
      after: { email: 'augusta@example.com' },
      ...here,
    }),
  },
  {
    name: 'somebody has forgotten the password',
    act: async ({ api, ada }) => {
      const email = 'augusta@example.com';
      await admits(api.ask('POST', '/password/forgot', { body: { email } }), 202);
      const body = { token: await tokenFor(api, email, 'password-reset'), newPassword: `${PASSWORD} too` };
      await admits(api.ask('POST', '/password/reset', { body }), 204);
      return ada.id;
    },
    event: ({ ada }) => ({
      action: 'user.password-reset',
      actorId: ada.id,
      before: null,
      after: null,
      ...here,
    }),
  },
  {
    name: 'an admin invites somebody',
    act: async (stage) => (await invite(stage, 'invited@example.com')).id,
    event: ({ admin }) => ({
      action: 'invitation.created',
      actorId: admin.id,
      after: { access: 1, email: 'invited@example.com' },
      ...here,
    }),
  },
  {
    name: 'an admin sends an invitation again',
    act: async (stage) => {
      const { id } = await invite(stage, 'again@example.com');
      await admits(stage.api.ask('POST', `/invitations/${id}/resend`, { token: stage.admin.token }));
      return id;
    },
    event: ({ admin }) => ({ action: 'invitation.resent', actorId: admin.id, ...here }),
  },
  {
    name: 'an admin takes an invitation back',
    act: async (stage) => {
      const { id } = await invite(stage, 'back@example.com');
      await admits(stage.api.ask('DELETE', `/invitations/${id}`, { token: stage.admin.token }), 204);
      return id;
    },
    event: ({ admin }) => ({
      action: 'invitation.revoked',
      actorId: admin.id,
      before: { access: 1 },
      ...here,
    }),
  },
  {
    name: 'somebody accepts an invitation',
    act: async (stage) => {
      const { id, token } = await invite(stage, 'accepting@example.com');
      const body = { token, name: 'Edsger', password: PASSWORD };
      await admits(stage.api.ask('POST', '/invitations/accept', { body }), 201);
      return id;
    },
    event: ({ admin }) => ({
      action: 'invitation.accepted',
      actorId: UUID,
      after: { access: 1, inviterId: admin.id },
      ...here,
    }),
  },
];

async function invite({ api, admin }: Stage, email: string): Promise<{ id: string; token: string }> {
  const { body } = await admits(
    api.ask('POST', '/invitations', { token: admin.token, body: { email } }),
    201,
  );
  return { id: body.id, token: await tokenFor(api, email, 'invitation') };
}

t.test(
  'Each change that needs a mail is recorded: registrations, addresses, password resets, invitations',
  async (t) => {
    const api = await startApi(t, NO_MAIL_SERVER);
    const stage = { api, admin: await api.person(2, 'Grace'), ada: await api.person(1, 'Ada') };
    await play(t, stage, mailedScenes);
  },
);

t.test('An event of a command or of a start has no request context', async (t) => {
  const api = await startApi(t);
  const admin = await api.person(2);
  await api.app.accounts.db.user.update({ where: { id: admin.id }, data: { access: 1, permanentAccess: 1 } });
  await createFirstAdmin(api.app.accounts, { email: 'first@example.com', password: PASSWORD });
  await api.app.accounts.db.user.update({ where: { id: admin.id }, data: { access: 2, permanentAccess: 2 } });
  const [created] = await list(api, admin.id, 'action=user.created');
  const after = { access: 2, name: 'Admin', email: 'first@example.com' };
  t.match(created, { actorId: null, after, ...nowhere });

  const levels = await list(api, admin.id, 'action=level.added');
  t.match(levels.map(({ targetId, after }) => [targetId, after]).reverse(), [
    ['guest', { number: 0 }],
    ['user', { number: 1 }],
    ['admin', { number: 2 }],
  ]);
  const [key] = await list(api, admin.id, 'action=key.added');
  t.match(key, { targetId: api.app.keys.signing.kid, after: { algorithm: 'ES256' }, ...nowhere });
});

t.test('A start records added and removed levels and keys once', async (t) => {
  const before = await startApi(t);
  const { privateKey } = generateKeyPairSync('ed25519');
  const variables = {
    DATABASE_URL: before.databaseUrl,
    DATA_DIR: before.app.config.dataDir,
    ACCESS_LEVELS: 'guest:0,user:1,moderator:5,admin:10',
    JWT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  const names = {
    DATABASE_URL: before.databaseUrl,
    DATA_DIR: before.app.config.dataDir,
    ACCESS_LEVELS: 'guest:0,user:1,moderator:5,boss:9,admin:2',
  };
  await t.rejects(startApi(t, names), /ACCESS_LEVELS/, 'a boot that is refused records nothing');
  const { db } = before.app.accounts;
  const count = await db.auditEvent.count();
  await db.accessLevel.delete({ where: { name: 'admin' } });
  await startApi(t, variables);
  const changes = await db.auditEvent.findMany({ orderBy: { id: 'asc' }, skip: count });
  t.match(changes, [
    { action: 'level.added', targetId: 'moderator', after: '{"number":5}' },
    { action: 'level.added', targetId: 'admin', after: '{"number":10}' },
    { action: 'key.added', after: '{"algorithm":"EdDSA"}', before: null },
    {
      action: 'key.removed',
      targetId: before.app.keys.signing.kid,
      before: '{"algorithm":"ES256"}',
      after: null,
    },
  ]);
  t.equal(changes.length, 4);
  await startApi(t, variables);
  await startApi(t, { ...variables, ACCESS_LEVELS: 'guest:0,user:1,admin:10' });
  const [last, ...more] = await db.auditEvent.findMany({ orderBy: { id: 'asc' }, skip: count + 4 });
  t.match(last, { action: 'level.removed', targetId: 'moderator', before: '{"number":5}' });
  t.equal(more.length, 0);
});

t.test('A change that fails records nothing', async (t) => {
  const api = await startApi(t);
  const [admin, ada] = [await api.person(2), await api.person(1)];
  const { db } = api.app.accounts;
  const count = await db.auditEvent.count();
  const body = { name: 'Ada', email: ada.email, password: PASSWORD };
  t.equal((await api.ask('POST', '/register', { body })).status, 409);
  const token = admin.token;
  t.equal((await api.ask('PATCH', `/users/${admin.id}`, { token, body: { access: 1 } })).status, 409);
  t.equal((await api.ask('DELETE', `/users/${admin.id}`, { token })).status, 409);
  t.equal((await api.ask('DELETE', `/users/${randomUUID()}`, { token })).status, 404);
  t.equal((await api.ask('PATCH', `/users/${ada.id}`, { token, body: { access: 1 } })).status, 200);
  t.equal(await db.auditEvent.count(), count);
});

t.test('A change that cannot be recorded is not made', async (t) => {
  const api = await startApi(t);
  const [admin, ada] = [await api.person(2), await api.person(1)];
  const { db } = api.app.accounts;
  await db.raw.execute`ALTER TABLE "PersonalData" RENAME TO "Elsewhere"`;
  const options = { token: admin.token, body: { access: 0 } };
  t.equal((await api.ask('PATCH', `/users/${ada.id}`, options)).status, 500);
  await db.raw.execute`ALTER TABLE "Elsewhere" RENAME TO "PersonalData"`;
  t.match(await db.user.findUnique({ where: { id: ada.id } }), { access: 1, generation: 0 });
  t.equal((await api.ask('GET', '/me', { token: ada.token })).status, 200, 'nor is a token revoked');
});
