/**
 * `latchkey migrate-to`, and `latchkey restore --in-place`, which follows pg_restore.
 *
 * @runs once, on Postgres: it is where the data goes.
 */
import { join } from 'node:path';
import t from 'tap';
import { latchkey, temporaryFolder } from '../child.ts';
import { createDatabase, createMigratedDatabase, createSqliteDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { createCluster } from '../processes/cluster.ts';

const SECRET = 'the secret of a test, which is longer than 32 characters';

t.test('everything moves from SQLite to Postgres, and everybody stays signed in', async (t) => {
  const source = await createSqliteDatabase(t);
  const target = await createDatabase(t);
  const variables = { DATA_DIR: await temporaryFolder(t), RATE_LIMIT: '0' };
  const from = await createCluster(t, { ...variables, DATABASE_URL: source.url });
  const move = (url: string) =>
    latchkey(['migrate-to', '--json'], { variables: { ...from.variables, TARGET_DATABASE_URL: url } });
  const before = await from.start();
  const boss = await from.person(before, 2);
  const running = await move(target.url);
  t.match(running, { code: 1, stdout: '', stderr: /^latchkey: [^\n]*stop it first\n$/ });
  await before.stop();
  await from.database.close();

  const moved = await move(target.url);
  t.match(moved, { code: 0, stderr: '' });
  const { tables, resumed } = JSON.parse(moved.stdout);
  t.equal(resumed, false);
  const rowsOf = (name: string) => tables.find(({ table }: { table: string }) => table === name)?.rows;
  t.strictSame([rowsOf('User'), rowsOf('Session')], [1, 1]);
  t.match(
    await move(target.url),
    { code: 1, stdout: '', stderr: /^latchkey: [^\n]+\n$/ },
    'not into what holds data',
  );

  const to = await createCluster(t, { ...variables, DATABASE_URL: target.url });
  const after = await to.start();
  t.equal((await after.ask('GET', '/me', { token: boss.token })).status, 200);
  const { refreshToken } = boss;
  t.equal((await after.ask('POST', '/refresh', { body: { refreshToken } })).status, 200);
  const { status } = await after.ask('POST', '/login', { body: { email: boss.email, password: PASSWORD } });
  t.equal(status, 200);
  await after.stop();
  t.match(await latchkey(['audit', 'verify'], { variables: to.variables }), {
    code: 0,
    stdout: /^The chain is whole/,
  });
});

t.test('after pg_restore, restore --in-place ends every session', async (t) => {
  const { url } = await createMigratedDatabase(t);
  const folder = await temporaryFolder(t);
  const cluster = await createCluster(t, {
    DATABASE_URL: url,
    DATA_DIR: join(folder, 'data'),
    SECRET,
    RATE_LIMIT: '0',
  });
  const service = await cluster.start();
  const { token, refreshToken, email } = await cluster.person(service, 1);
  await service.stop();
  const restored = await latchkey(['restore', '--in-place', '--json'], { variables: cluster.variables });
  t.match(restored, { code: 0, stderr: '' });
  t.match(JSON.parse(restored.stdout), { users: 1, sessions: 1, kept: null });
  const again = await cluster.start();
  t.equal((await again.ask('GET', '/me', { token })).status, 401);
  t.equal((await again.ask('POST', '/refresh', { body: { refreshToken } })).status, 401);
  t.equal((await again.ask('POST', '/login', { body: { email, password: PASSWORD } })).status, 200);
});
