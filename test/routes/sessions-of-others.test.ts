/** Admins see where a user is signed in and what the user signs in with, and end one session. */
import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { operator } from '#latchkey/accounts/context.ts';
import { createServiceAccount } from '#latchkey/accounts/service-accounts/service-accounts.ts';
import { addPasskey } from '../accounts/authenticator.ts';
import { isAccepted, open, openWithTwoFactors, readClaims, refresh } from '../accounts/client.ts';
import { enrol } from '../accounts/second-factor.ts';
import { makeKey, makeService, makeServiceKey } from '../api-keys/keys.ts';
import { type Answer, startApi } from '../helper.ts';

const api = await startApi(t);
const { ask, app, person } = api;
const { db } = app.accounts;
const admin = await person(2);
const service = await createServiceAccount(app.accounts, operator, { name: 'reports', access: 1 });

const isProblem = (t: Test, { status, body }: Answer, expected: number, slug: string) =>
  t.strictSame([status, body.slug], [expected, slug], slug);
const list = (id: string, token = admin.token) => ask('GET', `/users/${id}/sessions`, { token });
const end = (id: string, sessionId: string, token = admin.token) =>
  ask('DELETE', `/users/${id}/sessions/${sessionId}`, { token });

t.test('An admin sees the same sessions as the user, and none as the current one', async (t) => {
  const ada = await person(1);
  const other = await open(api, ada.id);
  const own = (await ask('GET', '/me/sessions', { token: ada.token })).body.sessions;
  const { status, body } = await list(ada.id.toUpperCase());
  t.equal(status, 200);
  t.equal(body.sessions.length, 2);
  t.strictSame(
    body.sessions,
    own.map((session: object) => ({ ...session, current: false })),
  );
  const mine = (await list(admin.id)).body.sessions;
  const [current] = mine.filter(({ current }: { current: boolean }) => current);
  t.equal(current.id, readClaims(admin.token).sid, "the admin's own list has the session of the request");

  await db.session.update({ where: { id: other.sessionId }, data: { idleUntil: new Date(0) } });
  t.equal((await list(ada.id)).body.sessions.length, 1, 'one that has expired is left out');
  await ask('PATCH', `/users/${ada.id}`, { token: admin.token, body: { disabled: true } });
  t.strictSame((await list(ada.id)).body.sessions, []);
  t.strictSame((await list(service.id)).body.sessions, [], 'a service account has none');
  isProblem(t, await list(randomUUID()), 404, 'user-not-found');
  isProblem(t, await list('no-id'), 404, 'not-found');
  isProblem(t, await list(ada.id, (await person(1)).token), 403, 'access-denied');
});

t.test('An admin ends one session: its tokens are refused, and the others go on', async (t) => {
  const ada = await person(1);
  const [one, other] = [await open(api, ada.id), await open(api, ada.id)];
  t.equal((await end(ada.id.toUpperCase(), one.sessionId.toUpperCase())).status, 204);
  t.notOk(await isAccepted(api, one.accessToken));
  t.equal((await refresh(api, one.refreshToken)).status, 401);
  for (const token of [other.accessToken, ada.token]) t.ok(await isAccepted(api, token));
  t.match(
    await db.auditEvent.findMany({ where: { targetId: ada.id, action: 'session.ended' } }),
    [{ actorId: admin.id, before: JSON.stringify({ sessionId: one.sessionId }) }],
    'one event',
  );
  const again = await end(ada.id, one.sessionId);
  isProblem(t, again, 404, 'session-not-found');
  t.match(again.body.detail, /^The user has no session/, "not the caller's");
  isProblem(t, await end(ada.id, randomUUID()), 404, 'session-not-found');
  isProblem(t, await end(randomUUID(), other.sessionId), 404, 'user-not-found');
  isProblem(t, await end((await person(1)).id, other.sessionId), 404, 'session-not-found');
  t.ok(await isAccepted(api, other.accessToken), 'the session of another user stays');
});

t.test('A key of a service account lists sessions, and ends one where it names the operation', async (t) => {
  const { accessToken: token } = await openWithTwoFactors(api, admin.id);
  const { sessionId } = await open(api, (await person(0)).id);
  const reader = await makeKey(api, token, { access: 2, operations: ['*'] });
  const answer = await list(admin.id, reader.key);
  t.ok(answer.body.sessions.length > 0);
  t.notOk(answer.body.sessions.some(({ current }: { current: boolean }) => current));
  const ada = await person(1);
  isProblem(t, await end(ada.id, sessionId, reader.key), 403, 'key-not-allowed');
  const id = await makeService(api, token, 2);
  const { key } = await makeServiceKey(api, token, id, { access: 2, operations: ['endUserSession'] });
  t.equal((await end(ada.id, readClaims(ada.token).sid, key)).status, 204);
});

t.test('An admin sees what a user signs in with, and no secret', async (t) => {
  const read = (id: string, token = admin.token) => ask('GET', `/users/${id}/authenticators`, { token });
  const ada = await person(1);
  t.strictSame((await read(ada.id)).body, {
    password: true,
    totp: null,
    passkeys: [],
    recoveryCodes: { left: 0, createdAt: null },
  });
  const { token, secret } = await enrol(api, ada);
  await addPasskey(api, ada.id);
  const answer = await read(ada.id.toUpperCase());
  t.equal(answer.status, 200);
  t.strictSame(answer.body, (await ask('GET', '/me/authenticators', { token })).body);
  t.match(answer.body, { password: true, totp: {}, passkeys: [{}], recoveryCodes: { left: 10 } });
  const { passwordHash } = await db.user.findUniqueOrThrow({ where: { id: ada.id } });
  const totp = await db.totp.findUniqueOrThrow({ where: { userId: ada.id } });
  const codes = await db.recoveryCode.findMany({ where: { userId: ada.id } });
  const [passkey] = await db.passkey.findMany({ where: { userId: ada.id } });
  for (const row of [totp, passkey!, ...codes])
    for (const [name, value] of Object.entries(row))
      if (/secret|hash|key$|credential/i.test(name)) t.notOk(answer.text.includes(String(value)), name);
  t.notOk(answer.text.includes(secret) || answer.text.includes(passwordHash));
  t.match((await read(service.id)).body, { password: false, totp: null, passkeys: [] });
  isProblem(t, await read(randomUUID()), 404, 'user-not-found');
  isProblem(t, await read(ada.id, ada.token), 403, 'access-denied');
});
