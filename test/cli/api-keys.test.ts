/** The commands and API keys: `service-account create`, `key`, `export`, `restore --in-place`. */
import t from 'tap';
import { makeApiKey } from '#latchkey/accounts/api-keys/create.ts';
import { createGuardKey } from '#latchkey/accounts/api-keys/guard-key.ts';
import { bootstrapApiKey } from '#latchkey/boot/bootstrap-api-key.ts';
import { hashApiKey, readApiKeyId } from '#latchkey/tokens/api-key.ts';
import { latchkey } from '../child.ts';
import { startApi } from '../helper.ts';
import { installation } from './installation.ts';

t.test('Service accounts and keys are made, listed and revoked on the command line', async (t) => {
  const { db, variables, folder } = await installation(t);
  const run = (...args: string[]) => latchkey(args, { variables });
  const account = await run('service-account', 'create', '--name', 'reports', '--access', 'admin', '--json');
  t.match(account, { code: 0, stderr: '' });
  const { id } = JSON.parse(account.stdout);
  t.match(await db.user.findUniqueOrThrow({ where: { id } }), { kind: 'service', email: `service:${id}` });

  const create = ['key', 'create', '--service-account', 'reports', '--access', 'admin'];
  t.match(await run(...create), { code: 1, stderr: /operations/ }, "the admins' level asks for operations");
  const made = await run(...create, '--operations', 'listUsers,listNothing', '--days', '7');
  t.match(made, { code: 0, stderr: /listNothing is no operation of Latchkey itself/ });
  const key = made.stdout.trim();
  const keyId = readApiKeyId(key) ?? '';
  t.match(await db.apiKey.findUniqueOrThrow({ where: { id: keyId } }), {
    userId: id,
    hash: hashApiKey(key),
    operations: 'listUsers listNothing',
  });

  const guard = await run('key', 'create', '--for-guard', '--json');
  t.match(guard, { code: 0, stderr: '' });
  const ofGuard = JSON.parse(guard.stdout);
  t.strictSame(ofGuard.operations, ['listRevocations', 'requestIntrospection'], 'nothing else (M5)');

  const listed = await run('key', 'list', '--json');
  const rows = listed.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.match(rows, [
    { id: keyId, owner: 'reports' },
    { id: ofGuard.id, owner: 'guard' },
  ]);
  t.notMatch(listed.stdout, key);

  const exported = await run('export', `${folder}/users.jsonl`, '--json');
  t.match(JSON.parse(exported.stdout), { users: 0, omittedServiceAccounts: 2, omittedApiKeys: 2 });

  const kept = await run('restore', '--in-place', '--keep-keys', '--json');
  t.match(JSON.parse(kept.stdout), { apiKeys: 0, keptKeys: [{ id: keyId }, { id: ofGuard.id }] });
  const revoked = await run('key', 'revoke', ofGuard.id);
  t.match(revoked, { code: 0, stdout: `Ended the API key ${ofGuard.id}\n` });
  t.equal(await db.revocation.count({ where: { sessionId: ofGuard.id } }), 1);
  t.match(await run('key', 'revoke', ofGuard.id), { code: 1, stderr: /no API key with this id/ });
  const ended = await run('restore', '--in-place', '--json');
  t.match(JSON.parse(ended.stdout), { apiKeys: 1, keptKeys: [] }, 'without the option all keys end (M3)');
  t.equal(await db.apiKey.count(), 0);
});

t.test('The first start with a BOOTSTRAP_API_KEY stores it, and no later one does', async (t) => {
  const { stdout } = await latchkey(['key', 'generate'], {});
  t.ok(readApiKeyId(stdout.trim()), 'a key is generated without a database');
  const { key } = makeApiKey();
  const api = await startApi(t, { BOOTSTRAP_API_KEY: key });
  const { db } = api.app.accounts;
  const admin = await api.person(2);
  const startWith = async (key: string) => {
    await bootstrapApiKey(Object.create(api.app, { config: { value: { bootstrapApiKey: key } } }));
    return db.apiKey.count();
  };

  const refused = await api.ask('GET', '/me/permissions', { token: key });
  t.match(refused, { status: 403 });
  const row = await db.apiKey.findUniqueOrThrow({ where: { id: readApiKeyId(key) ?? '' } });
  t.equal(row.operations, 'listRevocations requestIntrospection');
  t.equal(await startWith(key), 1);
  const account = `/service-accounts/${row.userId}`;
  const rename = { name: 'guards' };
  t.equal((await api.ask('PATCH', account, { token: admin.token, body: rename })).status, 200);
  t.equal(await startWith(key), 1, 'whatever its account is called');

  const { key: renewed } = makeApiKey();
  t.equal(await startWith(renewed), 2, 'another key is stored too');
  const { id, key: made } = await createGuardKey(api.app.accounts, 'made by a command');
  t.equal(await startWith(made), 3, 'a key that is there is left alone');
  await db.apiKey.deleteMany({ where: { id } });
  t.equal(await startWith(made), 2, 'and does not come back when it was ended');
  t.equal((await api.ask('DELETE', account, { token: admin.token })).status, 204);
  t.equal(await startWith(key), 1, 'nor does one whose account was deleted');

  await db.user.updateMany({ where: { name: 'guard' }, data: { disabled: true } });
  const { key: third } = makeApiKey();
  t.equal(await startWith(third), 1, 'a key that could not read the feed is not stored');
  await db.user.updateMany({ where: { name: 'guard' }, data: { disabled: false } });
  t.equal(await startWith(third), 2, 'until it could');
  await t.rejects(startApi(t, { BOOTSTRAP_API_KEY: `${key.slice(0, -1)}_` }), /latchkey key generate/);
});
