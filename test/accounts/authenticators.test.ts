/** One's own authenticators: setting up an app, removing it, recovery codes, and what is listed. */
import t, { type Test } from 'tap';
import { pruneChallenges } from '#latchkey/accounts/authenticators/prune.ts';
import { consumeTotpCode } from '#latchkey/accounts/authenticators/totp.ts';
import { unusableHash } from '#latchkey/accounts/passwords/hash.ts';
import { type Answer, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, waitingFor } from '../mailbox.ts';
import { addPasskey } from './authenticator.ts';
import { isAccepted, open, openWithTwoFactors, pairOf, readClaims, refresh, setTime } from './client.ts';
import { begin, codeOf, enrol, stepNow, wrongCodeOf } from './second-factor.ts';

const api = await startApi(t, NO_MAIL_SERVER);
const { ask, app, person } = api;
const { accounts } = app;
const { db } = accounts;

const confirm = (token: string, code: string) => ask('POST', '/me/totp/confirm', { token, body: { code } });
const isProblem = (t: Test, { status, body }: Answer, expected: number, slug: string, name = slug) =>
  t.strictSame([status, body.slug], [expected, slug], name);
const templatesFor = async (email: string) => (await waitingFor(api, email)).map(({ template }) => template);
const actionsOf = async (targetId: string) =>
  (await db.auditEvent.findMany({ where: { targetId }, orderBy: { id: 'asc' } }))
    .map(({ action }) => action)
    .filter((action) => action !== 'session.opened');
const additionsOf = async (targetId: string) => {
  const where = { targetId, action: 'authenticator.added' };
  const events = await db.auditEvent.findMany({ where, orderBy: { id: 'asc' } });
  return events.map(({ after }) => JSON.parse(after ?? 'null'));
};

t.test('An app is active once its first code is confirmed, and the session has two factors', async (t) => {
  const ada = await person(1);
  const other = await open(api, ada.id);
  const first = await begin(api, ada.token);
  t.equal(first.answer.headers['cache-control'], 'no-store');
  t.match(first.answer.body, { mailCodeRequired: false });
  t.match(first.answer.body.uri, `secret=${first.secret}`);
  t.match(decodeURIComponent(first.answer.body.uri), `latchkey.test:${ada.email}`);
  const user = () => db.user.findUniqueOrThrow({ where: { id: ada.id } });
  t.equal((await user()).secondFactor, false, 'not yet');
  t.equal(await db.totp.count({ where: { userId: ada.id } }), 0);
  const { secret } = await begin(api, ada.token);
  t.not(secret, first.secret);
  isProblem(t, await confirm(ada.token, codeOf(first)), 401, 'wrong-code', 'the secret of before');

  const step = stepNow();
  const code = codeOf({ secret }, step);
  const answer = await confirm(ada.token, code);
  t.equal(answer.status, 200);
  t.equal(answer.headers['cache-control'], 'no-store');
  t.equal(answer.body.recoveryCodes.length, 10);
  t.equal(new Set(answer.body.recoveryCodes).size, 10);
  t.match(readClaims(answer.body.accessToken), { acr: '2', amr: ['pwd', 'otp', 'mfa'] });
  t.equal((await user()).secondFactor, true);
  t.equal(await db.pendingTotp.count({ where: { session: { userId: ada.id } } }), 0);
  t.equal(
    await db.transaction((tx) => consumeTotpCode(accounts, tx, ada.id, code)),
    'used',
    'the code signs nobody in',
  );
  const totp = await db.totp.findUniqueOrThrow({ where: { userId: ada.id } });
  t.equal(totp.lastStep, step);
  for (const one of answer.body.recoveryCodes)
    t.notMatch(JSON.stringify(await db.recoveryCode.findMany()), one, 'only a hash is stored');
  isProblem(t, await confirm(answer.body.accessToken, code), 409, 'totp-not-pending', 'once');

  t.ok(await isAccepted(api, ada.token), 'the token of before stays valid');
  t.equal(readClaims(pairOf(await refresh(api, ada.refreshToken)).accessToken).acr, '2');
  t.ok(await isAccepted(api, other.accessToken), 'so do other sessions');
  t.equal(readClaims(pairOf(await refresh(api, other.refreshToken)).accessToken).acr, '1', 'at one factor');
  t.strictSame(await actionsOf(ada.id), ['authenticator.added']);
  t.strictSame(await templatesFor(ada.email), ['authenticator-added']);
});

t.test('Every second factor asks for a recent sign-in', async (t) => {
  const ada = await person(1);
  const late = await open(api, ada.id);
  await setTime(api, late.sessionId, 'authenticatedAt', -1000);
  const { accessToken: token } = pairOf(await refresh(api, late.refreshToken));
  const body = { code: '000000' };
  for (const answer of [
    await ask('POST', '/me/totp', { token }),
    await ask('POST', '/me/totp/confirm', { token, body }),
    await ask('DELETE', '/me/totp', { token }),
    await ask('POST', '/me/recovery-codes', { token }),
  ]) {
    isProblem(t, answer, 401, 'recent-sign-in-required');
    t.match(answer.headers['www-authenticate'], /max_age=900, resource_metadata=/);
  }
  t.equal((await ask('GET', '/me/authenticators', { token })).status, 200, 'a list does not');
});

t.test('Five codes may be tried with a secret, also at once, and then it is void', async (t) => {
  const ada = await person(1);
  const app = await begin(api, ada.token);
  const wrong = wrongCodeOf(app);
  const answers = await Promise.all(Array.from({ length: 8 }, () => confirm(ada.token, wrong)));
  const slugs = answers.map(({ body }) => body.slug).sort();
  t.strictSame(slugs, [...Array(3).fill('totp-not-pending'), ...Array(5).fill('wrong-code')]);
  const challenged = answers.find(({ status }) => status === 401);
  t.match(challenged?.headers['www-authenticate'], 'Bearer realm="latchkey"');
  isProblem(t, await confirm(ada.token, codeOf(app)), 409, 'totp-not-pending', 'the right one');
  await begin(api, ada.token);
  t.equal((await confirm(ada.token, '12345')).status, 400, 'five digits');
  t.equal((await db.pendingTotp.findFirstOrThrow({ where: { session: { userId: ada.id } } })).tries, 0);
});

t.test('The fifth code may be the right one', async (t) => {
  const ada = await person(1);
  const app = await begin(api, ada.token);
  for (let n = 0; n < 4; n++) await confirm(ada.token, wrongCodeOf(app));
  t.equal((await confirm(ada.token, codeOf(app))).status, 200);
});

t.test('A secret belongs to its session, ends with it, and is good for ten minutes', async (t) => {
  const ada = await person(1);
  const [one, two] = [await open(api, ada.id), await open(api, ada.id)];
  const app = await begin(api, one.accessToken);
  isProblem(t, await confirm(two.accessToken, codeOf(app)), 409, 'totp-not-pending', 'another session');
  await begin(api, two.accessToken);
  t.equal(await db.pendingTotp.count({ where: { session: { userId: ada.id } } }), 2);
  await ask('DELETE', `/me/sessions/${two.sessionId}`, { token: ada.token });
  t.equal(await db.pendingTotp.count({ where: { session: { userId: ada.id } } }), 1);
  const late = new Date(Date.now() - 1);
  await db.pendingTotp.update({ where: { sessionId: one.sessionId }, data: { expiresAt: late } });
  isProblem(t, await confirm(one.accessToken, codeOf(app)), 409, 'totp-not-pending', 'too late');
  t.ok((await pruneChallenges(accounts)) >= 1);
  t.equal(await db.pendingTotp.count({ where: { session: { userId: ada.id } } }), 0);
});

t.test('The secret of another session, in the row of one’s own, is refused', async (t) => {
  const [ada, mallory] = [await person(1), await person(1)];
  const hers = await begin(api, ada.token);
  await begin(api, mallory.token);
  const of = (id: string) => db.pendingTotp.findFirstOrThrow({ where: { session: { userId: id } } });
  const { secret } = await of(ada.id);
  await db.pendingTotp.update({
    where: { sessionId: (await of(mallory.id)).sessionId },
    data: { secret },
  });
  isProblem(t, await confirm(mallory.token, codeOf(hers)), 409, 'totp-not-pending');
});

t.test('A new app takes two factors, and the old one stays until it is confirmed', async (t) => {
  const ada = await person(1);
  const old = await enrol(api, ada);
  const { accessToken } = await open(api, ada.id);
  const refused = await ask('POST', '/me/totp', { token: accessToken });
  isProblem(t, refused, 401, 'two-factors-required');
  t.match(refused.headers['www-authenticate'], /acr_values="2", max_age=900, resource_metadata=/);
  const app = await begin(api, old.token);
  const stored = () => db.totp.findUniqueOrThrow({ where: { userId: ada.id } });
  const before = await stored();
  isProblem(t, await confirm(old.token, codeOf(old)), 401, 'wrong-code', 'a code of the old app');
  t.strictSame(await stored(), before);
  const { status, body } = await confirm(old.token, codeOf(app));
  t.equal(status, 200);
  t.strictSame(await additionsOf(ada.id), [
    { authenticator: 'totp', replaced: false, recoveryCodes: 10 },
    { authenticator: 'totp', replaced: true, recoveryCodes: 0 },
  ]);
  t.equal(body.recoveryCodes, null, 'the ten of before are still good');
  t.not((await stored()).secret, before.secret);
  t.equal(await db.recoveryCode.count({ where: { userId: ada.id } }), 10);
  t.equal(
    await db.transaction((tx) => consumeTotpCode(accounts, tx, ada.id, codeOf(old, stepNow(1)))),
    'wrong',
    'the old app',
  );
});

t.test('A first app beside a passkey replaces none', async (t) => {
  const ada = await person(1);
  await addPasskey(api, ada.id);
  await enrol(api, { token: (await openWithTwoFactors(api, ada.id)).accessToken });
  t.match(await additionsOf(ada.id), [{ authenticator: 'totp', replaced: false }]);
});

t.test('A removed app takes the codes with it, and only this session continues, at one factor', async (t) => {
  const ada = await person(1);
  isProblem(t, await ask('DELETE', '/me/totp', { token: ada.token }), 404, 'totp-not-found');
  const { token } = await enrol(api, ada);
  const other = await open(api, ada.id);
  isProblem(t, await ask('DELETE', '/me/totp', { token: other.accessToken }), 401, 'two-factors-required');
  const { auth_time } = readClaims(token);

  const answer = await ask('DELETE', '/me/totp', { token });
  const next = pairOf(answer);
  t.equal(answer.headers['cache-control'], 'no-store');
  t.match(readClaims(next.accessToken), { acr: '1', amr: ['pwd'], sid: readClaims(token).sid, auth_time });
  for (const old of [token, ada.token, other.accessToken]) t.notOk(await isAccepted(api, old));
  t.equal((await refresh(api, other.refreshToken)).status, 401);
  t.ok(await isAccepted(api, next.accessToken));
  t.match(await db.user.findUniqueOrThrow({ where: { id: ada.id } }), { secondFactor: false });
  for (const left of [db.totp, db.recoveryCode] as const)
    t.equal(await (left as typeof db.totp).count({ where: { userId: ada.id } }), 0);
  t.strictSame(await actionsOf(ada.id), ['authenticator.added', 'authenticator.removed']);
  t.strictSame(await templatesFor(ada.email), ['authenticator-added', 'authenticator-removed']);
  t.equal((await refresh(api, ada.refreshToken)).status, 401, 'the refresh token of before');
});

t.test('New recovery codes void those of before, and are for accounts with a second factor', async (t) => {
  const ada = await person(1);
  const renew = (token: string) => ask('POST', '/me/recovery-codes', { token });
  isProblem(t, await renew(ada.token), 409, 'no-second-factor');
  const { token, recoveryCodes } = await enrol(api, ada);
  isProblem(t, await renew((await open(api, ada.id)).accessToken), 401, 'two-factors-required');
  const answer = await renew(token);
  t.equal(answer.headers['cache-control'], 'no-store');
  t.equal(answer.body.recoveryCodes.length, 10);
  t.strictSame(
    answer.body.recoveryCodes.filter((code: string) => recoveryCodes.includes(code)),
    [],
  );
  t.equal(await db.recoveryCode.count({ where: { userId: ada.id } }), 10);
  t.ok((await templatesFor(ada.email)).includes('recovery-codes-renewed'));
  t.ok((await actionsOf(ada.id)).includes('recovery-codes.renewed'));
});

t.test('A secret is never answered twice: an Idempotency-Key repeats nothing', async (t) => {
  const ada = await person(1);
  const headers = { 'idempotency-key': 'the same key twice' };
  const twice = async (url: string, token: string) => [
    (await ask('POST', url, { token, headers })).text,
    (await ask('POST', url, { token, headers })).text,
  ];
  const secrets = await twice('/me/totp', ada.token);
  t.not(secrets[0], secrets[1]);
  const { token } = await enrol(api, ada);
  const codes = await twice('/me/recovery-codes', token);
  t.not(codes[0], codes[1]);
});

t.test('The list says what the account has, and no secret', async (t) => {
  const ada = await person(1);
  const list = async (token: string) => (await ask('GET', '/me/authenticators', { token })).body;
  t.strictSame(await list(ada.token), {
    password: true,
    totp: null,
    passkeys: [],
    recoveryCodes: { left: 0, createdAt: null },
  });
  const { token, secret, recoveryCodes } = await enrol(api, ada);
  const listed = await list(token);
  t.match(listed, { password: true, totp: { createdAt: String, lastUsedAt: String } });
  t.match(listed.recoveryCodes, { left: 10, createdAt: String });
  t.notMatch(JSON.stringify(listed), secret);
  t.notMatch(JSON.stringify(listed), recoveryCodes[0]!);
  await db.user.update({ where: { id: ada.id }, data: { passwordHash: unusableHash() } });
  t.equal((await list(token)).password, false, 'a user who was imported without one');
});

t.test('Admins and the user see whether an account has a second factor, others do not', async (t) => {
  const [ada, admin, user] = [await person(1), await person(2), await person(1)];
  await enrol(api, ada);
  const one = async (token: string) => (await ask('GET', `/users/${ada.id}`, { token })).body.secondFactor;
  t.strictSame([await one(admin.token), await one(user.token)], [true, undefined]);
  const find = async (token: string) => {
    const { body } = await ask('GET', '/users?sort=-createdAt&limit=100', { token });
    return body.users.find(({ id }: { id: string }) => id === ada.id)?.secondFactor;
  };
  t.strictSame([await find(admin.token), await find(user.token)], [true, undefined]);
  t.equal((await ask('GET', '/me', { token: ada.token })).body.secondFactor, true);
});

t.test('Deleting a user deletes the authenticators', async (t) => {
  const [ada, admin] = [await person(1), await person(2)];
  const { token } = await enrol(api, ada);
  await begin(api, token);
  t.equal((await ask('DELETE', `/users/${ada.id}`, { token: admin.token })).status, 204);
  t.equal(await db.totp.count({ where: { userId: ada.id } }), 0);
  t.equal(await db.recoveryCode.count({ where: { userId: ada.id } }), 0);
});
