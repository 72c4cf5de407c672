/** What changes and ends keys (M2, M3), in one process whose revocations only the test polls. */
import t from 'tap';
import { KnownApiKey } from '#latchkey/access/known-api-key.ts';
import { pruneApiKeys, remindOfExpiry } from '#latchkey/accounts/api-keys/expiry.ts';
import { createGuardKey } from '#latchkey/accounts/api-keys/guard-key.ts';
import { noteApiKeyUses } from '#latchkey/accounts/api-keys/note-uses.ts';
import { operator } from '#latchkey/accounts/context.ts';
import { changeUser } from '#latchkey/accounts/users/update.ts';
import { newId } from '#latchkey/lib/id.ts';
import { newApiKey } from '#latchkey/tokens/api-key.ts';
import { openWithTwoFactors } from '../accounts/client.ts';
import { PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor, waitingFor } from '../mailbox.ts';
import { daysAhead, makeKey, makeService, makeServiceKey } from './keys.ts';

const api = await startApi(t, NO_MAIL_SERVER);
const { ask, app } = api;
const { accounts, apiKeys } = app;
const { db } = accounts;
const admin = await api.person(2);

const levelOf = async (key: string) => {
  const { status, body } = await ask('GET', '/me/permissions', { token: key });
  return status === 200 ? body.access : status;
};

/** Counts the reads of keys. */
async function readsOf(work: () => Promise<unknown>): Promise<number> {
  const { findUnique } = db.apiKey;
  let reads = 0;
  Object.defineProperty(db.apiKey, 'findUnique', {
    configurable: true,
    value: (...args: Parameters<typeof findUnique>) => {
      reads += 1;
      return findUnique.apply(db.apiKey, args);
    },
  });
  await work();
  Object.defineProperty(db.apiKey, 'findUnique', { configurable: true, value: findUnique });
  return reads;
}

t.test('A key is read once, and again after a change of its owner', async (t) => {
  const { id, token } = await api.person(1);
  const { key } = await makeKey(api, token, { access: 1 });
  t.equal(await readsOf(() => levelOf(key)), 1, 'at first sight');
  t.equal(await readsOf(() => levelOf(key)), 0, 'in memory');
  await ask('PATCH', `/users/${id}`, { token: admin.token, body: { access: 0 } });
  t.equal(await readsOf(async () => t.equal(await levelOf(key), 0)), 1, 'after a demotion');
  t.equal(await readsOf(() => levelOf(key)), 0);
  await ask('PATCH', `/users/${id}`, { token: admin.token, body: { access: 1 } });
  t.equal(await levelOf(key), 1, 'a promotion gives the level back, up to the cap');
  await ask('PATCH', `/users/${id}`, { token: admin.token, body: { access: 2 } });
  t.equal(await levelOf(key), 1, 'and not above');
});

t.test('An elevation counts until it ends, without a read', async (t) => {
  const { id, token } = await api.person(1);
  const { key } = await makeKey(api, token, { access: 1 });
  const accessUntil = new Date(Date.now() + 1_500);
  await db.user.update({ where: { id }, data: { access: 1, permanentAccess: 0, accessUntil } });
  t.equal(await levelOf(key), 1);
  const reads = await readsOf(async () => {
    const { now } = Date;
    Date.now = () => now() + 2_000;
    try {
      // Revocations are stale after a step of the clock, until the next poll.
      await app.revocations.poll();
      t.equal(await levelOf(key), 0);
    } finally {
      Date.now = now;
      await app.revocations.poll();
    }
  });
  t.equal(reads, 0);
});

t.test('A key in memory is read again after 15 minutes, by either clock (M2)', async (t) => {
  const { token } = await api.person(1);
  const { key } = await makeKey(api, token, { access: 1 });
  await levelOf(key);
  const known = apiKeys.find(`Bearer ${key}`);
  if (!(known instanceof KnownApiKey)) throw new Error('The key is not in memory');
  t.ok(apiKeys.claimsOf(known));
  for (const clock of ['readAt', 'readOn'] as const) {
    const old = Object.assign(Object.create(KnownApiKey.prototype), known, {
      [clock]: known[clock] - 900_001,
    });
    t.equal(apiKeys.claimsOf(old), undefined, clock);
  }
  // The date lets the tokens of this test live.
  app.revocations.apply([{ allUsers: true }], new Date(1));
  t.equal(apiKeys.claimsOf(known), undefined, 'and after everything was revoked');
});

t.test('A demotion between the read of a key and the fill of the cache is obeyed (M2)', async (t) => {
  const { id, token } = await api.person(1);
  const { key } = await makeKey(api, token, { access: 1 });
  const { findUnique } = db.apiKey;
  let raced = false;
  Object.defineProperty(db.apiKey, 'findUnique', {
    configurable: true,
    value: async (...args: Parameters<typeof findUnique>) => {
      const row = await findUnique.apply(db.apiKey, args);
      if (!raced) {
        raced = true;
        await changeUser(accounts, operator, id, { access: 0 }, () => {});
      }
      return row;
    },
  });
  const { access } = await apiKeys.read(`Bearer ${key}`, key, '127.0.0.1');
  t.equal(access, 0, 'the row of before the demotion is not used');
  Object.defineProperty(db.apiKey, 'findUnique', { configurable: true, value: findUnique });
  t.equal(await levelOf(key), 0);
});

t.test('A key is checked in the database while the revocations are stale', async (t) => {
  const { id, token } = await api.person(1);
  const { key } = await makeKey(api, token, { access: 1 });
  t.equal(await levelOf(key), 1);
  Object.defineProperty(app.revocations, 'isFresh', { configurable: true, get: () => false });
  // Another process has demoted the owner: this one cannot know it from its memory.
  await db.user.update({ where: { id }, data: { access: 0, permanentAccess: 0, generation: 1 } });
  t.equal(await levelOf(key), 0);
  await db.user.update({ where: { id }, data: { disabled: true } });
  t.equal(await levelOf(key), 401);
  Reflect.deleteProperty(app.revocations, 'isFresh');
});

t.test('What ends all sessions of a person ends the keys, and a mail lists them (M3)', async (t) => {
  const ways: Record<string, (person: { id: string; email: string }) => Promise<unknown>> = {
    'an admin who ends the sessions': ({ id }) =>
      ask('DELETE', `/users/${id}/sessions`, { token: admin.token }),
    'an admin who disables': ({ id }) =>
      ask('PATCH', `/users/${id}`, { token: admin.token, body: { disabled: true } }),
    'a reset of the password by mail': async ({ email }) => {
      await ask('POST', '/password/forgot', { body: { email } });
      const token = await tokenFor(api, email, 'password-reset');
      return ask('POST', '/password/reset', { body: { token, newPassword: 'another long password' } });
    },
    'the removal of the authenticators': async ({ id }) => {
      await db.recoveryCode.create({ data: { id: newId(), userId: id, createdAt: new Date() } });
      return ask('DELETE', `/users/${id}/authenticators`, { token: admin.token });
    },
  };
  for (const [way, act] of Object.entries(ways)) {
    const person = await api.person(1);
    const keys = [
      await makeKey(api, person.token, { access: 1, name: 'import' }),
      await makeKey(api, person.token, { access: 0, name: 'export' }),
    ];
    for (const { key } of keys) t.not(await levelOf(key), 401);
    await act(person);
    for (const { key } of keys) t.equal(await levelOf(key), 401, way);
    const mails = (await waitingFor(api, person.email)).filter(({ template }) => /keys-ended/.test(template));
    t.match(mails, [{ values: { keys: 'import, export' } }], way);
    t.equal(mails.length, 1);
    const where = { action: 'api-key.ended', targetId: person.id };
    t.equal(await db.auditEvent.count({ where }), 2, `${way}: in the audit`);
  }
});

t.test("A key ends with the owner's epoch, also when an older process raised it", async (t) => {
  const { id, token } = await api.person(1);
  const { key } = await makeKey(api, token, { access: 1 });
  await db.user.update({ where: { id }, data: { epoch: 1, generation: 1 } });
  t.equal(await levelOf(key), 401);
  const token2 = await api.sessionToken(id);
  t.strictSame((await ask('GET', '/me/api-keys', { token: token2 })).body, { apiKeys: [] });
});

t.test("One's own change of password asks whether the keys end (M3)", async (t) => {
  for (const [endKeys, expected] of [
    [undefined, 401],
    [true, 401],
    [false, 1],
  ] as const) {
    const { token } = await api.person(1);
    const { key } = await makeKey(api, token, { access: 1 });
    t.equal(await levelOf(key), 1);
    const body = { currentPassword: PASSWORD, newPassword: 'another long password', endKeys };
    t.equal((await ask('PUT', '/me/password', { token, body })).status, 200);
    t.equal(await levelOf(key), expected, `endKeys: ${endKeys}`);
  }
});

t.test("A disabled service account's keys are suspended (M3)", async (t) => {
  const { accessToken: token } = await openWithTwoFactors(api, admin.id);
  const id = await makeService(api, token, 1);
  const { key } = await makeServiceKey(api, token, id, { access: 1 });
  t.equal(await levelOf(key), 1);
  const set = (disabled: boolean) => ask('PATCH', `/service-accounts/${id}`, { token, body: { disabled } });
  await set(true);
  t.equal(await levelOf(key), 401);
  await set(false);
  t.equal(await levelOf(key), 1, 'they are there again');
  await ask('DELETE', `/service-accounts/${id}`, { token });
  t.equal(await levelOf(key), 401);
  t.equal(await db.apiKey.count({ where: { userId: id } }), 0);
});

t.test("The program of a disabled service account does not stop its neighbours' programs", async (t) => {
  const { accessToken: token } = await openWithTwoFactors(api, admin.id);
  const [suspended, working] = [await makeService(api, token, 1), await makeService(api, token, 1)];
  const { key } = await makeServiceKey(api, token, suspended, { access: 1 });
  const { key: other } = await makeServiceKey(api, token, working, { access: 1 });
  await ask('PATCH', `/service-accounts/${suspended}`, { token, body: { disabled: true } });
  const send = async (text: string) => {
    const headers = { authorization: `Bearer ${text}` };
    return (await app.inject({ url: '/me', headers, remoteAddress: '203.0.113.20' })).statusCode;
  };
  for (let n = 0; n < 61; n++) t.equal(await send(key), 401);
  t.equal(await send(other), 200, 'the first sight of a key in the same network');
});

t.test('A key that an admin takes away is refused, and its owner is told', async (t) => {
  const person = await api.person(1);
  const { id, key } = await makeKey(api, person.token, { access: 1, name: 'import' });
  t.equal(await levelOf(key), 1);
  const url = `/users/${person.id}/api-keys`;
  t.match((await ask('GET', url, { token: admin.token })).body, { apiKeys: [{ id, name: 'import' }] });
  t.equal((await ask('DELETE', `${url}/${id}`, { token: admin.token })).status, 204);
  t.equal(await levelOf(key), 401);
  const mails = await waitingFor(api, person.email);
  t.match(mails.at(-1), { template: 'api-keys-ended', values: { keys: 'import' } });
  t.equal((await ask('DELETE', `${url}/${id}`, { token: admin.token })).body.slug, 'api-key-not-found');
});

t.test('Wrong keys are throttled by network, and a wrong checksum is refused without a read', async (t) => {
  const { token } = await api.person(1);
  const { key } = await makeKey(api, token, { access: 1 });
  const { key: other } = await makeKey(api, token, { access: 1 });
  const send = async (text: string, remoteAddress = '203.0.113.7') =>
    (await app.inject({ url: '/me', headers: { authorization: `Bearer ${text}` }, remoteAddress }))
      .statusCode;
  t.equal(await send(key), 200, 'known before');
  const reads = await readsOf(async () => {
    for (let n = 0; n < 30; n++) t.equal(await send(`${key.slice(0, -1)}_`), 401);
  });
  t.equal(reads, 0, 'without a read');
  for (let n = 0; n < 30; n++) t.equal(await send(newApiKey(newId())), 401);
  t.equal(await send(newApiKey(newId())), 429);
  t.equal(await send(other), 429, 'a key that the process does not know has to wait');
  t.equal(await send(other, '203.0.113.8'), 200, 'from elsewhere it does not');
  t.equal(await send(key), 200, 'a known one goes on');
  const gone = newApiKey(newId());
  t.equal(await send(gone, '203.0.113.9'), 401);
  t.equal(await readsOf(() => send(gone, '203.0.113.9')), 0, 'a refused key is not read again');
});

t.test('The last use of a key is written in batches', async (t) => {
  const { token } = await api.person(1);
  const { id, key } = await makeKey(api, token, { access: 1 });
  const read = async () => (await ask('GET', `/me/api-keys/${id}`, { token })).body;
  for (let n = 0; n < 3; n++) await levelOf(key);
  t.match(await read(), { lastUsedAt: null, lastUsedIp: null }, 'no use writes');
  await noteApiKeyUses(accounts, apiKeys);
  const { lastUsedAt, lastUsedIp } = await read();
  t.ok(Date.now() - Date.parse(lastUsedAt) < 60_000);
  t.equal(lastUsedIp, '127.0.0.1');
  await levelOf(key);
  const failing = { ...accounts, db: { ...db, transaction: async () => Promise.reject(new Error('away')) } };
  await t.rejects(noteApiKeyUses(failing as typeof accounts, apiKeys), /away/);
  await noteApiKeyUses(accounts, apiKeys);
  t.ok((await read()).lastUsedAt > lastUsedAt, 'a use that could not be written is written later');
});

t.test('Somebody is told seven days before a key expires, and then it goes', async (t) => {
  const person = await api.person(1);
  const ofMonth = await makeKey(api, person.token, { access: 1, name: 'month', expiresAt: daysAhead(30) });
  await makeKey(api, person.token, { access: 1, name: 'day', expiresAt: daysAhead(1) });
  const { accessToken: token } = await openWithTwoFactors(api, admin.id);
  const service = await makeService(api, token, 1);
  const ofService = await makeServiceKey(api, token, service, { access: 1, expiresAt: daysAhead(30) });
  await remindOfExpiry(accounts);
  const mails = async (to: string) =>
    (await waitingFor(api, to)).filter(({ template }) => template === 'api-key-expires');
  t.strictSame(await mails(person.email), [], 'a key of a month is not due, and one of a day needs no mail');
  const createdAt = new Date(Date.now() - 86_400_000 * 24);
  for (const { id } of [ofMonth, ofService])
    await db.apiKey.update({ where: { id }, data: { createdAt, expiresAt: new Date(daysAhead(6)) } });
  for (let n = 0; n < 2; n++) await remindOfExpiry(accounts);
  t.match(await mails(person.email), [{ values: { name: 'month', owner: 'your account' } }]);
  t.match(
    await mails(admin.email),
    [{ values: { owner: 'the service account reports' } }],
    'the admin who made it',
  );
  t.equal((await mails(admin.email)).length, 1, 'once');
  const ofOperator = await createGuardKey(accounts, 'guard', new Date(daysAhead(30)));
  await db.apiKey.update({
    where: { id: ofOperator.id },
    data: { createdAt, expiresAt: new Date(daysAhead(6)) },
  });
  await remindOfExpiry(accounts);
  t.match((await mails(admin.email))[1], { values: { name: 'guard' } }, 'the admins, for no admin made it');
  await db.apiKey.update({ where: { id: ofMonth.id }, data: { expiresAt: new Date(daysAhead(-8)) } });
  t.equal(await pruneApiKeys(accounts), 1);
});

t.test('A service account cannot sign in, is no first and no last admin, and is listed apart', async (t) => {
  const { accessToken: token } = await openWithTwoFactors(api, admin.id);
  const id = await makeService(api, token, 2);
  const { email } = await db.user.findUniqueOrThrow({ where: { id } });
  const signIn = await ask('POST', '/login', { body: { email, password: PASSWORD } });
  t.equal(signIn.status, 401);
  for (const other of await db.user.findMany({ where: { access: 2, kind: 'person', id: { not: admin.id } } }))
    await db.user.update({ where: { id: other.id }, data: { access: 1, permanentAccess: 1 } });
  const body = { access: 1 };
  const last = await ask('PATCH', `/users/${admin.id}`, { token, body });
  t.match(last, { status: 409, body: { slug: 'last-admin' } }, 'F15');
  t.equal((await ask('DELETE', `/service-accounts/${id}`, { token })).status, 204, 'an admin that is none');

  const listed = await makeService(api, token, 1);
  const ids = async (query: string) =>
    (await ask('GET', `/users?limit=100${query}`, { token })).body.users.map(
      (user: { id: string }) => user.id,
    );
  t.notOk((await ids('')).includes(listed));
  t.notOk((await ids('&access=1')).includes(listed));
  for (const query of ['&kind=service', '&kind=service&access=1', '&kind=service&sort=-name&q=rep'])
    t.ok((await ids(query)).includes(listed), query);
  const { token: user } = await api.person(1);
  t.equal((await ask('GET', '/users?kind=service', { token: user })).status, 403);
});
