/** Admins remove the second factor of somebody who has lost it. */
import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { resetAuthenticators } from '#latchkey/accounts/authenticators/reset.ts';
import { operator } from '#latchkey/accounts/context.ts';
import { unusableHash } from '#latchkey/accounts/passwords/hash.ts';
import { failure } from '../db/failure.ts';
import { type Answer, PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor, waitingFor } from '../mailbox.ts';
import { addPasskey } from './authenticator.ts';
import { isAccepted, open, refresh } from './client.ts';
import { begin, codeOf, enrol, stepNow, wrongCodeOf } from './second-factor.ts';

const api = await startApi(t, NO_MAIL_SERVER);
const { ask, app, person } = api;
const { db } = app.accounts;
const admin = await person(2);

const reset = (token: string, id: string) => ask('DELETE', `/users/${id}/authenticators`, { token });
const isProblem = (t: Test, { status, body }: Answer, expected: number, slug: string, name = slug) =>
  t.strictSame([status, body.slug], [expected, slug], name);
const templatesFor = async (email: string) => (await waitingFor(api, email)).map(({ template }) => template);

t.test('The second factor is gone, every session has ended, and the owner sets a new password', async (t) => {
  const ada = await person(1);
  const { token } = await enrol(api, ada);
  const other = await open(api, ada.id);
  await begin(api, token);
  const row = { userId: ada.id, epoch: 0, amr: 'pwd', tries: 0, createdAt: new Date() };
  await db.signInChallenge.create({
    data: { ...row, id: randomUUID(), tokenHash: randomUUID(), expiresAt: new Date(Date.now() + 60_000) },
  });
  t.equal((await reset(admin.token, ada.id.toUpperCase())).status, 204);
  for (const old of [token, ada.token, other.accessToken]) t.notOk(await isAccepted(api, old));
  for (const old of [ada.refreshToken, other.refreshToken]) t.equal((await refresh(api, old)).status, 401);
  t.match(await db.user.findUniqueOrThrow({ where: { id: ada.id } }), { secondFactor: false });
  t.equal(await db.totp.count({ where: { userId: ada.id } }), 0);
  t.equal(await db.recoveryCode.count({ where: { userId: ada.id } }), 0);
  t.equal(await db.signInChallenge.count({ where: { userId: ada.id } }), 0);
  t.match(
    await db.auditEvent.findFirstOrThrow({ where: { targetId: ada.id, action: 'authenticator.removed' } }),
    { actorId: admin.id, before: JSON.stringify({ authenticator: 'totp', passkeys: 0, recoveryCodes: 10 }) },
  );
  t.strictSame(await templatesFor(ada.email), [
    'authenticator-added',
    'authenticators-reset',
    'set-password',
  ]);
  const newPassword = 'a password that was set anew';
  const body = { token: await tokenFor(api, ada.email, 'set-password'), newPassword };
  t.equal((await ask('POST', '/password/reset', { body })).status, 204);
  const signIn = (password: string) => ask('POST', '/login', { body: { email: ada.email, password } });
  t.equal((await signIn(PASSWORD)).status, 401);
  t.equal((await signIn(newPassword)).status, 200);
});

t.test('Wrong codes of the lost app do not lock the next one', async (t) => {
  const ada = await person(1);
  const app = await enrol(api, ada);
  const signIn = () => ask('POST', '/login', { body: { email: ada.email, password: PASSWORD } });
  const finish = async (code: string) => {
    const { challenge } = (await signIn()).body;
    return ask('POST', '/login/second-factor', { body: { challenge, code } });
  };
  let answer = await finish(wrongCodeOf(app));
  for (let n = 0; n < 10 && answer.status === 401; n++) answer = await finish(wrongCodeOf(app));
  t.equal(answer.body.slug, 'too-many-attempts', 'the account waits');
  await reset(admin.token, ada.id);
  const next = await enrol(api, { token: (await signIn()).body.accessToken });
  t.equal((await finish(codeOf(next, stepNow(1)))).status, 200);
});

t.test('The mail with the link is taken back when another one is asked for, the notice is not', async (t) => {
  const ada = await person(1);
  await enrol(api, ada);
  await reset(admin.token, ada.id);
  await ask('POST', '/password/forgot', { body: { email: ada.email } });
  t.strictSame(await templatesFor(ada.email), [
    'authenticator-added',
    'authenticators-reset',
    'password-reset',
  ]);
  t.equal(await db.passwordReset.count({ where: { userId: ada.id } }), 1);
});

t.test('A user who has no second factor stays as is', async (t) => {
  const ada = await person(1);
  const before = await db.user.findUniqueOrThrow({ where: { id: ada.id } });
  t.equal((await reset(admin.token, ada.id)).status, 204);
  t.strictSame(await db.user.findUniqueOrThrow({ where: { id: ada.id } }), before);
  t.ok(await isAccepted(api, ada.token));
  t.strictSame(await templatesFor(ada.email), []);
  isProblem(t, await reset(admin.token, randomUUID()), 404, 'user-not-found');
});

t.test('A disabled user gets the notice, and no link', async (t) => {
  const ada = await person(1);
  await enrol(api, ada);
  await ask('PATCH', `/users/${ada.id}`, { token: admin.token, body: { disabled: true } });
  t.equal((await reset(admin.token, ada.id)).status, 204);
  t.strictSame(await templatesFor(ada.email), ['authenticator-added', 'authenticators-reset']);
  t.match(await db.user.findUniqueOrThrow({ where: { id: ada.id } }), {
    disabled: true,
    secondFactor: false,
  });
});

t.test('Passkeys go too, and a user without a password gets the link that sets one', async (t) => {
  const ada = await person(1);
  await db.user.update({ where: { id: ada.id }, data: { passwordHash: unusableHash() } });
  const authenticator = await addPasskey(api, ada.id);
  await addPasskey(api, ada.id);
  const assertion = async () => authenticator.get((await ask('POST', '/login/passkey/options')).body);
  t.equal((await reset(admin.token, ada.id)).status, 204);
  t.equal(await db.passkey.count({ where: { userId: ada.id } }), 0);
  const refused = await ask('POST', '/login/passkey', { body: { passkey: await assertion() } });
  isProblem(t, refused, 401, 'passkey-not-accepted');
  t.match(
    await db.auditEvent.findFirstOrThrow({ where: { targetId: ada.id, action: 'authenticator.removed' } }),
    { before: JSON.stringify({ authenticator: 'passkey', passkeys: 2, recoveryCodes: 0 }) },
  );
  const body = { token: await tokenFor(api, ada.email, 'set-password'), newPassword: PASSWORD };
  t.equal((await ask('POST', '/password/reset', { body })).status, 204);
  t.equal((await ask('POST', '/login', { body: { email: ada.email, password: PASSWORD } })).status, 200);
});

t.test('Nobody is left without a way in', async (t) => {
  for (const [variables, detail] of [
    [{}, /no password, and without a mail server .*: latchkey user reset-password\.$/],
    [{ ...NO_MAIL_SERVER, SIGN_IN_METHODS: 'passkey' }, /SIGN_IN_METHODS leaves passwords out/],
    [{ ...NO_MAIL_SERVER, SIGN_IN_METHODS: 'passkey,email' }, undefined],
  ] as const) {
    const other = await startApi(t, variables);
    const { db } = other.app.accounts;
    const [boss, ada] = [await other.person(2), await other.person(1)];
    await addPasskey(other, ada.id);
    await db.user.update({ where: { id: ada.id }, data: { passwordHash: unusableHash() } });
    const answer = await other.ask('DELETE', `/users/${ada.id}/authenticators`, { token: boss.token });
    if (detail === undefined) {
      t.equal(answer.status, 204);
      const mails = (await waitingFor(other, ada.email)).map(({ template }) => template);
      t.strictSame(mails, ['authenticators-reset'], 'no link that sets a password');
    } else {
      isProblem(t, answer, 409, 'last-authenticator');
      t.match(answer.body.detail, detail);
    }
    t.equal(await db.passkey.count({ where: { userId: ada.id } }), detail === undefined ? 0 : 1);
  }
});

t.test('An admin who has two factors needs both, and never removes the own', async (t) => {
  const [one, ada] = [await person(2), await person(2)];
  await enrol(api, ada);
  isProblem(t, await reset(one.token, one.id), 409, 'own-authenticators', 'with none');
  const { token } = await enrol(api, one);
  isProblem(t, await reset(token, one.id), 409, 'own-authenticators');
  const { accessToken } = await open(api, one.id);
  const refused = await reset(accessToken, ada.id);
  isProblem(t, refused, 401, 'two-factors-required');
  t.match(refused.headers['www-authenticate'], /acr_values="2", max_age=900, resource_metadata=/);
  t.equal(await db.totp.count({ where: { userId: ada.id } }), 1);
  t.equal((await reset(token, ada.id)).status, 204, 'another admin');
});

t.test('An elevated admin does not remove the second factor of a permanent one', async (t) => {
  const [hour, boss] = [await person(1), await person(2)];
  await enrol(api, boss);
  const accessUntil = new Date(Date.now() + 3_600_000).toISOString();
  await ask('PATCH', `/users/${hour.id}`, { token: admin.token, body: { access: 2, accessUntil } });
  isProblem(t, await reset(await api.sessionToken(hour.id), boss.id), 403, 'access-denied');
  t.equal(await db.totp.count({ where: { userId: boss.id } }), 1);
});

t.test('An operator removes that of the only admin, by address', async (t) => {
  const boss = await person(2);
  await enrol(api, boss);
  const key = { email: boss.email };
  t.equal(await resetAuthenticators(app.accounts, operator, key), true);
  t.equal(await resetAuthenticators(app.accounts, operator, key), false, 'nothing is left');
  t.notOk(await isAccepted(api, boss.token));
  const where = { targetId: boss.id, action: 'authenticator.removed' };
  t.match(await db.auditEvent.findMany({ where }), [{ actorId: null }]);
  const unknown = { email: 'nobody@example.com' };
  t.match(await failure(() => resetAuthenticators(app.accounts, operator, unknown)), {
    message: /no user with this email address/,
  });
});
