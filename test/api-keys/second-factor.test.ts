/** API keys where levels, or accounts, have a second factor (M1, M5). */
import t from 'tap';
import { open, openWithTwoFactors } from '../accounts/client.ts';
import { enrol } from '../accounts/second-factor.ts';
import { startApi } from '../helper.ts';
import { makeKey, makeService, makeServiceKey } from './keys.ts';

const levelOf = async ({ ask }: Awaited<ReturnType<typeof startApi>>, token: string) =>
  (await ask('GET', '/me/permissions', { token })).body.access;

t.test("A person's key never reaches SECOND_FACTOR_FROM (M1)", async (t) => {
  const api = await startApi(t, { SECOND_FACTOR_FROM: 'admin' });
  const { id } = await api.person(2);
  const { accessToken: token } = await openWithTwoFactors(api, id);
  const body = { name: 'a', access: 2, operations: ['*'] };
  const refused = await api.ask('POST', '/me/api-keys', { token, body });
  t.match(refused, { status: 403, body: { slug: 'access-denied', required: 2, actual: 1 } });
  const { key } = await makeKey(api, token, { access: 1 });
  t.equal(await levelOf(api, key), 1);
  const { body: permissions } = await api.ask('GET', '/me/permissions', { token });
  t.strictSame(
    permissions.levels,
    [
      { access: 0, accessName: 'guest', secondFactor: false },
      { access: 1, accessName: 'user', secondFactor: false },
      { access: 2, accessName: 'admin', secondFactor: true },
    ],
    'an app can tell beforehand',
  );
  const asking = permissions.permissions.filter((one: { stepUp: boolean }) => one.stepUp);
  const ids = asking.map((one: { operationId: string }) => one.operationId);
  t.ok(ids.includes('createApiKey'), 'always');
  t.ok(ids.includes('changeUser'), 'where it depends on the body');
  t.notOk(ids.includes('listUsers'));

  const { accessToken: single } = await open(api, id);
  const account = { name: 'reports', access: 2 };
  const byOne = await api.ask('POST', '/service-accounts', { token: single, body: account });
  t.match(byOne, { status: 401, body: { slug: 'two-factors-required' } });
  const service = await makeService(api, token, 2);
  const ofService = await makeServiceKey(api, token, service, { access: 2, operations: ['*'] });
  t.equal(await levelOf(api, ofService.key), 2, "what has to is a service account's");
});

t.test('A key of before SECOND_FACTOR_FROM is held to it', async (t) => {
  const SECRET = 'the secret of a test, which is longer than 32 characters';
  const before = await startApi(t, { SECRET });
  const { id, token } = await before.person(2);
  const { key } = await makeKey(before, token, { access: 2, operations: ['*'] });
  t.equal(await levelOf(before, key), 2);
  await before.server.close();
  const api = await startApi(t, {
    SECRET,
    SECOND_FACTOR_FROM: 'admin',
    DATABASE_URL: before.databaseUrl,
  });
  t.equal(await levelOf(api, key), 1);
  const refused = await api.ask('GET', '/control-panel', { token: key });
  t.match(refused, { status: 403, body: { required: 2, actual: 1 } }, 'no second factor would help');
  const named = { access: 1, name: 'a', operations: ['*'] };
  const { accessToken } = await openWithTwoFactors(api, id);
  t.equal((await api.ask('POST', '/me/api-keys', { token: accessToken, body: named })).status, 201);
});

t.test('An account with a second factor makes a key in a session with two factors', async (t) => {
  const api = await startApi(t);
  const person = await api.person(1);
  const { token } = await enrol(api, person);
  const { accessToken: single } = await open(api, person.id);
  const body = { name: 'a', access: 1 };
  const refused = await api.ask('POST', '/me/api-keys', { token: single, body });
  t.match(refused, { status: 401, body: { slug: 'two-factors-required' } });
  t.equal((await api.ask('POST', '/me/api-keys', { token, body })).status, 201);
});
