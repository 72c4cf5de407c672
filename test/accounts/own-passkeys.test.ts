/** One's own passkeys: adding, listing, renaming and removing them, and what that does to sessions. */
import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { unusableHash } from '#latchkey/accounts/passwords/hash.ts';
import { codeCounter } from '#latchkey/accounts/sign-in/account-counter.ts';
import { type Answer, type Api, PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor, waitingFor } from '../mailbox.ts';
import { Authenticator, type AuthenticatorOptions, addPasskey } from './authenticator.ts';
import { isAccepted, open, openWithTwoFactors, pairOf, readClaims, refresh, setTime } from './client.ts';
import { begin, codeOf, enrol } from './second-factor.ts';
import { addTotp } from './totp.ts';

const api = await startApi(t, NO_MAIL_SERVER);
const { ask, app, person } = api;
const { db } = app.accounts;

const isProblem = (t: Test, { status, body }: Answer, expected: number, slug: string, name = slug) =>
  t.strictSame([status, body.slug], [expected, slug], name);
const options = (token: string, from: Api = api) => from.ask('POST', '/me/passkeys/options', { token });
const templatesFor = async (email: string) => (await waitingFor(api, email)).map(({ template }) => template);

/** Adds a passkey as a browser does. */
async function add(token: string, more: object = {}, device: AuthenticatorOptions = {}, from: Api = api) {
  const asked = await options(token, from);
  if (asked.status !== 200) throw new Error(`No options but ${asked.status}: ${asked.text}`);
  const authenticator = new Authenticator(device);
  const passkey = authenticator.create(asked.body.options);
  const answer = await from.ask('POST', '/me/passkeys', { token, body: { passkey, ...more } });
  return { answer, authenticator };
}

const signIn = async (authenticator: Authenticator) => {
  const { body } = await ask('POST', '/login/passkey/options');
  return ask('POST', '/login/passkey', { body: { passkey: authenticator.get(body) } });
};

/** A person without a password, who signs in with one passkey, and a session of it. */
async function withPasskeyAlone() {
  const ada = await person(1);
  await db.user.update({ where: { id: ada.id }, data: { passwordHash: unusableHash() } });
  const authenticator = await addPasskey(api, ada.id);
  const { accessToken: token } = await open(api, ada.id, undefined, ['swk', 'user']);
  const { id: passkeyId } = await db.passkey.findFirstOrThrow({ where: { userId: ada.id } });
  return { ...ada, authenticator, token, passkeyId };
}

/** A session that a passkey has opened, which is removed since. The account has a password. */
async function withRemovedPasskey() {
  const ada = await person(1);
  const session = pairOf(await signIn(await addPasskey(api, ada.id)));
  const { id } = await db.passkey.findFirstOrThrow({ where: { userId: ada.id } });
  const removed = pairOf(await ask('DELETE', `/me/passkeys/${id}`, { token: session.accessToken }));
  return { ...ada, token: removed.accessToken };
}

t.test('A first passkey gives the session two factors, and the account recovery codes', async (t) => {
  const ada = await person(1);
  const other = await open(api, ada.id);
  await ask('PUT', '/me/email', { token: ada.token, body: { email: 'ada-next@example.com' } });
  const asked = await options(ada.token);
  t.equal(asked.headers['cache-control'], 'no-store');
  t.match(asked.body, {
    mailCodeRequired: false,
    options: {
      rp: { id: 'latchkey.test' },
      user: { id: Buffer.from(ada.id).toString('base64url'), name: ada.email, displayName: 'Somebody' },
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
      excludeCredentials: [],
    },
  });
  t.equal(await db.usedChallenge.count(), 0, 'asking writes nothing');
  const { answer, authenticator } = await add(ada.token);
  t.equal(answer.status, 201);
  t.equal(answer.headers['cache-control'], 'no-store');
  const { passkey, accessToken, recoveryCodes } = answer.body;
  t.match(passkey, { name: 'Passkey', synced: true, lastUsedAt: null });
  t.equal(answer.headers.location, `${app.config.publicUrl}/me/passkeys/${passkey.id}`);
  t.strictSame((await ask('GET', `/me/passkeys/${passkey.id}`, { token: other.accessToken })).body, passkey);
  t.match(readClaims(accessToken), { acr: '2', amr: ['pwd', 'swk', 'user', 'mfa'] });
  t.equal(new Set(recoveryCodes).size, 10);
  t.match(await db.user.findUniqueOrThrow({ where: { id: ada.id } }), { secondFactor: true });
  t.equal(await db.emailChange.count({ where: { userId: ada.id } }), 0, 'one factor was enough for it');
  t.ok(await isAccepted(api, ada.token), 'the token of before stays valid');
  t.equal(readClaims(pairOf(await refresh(api, other.refreshToken)).accessToken).acr, '1', 'other sessions');
  t.match(
    await db.auditEvent.findFirstOrThrow({ where: { action: 'authenticator.added', targetId: ada.id } }),
    {
      actorId: ada.id,
      after: JSON.stringify({ authenticator: 'passkey', passkeyId: passkey.id, recoveryCodes: 10 }),
    },
  );
  t.match(await templatesFor(ada.email), ['email-change-requested', 'passkey-added']);
  const login = await ask('POST', '/login', { body: { email: ada.email, password: PASSWORD } });
  isProblem(t, login, 401, 'second-factor-required');
  t.match(readClaims(pairOf(await signIn(authenticator)).accessToken), { sub: ada.id, acr: '2' });
  const listed = await ask('GET', '/me/authenticators', { token: accessToken });
  t.match(listed.body, { password: true, totp: null, recoveryCodes: { left: 10 } });
  t.match(listed.body.passkeys, [{ id: passkey.id, lastUsedAt: String }]);
  t.equal((await add(accessToken)).answer.body.recoveryCodes, null, 'a second one adds no codes');
});

t.test('A passkey of one device without verification of its user is a second factor only', async (t) => {
  const ada = await person(1);
  const { answer, authenticator } = await add(ada.token, {}, { isSynced: false, verifiesUser: false });
  t.match(readClaims(answer.body.accessToken), { acr: '2', amr: ['pwd', 'pop', 'mfa'] });
  t.match(answer.body.passkey, { synced: false });
  isProblem(t, await signIn(authenticator), 401, 'passkey-not-accepted');
});

t.test(
  'Where nothing else signs in, a new passkey has to verify its user, and to be discoverable',
  async (t) => {
    const ada = await withPasskeyAlone();
    const asked = await options(ada.token);
    t.match(asked.body.options, {
      authenticatorSelection: {
        residentKey: 'required',
        requireResidentKey: true,
        userVerification: 'required',
      },
      excludeCredentials: [{ id: ada.authenticator.credentialId, transports: ['internal'] }],
    });
    isProblem(t, (await add(ada.token, {}, { verifiesUser: false })).answer, 400, 'passkey-invalid');
    t.equal((await add(ada.token)).answer.status, 201);
  },
);

t.test('Names are those of the owner, or by default a kind with a number', async (t) => {
  const ada = await person(1);
  let { token } = ada;
  const names: string[] = [];
  for (const [name, transports] of [
    [undefined, ['internal', 'hybrid']],
    [undefined, ['usb', 'nfc']],
    ['Blue key', ['usb']],
    [undefined, ['usb']],
    [undefined, ['hybrid', 'usb']],
    [undefined, []],
  ] as const) {
    const passkey = new Authenticator().create((await options(token)).body.options);
    const body = {
      ...(name && { name }),
      passkey: { ...passkey, response: { ...passkey.response, transports } },
    };
    const answer = await ask('POST', '/me/passkeys', { token, body });
    token = answer.body.accessToken;
    names.push(answer.body.passkey.name);
  }
  const defaults = ['Passkey', 'Security key', 'Blue key', 'Security key 2', 'Passkey 2', 'Passkey 3'];
  t.strictSame(names, defaults);
  const { body } = await ask('GET', '/me/authenticators', { token });
  t.strictSame(
    body.passkeys.map(({ name }: { name: string }) => name),
    defaults,
  );
});

t.test('Renaming is recorded as personal data, once', async (t) => {
  const ada = await withPasskeyAlone();
  const url = `/me/passkeys/${ada.passkeyId}`;
  const rename = (name: string) => ask('PATCH', url, { token: ada.token, body: { name } });
  t.match(await rename('Work laptop'), { status: 200, body: { id: ada.passkeyId, name: 'Work laptop' } });
  t.equal((await rename('Work laptop')).status, 200);
  const events = await db.auditEvent.findMany({
    where: { action: 'authenticator.renamed', targetId: ada.id },
  });
  t.match(events, [
    { after: JSON.stringify({ authenticator: 'passkey', passkeyId: ada.passkeyId }), before: null },
  ]);
  t.notMatch(JSON.stringify(events), 'Work laptop');
  t.match(
    JSON.stringify(await db.personalData.findMany({ where: { eventId: events[0]?.id ?? '' } })),
    'Work laptop',
  );
  t.equal((await rename('  ')).status, 400);
  const stranger = await person(1);
  for (const [method, body] of [['GET'], ['PATCH', { name: 'Mine' }], ['DELETE']] as const)
    for (const id of [ada.passkeyId, randomUUID()])
      isProblem(
        t,
        await ask(method, `/me/passkeys/${id}`, { token: stranger.token, ...(body && { body }) }),
        404,
        'passkey-not-found',
        `${method} of another`,
      );
});

t.test('Each change asks for a recent sign-in, with both factors where there are two', async (t) => {
  const ada = await person(1);
  await addPasskey(api, ada.id);
  const { id } = await db.passkey.findFirstOrThrow({ where: { userId: ada.id } });
  const late = await openWithTwoFactors(api, ada.id);
  await setTime(api, late.sessionId, 'authenticatedAt', -1000);
  const old = pairOf(await refresh(api, late.refreshToken)).accessToken;
  const passkey = new Authenticator().create(
    (await options((await openWithTwoFactors(api, ada.id)).accessToken)).body.options,
  );
  for (const [token, slug, header] of [
    [old, 'recent-sign-in-required', /max_age=900, resource_metadata=/],
    [ada.token, 'two-factors-required', /acr_values="2", max_age=900, resource_metadata=/],
  ] as const)
    for (const answer of [
      await options(token),
      await ask('PATCH', `/me/passkeys/${id}`, { token, body: { name: 'Mine' } }),
      await ask('DELETE', `/me/passkeys/${id}`, { token }),
      ...(token === old ? [await ask('POST', '/me/passkeys', { token, body: { passkey } })] : []),
    ]) {
      isProblem(t, answer, 401, slug);
      t.match(answer.headers['www-authenticate'], header);
    }
  // The account got its second factor after the options: only the transaction knows.
  const grace = await person(1);
  const mine = new Authenticator().create((await options(grace.token)).body.options);
  await addPasskey(api, grace.id);
  const answer = await ask('POST', '/me/passkeys', { token: grace.token, body: { passkey: mine } });
  isProblem(t, answer, 401, 'two-factors-required', 'adding');
});

t.test('The last second factor ends the other sessions, and one of several only goes', async (t) => {
  const ada = await person(1);
  const first = await add(ada.token);
  const { accessToken: token } = first.answer.body;
  const second = (await add(token)).answer.body;
  const app = await begin(api, second.accessToken);
  const confirmed = await ask('POST', '/me/totp/confirm', {
    token: second.accessToken,
    body: { code: codeOf(app) },
  });
  t.equal(confirmed.body.recoveryCodes, null);
  const other = await openWithTwoFactors(api, ada.id);
  const remove = (url: string, token: string) => ask('DELETE', url, { token });
  const one = pairOf(await remove(`/me/passkeys/${second.passkey.id}`, confirmed.body.accessToken));
  t.match(readClaims(one.accessToken), { acr: '2' });
  t.equal(one.refreshToken, ada.refreshToken, 'the refresh token stays');
  const two = pairOf(await remove('/me/totp', one.accessToken));
  t.match(readClaims(two.accessToken), { acr: '2' });
  t.match(await db.user.findUniqueOrThrow({ where: { id: ada.id } }), { secondFactor: true });
  t.equal(await db.recoveryCode.count({ where: { userId: ada.id } }), 10);
  t.ok(await isAccepted(api, other.accessToken));
  isProblem(t, await remove('/me/totp', two.accessToken), 404, 'totp-not-found');

  const three = pairOf(await remove(`/me/passkeys/${first.answer.body.passkey.id}`, two.accessToken));
  t.match(readClaims(three.accessToken), { acr: '1', amr: ['pwd'], sid: two.sessionId });
  for (const old of [other.accessToken, two.accessToken, token]) t.notOk(await isAccepted(api, old));
  t.ok(await isAccepted(api, pairOf(await refresh(api, three.refreshToken)).accessToken));
  t.match(await db.user.findUniqueOrThrow({ where: { id: ada.id } }), { secondFactor: false });
  t.equal(await db.recoveryCode.count({ where: { userId: ada.id } }), 0);
  isProblem(t, await signIn(first.authenticator), 401, 'passkey-not-accepted');
  const mails = (await waitingFor(api, ada.email)).filter(({ template }) => template.endsWith('-removed'));
  t.match(mails, [
    { template: 'passkey-removed', values: { consequence: /^Your other/ } },
    { template: 'authenticator-removed', values: { consequence: /^Your other/ } },
    { template: 'passkey-removed', values: { consequence: /the recovery codes are void/ } },
  ]);
  const where = { action: 'authenticator.removed', targetId: ada.id };
  t.match(await db.auditEvent.findMany({ where, orderBy: { id: 'asc' } }), [
    { before: JSON.stringify({ authenticator: 'passkey', passkeyId: second.passkey.id, recoveryCodes: 0 }) },
    { before: JSON.stringify({ authenticator: 'totp', recoveryCodes: 0 }) },
    { before: /"recoveryCodes":10/ },
  ]);
});

t.test('A session of a passkey that is gone has one factor, also with an app', async (t) => {
  const { token } = await withRemovedPasskey();
  t.match(readClaims(token), { acr: '1', amr: ['swk'] });
  const app = await enrol(api, { token });
  t.match(readClaims(app.token), { acr: '1' }, 'both are possession');
});

t.test('With the password it has a first factor, which an app adds the second to', async (t) => {
  const { token } = await withRemovedPasskey();
  const again = await ask('POST', '/me/reauthenticate', { token, body: { password: PASSWORD } });
  const { accessToken } = pairOf(again);
  t.match(readClaims(accessToken), { acr: '1', amr: ['pwd'] });
  const app = await enrol(api, { token: accessToken });
  t.match(readClaims(app.token), { acr: '2', amr: ['swk', 'pwd', 'otp', 'mfa'] });
});

t.test('A session in a cookie gets its refresh token into a cookie of an own page alone', async (t) => {
  const other = await startApi(t, { COOKIES_OVER_HTTP: 'on' });
  const { ask, person } = other;
  const { db } = other.app.accounts;
  const ada = await person(1);
  const passkeys = [await addPasskey(other, ada.id), await addPasskey(other, ada.id)];
  const { body } = await ask('POST', '/login/passkey/options');
  const own = { 'sec-fetch-site': 'same-origin' };
  const signedIn = await ask('POST', '/login/passkey', {
    body: { passkey: passkeys[0]?.get(body), session: 'cookie' },
    headers: own,
  });
  t.equal(signedIn.status, 200);
  const token = signedIn.body.accessToken;
  const [one, two] = await db.passkey.findMany({ where: { userId: ada.id } });
  const remove = (id = '', headers = {}) => ask('DELETE', `/me/passkeys/${id}`, { token, headers });
  isProblem(t, await remove(one?.id), 403, 'same-origin-required');
  t.equal(await db.passkey.count({ where: { userId: ada.id } }), 2, 'nothing has changed');
  for (const id of [one?.id, two?.id]) {
    const answer = await remove(id, own);
    t.equal(answer.status, 200);
    t.notOk('refreshToken' in answer.body);
    t.match(answer.headers['set-cookie'], /HttpOnly/);
    if (id === two?.id) t.match(readClaims(answer.body.accessToken), { acr: '1' });
  }
});

t.test('The only way to sign in stays', async (t) => {
  const ada = await withPasskeyAlone();
  const remove = (token: string, id: string, from: Api = api) =>
    from.ask('DELETE', `/me/passkeys/${id}`, { token });
  isProblem(t, await remove(ada.token, ada.passkeyId), 409, 'last-authenticator');
  t.equal(await db.passkey.count({ where: { userId: ada.id } }), 1);
  await addTotp(api, ada.id);
  isProblem(
    t,
    await remove(ada.token, ada.passkeyId),
    409,
    'last-authenticator',
    'an app is a second factor',
  );
  t.equal((await ask('DELETE', '/me/totp', { token: ada.token })).status, 200, 'the app itself may go');
  const { answer } = await add(ada.token);
  t.equal((await remove(answer.body.accessToken, ada.passkeyId)).status, 200, 'another passkey');

  for (const [methods, status] of [
    ['passkey', 409],
    ['passkey,email', 200],
  ] as const) {
    const other = await startApi(t, { ...NO_MAIL_SERVER, SIGN_IN_METHODS: methods });
    const grace = await other.person(1);
    const added = (await add(grace.token, {}, {}, other)).answer.body;
    t.equal((await remove(added.accessToken, added.passkey.id, other)).status, status, methods);
  }
});

t.test('Two who remove one passkey each at once keep one', async (t) => {
  const ada = await withPasskeyAlone();
  await addPasskey(api, ada.id);
  const ids = await db.passkey.findMany({ where: { userId: ada.id }, select: { id: true } });
  const answers = await Promise.all(
    ids.map(({ id }) => ask('DELETE', `/me/passkeys/${id}`, { token: ada.token })),
  );
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 409]);
  t.equal(await db.passkey.count({ where: { userId: ada.id } }), 1);
});

t.test('An account has 20 passkeys at most, also when two come at once', async (t) => {
  const ada = await person(1);
  for (let n = 0; n < 19; n++) await addPasskey(api, ada.id);
  const { accessToken: token } = await openWithTwoFactors(api, ada.id);
  const both = [await options(token), await options(token)].map(({ body }) =>
    new Authenticator().create(body.options),
  );
  const answers = await Promise.all(
    both.map((passkey) => ask('POST', '/me/passkeys', { token, body: { passkey } })),
  );
  t.strictSame(answers.map(({ status, body }) => body.slug ?? status).sort(), [201, 'too-many-passkeys']);
  t.equal(await db.passkey.count({ where: { userId: ada.id } }), 20);
  isProblem(t, await options(token), 409, 'too-many-passkeys', 'before the browser asks');
});

t.test('A forgotten password of an account without one gets a notice', async (t) => {
  const ada = await withPasskeyAlone();
  const rows = await db.passwordReset.count();
  const forget = (email: string) => ask('POST', '/password/forgot', { body: { email } });
  t.equal((await forget(ada.email)).status, 202);
  const mails = await waitingFor(api, ada.email);
  t.strictSame(mails, [{ template: 'sign-in-by-passkey', values: { link: app.accounts.frontendUrl } }]);
  t.equal(await db.passwordReset.count(), rows + 1, 'the same rows');
  t.equal(await db.passwordReset.count({ where: { userId: ada.id } }), 0);
  for (let n = 0; n < 4; n++) await forget(ada.email);
  t.equal(await db.mail.count({ where: { recipient: ada.email } }), 3, 'three an hour');

  const grace = await withPasskeyAlone();
  await db.passkey.deleteMany({ where: { userId: grace.id } });
  await db.user.update({ where: { id: grace.id }, data: { secondFactor: false } });
  await forget(grace.email);
  t.match(await tokenFor(api, grace.email, 'password-reset'), /./, 'nothing else is left');
  const both = await person(1);
  await addPasskey(api, both.id);
  await forget(both.email);
  t.strictSame(await templatesFor(both.email), ['password-reset'], 'with a password');
});

t.test('Wrong codes of an app that was removed say nothing about an account with a passkey', async (t) => {
  const ada = await person(1);
  const { throttle } = app.accounts;
  const where = { id: throttle.hash(codeCounter(ada.id).subject) };
  await db.failedTries.create({ data: { ...where, failures: 100, countedAt: Date.now(), nextTryAt: 0 } });
  await add(ada.token);
  t.equal(await db.failedTries.count({ where: { ...where, failures: { gt: 0 } } }), 0);
});

t.test('Deleting an account deletes its passkeys', async (t) => {
  const ada = await withPasskeyAlone();
  t.equal((await ask('DELETE', '/me', { token: ada.token })).status, 204);
  t.equal(await db.passkey.count({ where: { userId: ada.id } }), 0);
});
