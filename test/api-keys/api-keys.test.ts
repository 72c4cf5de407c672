/** API keys: making them, their limits (M1), and what they say of themselves. */
import t from 'tap';
import { guardStateOf } from '#latchkey/access/guard-state.ts';
import { createGuardKey } from '#latchkey/accounts/api-keys/guard-key.ts';
import { readApiKeyId } from '#latchkey/tokens/api-key.ts';
import { open, openWithTwoFactors, pairOf, refresh } from '../accounts/client.ts';
import { startApi } from '../helper.ts';
import { daysAhead, makeKey, makeService, makeServiceKey } from './keys.ts';

const api = await startApi(t, { ACCESS_LEVELS: 'guest:0,user:1,editor:5,admin:10' });
const { ask, app } = api;
const { db } = app.accounts;

t.test('A key is shown once, has the documented form, and only its hash is stored', async (t) => {
  const { token, id: userId } = await api.person(1);
  const body = { name: 'nightly import', access: 1 };
  const made = await ask('POST', '/me/api-keys', { token, body });
  t.equal(made.status, 201);
  t.match(made.body.key, /^lk_[0-9A-Za-z]{22}_[0-9A-Za-z]{36}$/);
  t.equal(readApiKeyId(made.body.key), made.body.id);
  t.equal(made.headers['cache-control'], 'no-store');
  const path = new URL(String(made.headers.location)).pathname;
  t.equal(path, `/me/api-keys/${made.body.id}`);
  const { key, ...shown } = made.body;
  t.strictSame((await ask('GET', path, { token })).body, shown);
  t.strictSame((await ask('GET', '/me/api-keys', { token })).body, { apiKeys: [shown] });
  const row = await db.apiKey.findUniqueOrThrow({ where: { id: made.body.id } });
  t.notOk(JSON.stringify(row).includes(key.slice(26)), 'no part of the secret is stored');
  const days = (Date.parse(made.body.expiresAt) - Date.now()) / 86_400_000;
  t.ok(days > 89.9 && days <= 90, 'it expires in 90 days');

  const { body: me } = await ask('GET', '/me', { token: key });
  t.match(me, { id: userId, kind: 'person' });
  const permissions = await ask('GET', '/me/permissions', { token: key });
  t.match(permissions.body, {
    access: 1,
    acr: '1',
    amr: [],
    authenticatedAt: null,
    key: { id: made.body.id, operations: null, expiresAt: made.body.expiresAt },
  });

  t.equal((await ask('DELETE', path, { token })).status, 204);
  t.match(await ask('GET', '/me', { token: key }), { status: 401, body: { slug: 'invalid-token' } });
  t.equal((await ask('GET', path, { token })).body.slug, 'api-key-not-found');
});

t.test('The scheme before a key is read as before a token: in any case', async (t) => {
  const { token } = await api.person(1);
  const { key } = await makeKey(api, token, { access: 1 });
  const status = async (authorization: string) =>
    (await app.inject({ url: '/me', headers: { authorization } })).statusCode;
  const known = guardStateOf(app).apiKeys.size;
  for (const scheme of ['bearer ', 'BEARER ', 'Bearer  ', 'Bearer '])
    t.equal(await status(scheme + key), 200, `'${scheme}'`);
  t.equal(guardStateOf(app).apiKeys.size, known + 1, 'they share one place in memory');
  t.equal(await status(`Basic ${key}`), 401);
  t.equal(await status(`bearer ${key.slice(0, -1)}`), 401);
});

t.test('A cap is required, and at most the level of the token and the permanent one (M1)', async (t) => {
  const editor = await api.person(5);
  const refused = await ask('POST', '/me/api-keys', { token: editor.token, body: { name: 'a' } });
  t.equal(refused.body.errors[0].pointer, '/access');
  const above = await ask('POST', '/me/api-keys', {
    token: editor.token,
    body: { name: 'a', access: 10, operations: ['*'] },
  });
  t.match(above, { status: 403, body: { slug: 'access-denied', required: 10, actual: 5 } });

  const capped = await open(api, editor.id, 1);
  const body = { name: 'a', access: 5 };
  const byCapped = await ask('POST', '/me/api-keys', { token: capped.accessToken, body });
  t.match(byCapped, { status: 403, body: { required: 5, actual: 1 } }, 'of a token with a lower cap');

  const elevated = await api.person(1);
  await db.user.update({
    where: { id: elevated.id },
    data: { access: 5, accessUntil: new Date(Date.now() + 60_000) },
  });
  const token = await api.sessionToken(elevated.id);
  const ofElevated = await ask('POST', '/me/api-keys', { token, body });
  t.match(ofElevated, { status: 403, body: { required: 5, actual: 1 } }, 'of an elevated user');
});

t.test('A demotion between the request and the change makes no key of the level before (M1)', async (t) => {
  const { id, token } = await api.person(5);
  // Another process has demoted the user, and this one has not heard of it.
  await db.user.update({ where: { id }, data: { access: 1, permanentAccess: 1, generation: 1 } });
  const answer = await ask('POST', '/me/api-keys', { token, body: { name: 'a', access: 5 } });
  t.match(answer, { status: 401, body: { slug: 'invalid-token' } });
});

t.test("A key of the admins' level lists its operations, or an asterisk that was written (M5)", async (t) => {
  const admin = await api.person(10);
  const make = (operations?: string[]) =>
    ask('POST', '/me/api-keys', { token: admin.token, body: { name: 'a', access: 10, operations } });
  t.match((await make()).body.errors, [{ pointer: '/operations', code: 'required' }]);
  t.equal((await make(['*'])).status, 201);
  t.equal((await make(['listUsers'])).status, 201);
  t.match((await make(['listUsers', 'listNothing'])).body.errors, [
    { pointer: '/operations/1', code: 'not-listed' },
  ]);
  t.match((await make(['createApiKey'])).body.errors, [{ pointer: '/operations/0', code: 'not-listed' }]);
  t.match((await make(['list users'])).body.errors, [{ pointer: '/operations/0', code: 'format' }]);
});

t.test('The operations of a key narrow what it may do', async (t) => {
  const { token } = await api.person(5);
  const { key } = await makeKey(api, token, { access: 5, operations: ['listUsers'] });
  t.equal((await ask('GET', '/users', { token: key })).status, 200);
  const refused = await ask('GET', '/me', { token: key });
  t.match(refused, { status: 403, body: { slug: 'operation-not-allowed', operation: 'getMe' } });
});

t.test('A key expires when it was asked for, within a year', async (t) => {
  const { token } = await api.person(1);
  const make = (expiresAt: string) =>
    ask('POST', '/me/api-keys', { token, body: { name: 'a', access: 1, expiresAt } });
  t.match((await make('2020-01-01T00:00:00Z')).body.errors, [{ code: 'past' }]);
  t.match((await make(daysAhead(367))).body.errors, [{ code: 'too-large' }]);
  t.match((await make('2027-02-30T00:00:00Z')).body.errors, [{ code: 'format' }]);
  t.equal((await make(daysAhead(365))).status, 201);
});

t.test('An account has at most 50 keys', async (t) => {
  const { id, token } = await api.person(1);
  const { key: _, ...first } = await makeKey(api, token, { access: 1 });
  const row = await db.apiKey.findUniqueOrThrow({ where: first });
  const data = Array.from({ length: 49 }, (_, n) => ({ ...row, id: `${id}-${n}` }));
  await db.apiKey.createMany({ data });
  const answer = await ask('POST', '/me/api-keys', { token, body: { name: 'a', access: 1 } });
  t.match(answer, { status: 409, body: { slug: 'too-many-api-keys' } });
});

t.test('Making a key needs a recent sign-in', async (t) => {
  const { id } = await api.person(1);
  const { refreshToken } = await open(api, id);
  await db.session.updateMany({ where: { userId: id }, data: { authenticatedAt: new Date(0) } });
  const { accessToken } = pairOf(await refresh(api, refreshToken));
  const answer = await ask('POST', '/me/api-keys', {
    token: accessToken,
    body: { name: 'a', access: 1 },
  });
  t.match(answer, { status: 401, body: { slug: 'recent-sign-in-required' } });
});

t.test('An idempotency key does not show a key again', async (t) => {
  const { token } = await api.person(1);
  const options = { token, body: { name: 'a', access: 1 }, headers: { 'idempotency-key': 'same' } };
  const [first, second] = [
    await ask('POST', '/me/api-keys', options),
    await ask('POST', '/me/api-keys', options),
  ];
  t.not(first.body.key, second.body.key);
});

t.test('A service account cannot do more than the permanent level of its maker', async (t) => {
  const admin = await api.person(10);
  const id = await makeService(api, admin.token, 5);
  const above = { name: 'a', access: 10, operations: ['*'] };
  const refused = await ask('POST', `/service-accounts/${id}/api-keys`, {
    token: admin.token,
    body: above,
  });
  t.match(refused, { status: 403, body: { required: 10, actual: 5 } });
  const { key } = await makeServiceKey(api, admin.token, id, { access: 5 });
  t.match((await ask('GET', '/me', { token: key })).body, { id, kind: 'service', email: null });

  const elevated = await api.person(5);
  await db.user.update({
    where: { id: elevated.id },
    data: { access: 10, accessUntil: new Date(Date.now() + 60_000) },
  });
  const token = await api.sessionToken(elevated.id);
  const body = { name: 'reports', access: 10 };
  t.match(await ask('POST', '/service-accounts', { token, body }), { status: 403, body: { actual: 5 } });
  t.equal((await ask('POST', '/service-accounts', { token, body: { ...body, access: 5 } })).status, 201);
});

t.test('An operator makes no key for guards that could not read the feed', async (t) => {
  const { token } = await api.person(10);
  const { body } = await ask('POST', '/service-accounts', { token, body: { name: 'guard', access: 5 } });
  const path = `/service-accounts/${body.id}`;
  const refused = () =>
    t.rejects(createGuardKey(app.accounts, 'reports'), {
      slug: 'access-denied',
      message: /Change the account/,
    });
  await refused();
  await ask('PATCH', path, { token, body: { access: 10, disabled: true } });
  await refused();
  t.equal(await db.apiKey.count({ where: { userId: body.id } }), 0);
  await ask('PATCH', path, { token, body: { disabled: false } });
  const { key } = await createGuardKey(app.accounts, 'reports');
  t.equal((await ask('GET', '/revocations', { token: key })).status, 200);
});

t.test('No service account has a level for a time', async (t) => {
  const { token } = await api.person(10);
  const id = await makeService(api, token, 1);
  const body = { access: 5, accessUntil: daysAhead(1) };
  const answer = await ask('PATCH', `/users/${id}`, { token, body });
  t.match(answer, { status: 400, body: { errors: [{ pointer: '/accessUntil', code: 'conflict' }] } });
  t.match(await db.user.findUniqueOrThrow({ where: { id } }), {
    access: 1,
    accessUntil: null,
    generation: 0,
  });
  t.equal((await ask('PATCH', `/users/${id}`, { token, body: { access: 5 } })).status, 200);
});

t.test('A service account that was deleted a moment ago is not found', async (t) => {
  const { token } = await api.person(10);
  const ids = await Promise.all([1, 2, 3, 4].map(() => makeService(api, token, 1)));
  const requests = ids.flatMap((id) => [id, id, id]);
  const answers = await Promise.all(
    requests.map((id) => ask('DELETE', `/service-accounts/${id}`, { token })),
  );
  const slugs = answers.map(({ status, body }) => (status === 204 ? 'deleted' : body.slug)).sort();
  const missing = Array(2 * ids.length).fill('service-account-not-found');
  t.strictSame(slugs, [...ids.map(() => 'deleted'), ...missing]);
});

t.test('A service account says how many keys it has that work', async (t) => {
  const { token } = await api.person(10);
  const id = await makeService(api, token, 1);
  const counts = async () => {
    const { body: one } = await ask('GET', `/service-accounts/${id}`, { token });
    const { body: list } = await ask('GET', '/service-accounts', { token });
    const { body: changed } = await ask('PATCH', `/service-accounts/${id}`, {
      token,
      body: { name: 'reports' },
    });
    const listed = list.serviceAccounts.find((account: { id: string }) => account.id === id);
    return [one.apiKeys, listed.apiKeys, changed.apiKeys];
  };
  t.strictSame(await counts(), [0, 0, 0]);
  const made = await makeServiceKey(api, token, id, { access: 1 });
  await makeServiceKey(api, token, id, { access: 1 });
  t.strictSame(await counts(), [2, 2, 2]);
  await db.apiKey.update({ where: { id: made.id }, data: { expiresAt: new Date(Date.now() - 1_000) } });
  t.strictSame(await counts(), [1, 1, 1], 'one that has expired is none of them');
});

t.test('A key that stands for a recent sign-in is made in a session with two factors (M5)', async (t) => {
  const admin = await api.person(10);
  const single = await open(api, admin.id);
  const double = await openWithTwoFactors(api, admin.id);
  const id = await makeService(api, single.accessToken, 10);
  for (const operation of ['createUser', 'changeUser']) {
    const body = { name: 'a', access: 10, operations: [operation] };
    const url = `/service-accounts/${id}/api-keys`;
    const refused = await ask('POST', url, { token: single.accessToken, body });
    t.match(refused, { status: 401, body: { slug: 'two-factors-required' } }, operation);
    t.equal((await ask('POST', url, { token: double.accessToken, body })).status, 201, operation);
  }
});

t.test('Only a named operation of a service account stands for a recent sign-in (M5)', async (t) => {
  const admin = await api.person(10);
  const { accessToken } = await openWithTwoFactors(api, admin.id);
  const id = await makeService(api, accessToken, 10);
  const target = await api.person(1);
  const wanted = { access: 10, operations: ['createUser', 'changeUser', 'deleteUser', 'inviteUser'] };
  const { key: named } = await makeServiceKey(api, accessToken, id, wanted);
  const { key: all } = await makeServiceKey(api, accessToken, id, { access: 10, operations: ['*'] });
  const { key: own } = await makeKey(api, admin.token, { access: 10, operations: ['changeUser', '*'] });
  const change = (token: string, body: object) => ask('PATCH', `/users/${target.id}`, { token, body });
  t.equal((await change(named, { access: 5 })).status, 200);
  for (const token of [all, own]) {
    t.match(await change(token, { access: 1 }), { status: 403, body: { slug: 'key-not-allowed' } });
    t.equal((await change(token, { name: 'New' })).status, 200, 'what needs no recent sign-in is open');
  }
  const before = await makeServiceKey(api, accessToken, id, { access: 10, operations: ['listUsers'] });
  await db.apiKey.update({ where: { id: before.id }, data: { operations: 'changeUser' } });
  const asksSince = await change(before.key, { access: 1 });
  t.match(
    asksSince.body,
    { slug: 'key-not-allowed' },
    'an operation that asks for a recent sign-in since then',
  );
  const create = (token: string, access: number) =>
    ask('POST', '/users', { token, body: { name: 'A', email: `a${access}@example.com`, access } });
  t.equal((await create(all, 1)).body.slug, 'key-not-allowed');
  t.equal((await create(named, 1)).status, 202);

  const refused = { status: 403, body: { slug: 'key-not-allowed' } };
  t.match(await create(named, 10), refused, "no key gives the admins' level");
  t.match(await change(named, { access: 10 }), refused, 'nor by a change');
  t.match(await ask('DELETE', `/users/${admin.id}`, { token: named }), refused, 'nor is written to an admin');
  const other = await makeService(api, accessToken, 1);
  for (const account of [other, id]) {
    const answer = await ask('PATCH', `/users/${account}`, { token: named, body: { access: 5 } });
    t.match(answer, refused, 'no key writes to a service account');
  }
});

t.test('The audit names the key beside its owner', async (t) => {
  const admin = await api.person(10);
  const { id, key } = await makeKey(api, admin.token, { access: 10, operations: ['*'] });
  const target = await api.person(1);
  await ask('PATCH', `/users/${target.id}`, { token: key, body: { name: 'Renamed' } });
  await ask('POST', '/users', { token: key, body: { name: 'A', email: 'b@example.com' } });
  await app.eventAggregator.flush(db, true);
  for (const action of ['user.name-changed', 'access.denied']) {
    const { body } = await ask('GET', `/audit-events?action=${action}&actor=${admin.id}`, {
      token: admin.token,
    });
    t.match(body.events[0], { actorId: admin.id, apiKeyId: id }, action);
  }
});
