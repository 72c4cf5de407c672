/**
 * `latchkey backup` and `latchkey restore`.
 *
 * @runs once, on SQLite: Postgres has its own tools; postgres-data.test.ts tests `restore --in-place` after
 *   them.
 */
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import t from 'tap';
import { lastBackupFile } from '#latchkey/db/backup/last-backup.ts';
import { sqlitePath } from '#latchkey/db/sqlite/database-file.ts';
import { latchkey, temporaryFolder } from '../child.ts';
import { PASSWORD, type Teardown } from '../helper.ts';
import { createCluster } from '../processes/cluster.ts';
import { fill, kill } from './killed.ts';

const SECRET = 'the secret of these tests, which is long enough';

async function installation(t: Teardown) {
  const cluster = await createCluster(t, { RATE_LIMIT: '0', SECRET });
  const folder = await temporaryFolder(t);
  const path = sqlitePath(cluster.url);
  return {
    cluster,
    path,
    file: join(folder, 'latest.db'),
    run: (args: readonly string[]) => latchkey(args, { variables: cluster.variables }),
    /** The files beside the database. */
    beside: async () =>
      (await readdir(dirname(path))).filter((name) => /restor/.test(name) && name.startsWith(basename(path))),
  };
}

t.test('A backup of a running service can be restored, and every session in it has ended', async (t) => {
  const { cluster, path, file, run, beside } = await installation(t);
  const service = await cluster.start();
  const admin = await cluster.person(service, 2);
  const user = await cluster.person(service, 1);
  const made = await run(['backup', file, '--json']);
  t.match(made, { code: 0, stderr: '' });
  t.match(JSON.parse(made.stdout), { file, users: 2, bytes: (await stat(file)).size });
  t.equal((await stat(file)).mode & 0o777, 0o600);
  t.equal((await stat(lastBackupFile(path))).mode & 0o777, 0o600);

  const demoted = await service.ask('PATCH', `/users/${user.id}`, {
    token: admin.token,
    body: { access: 0 },
  });
  t.equal(demoted.status, 200);
  const late = await cluster.person(service, 1);
  const refused = await run(['restore', file]);
  t.match(refused, {
    code: 1,
    stdout: '',
    stderr: /^latchkey: the service, or another command, works on [^\n]+\n$/,
  });
  await service.stop();
  // A backup is one more process that uses the database.
  await cluster.database.close();

  const restored = await run(['restore', file, '--json']);
  t.match(restored, { code: 0, stderr: '' });
  t.match(JSON.parse(restored.stdout), {
    users: 2,
    sessions: 2,
    mails: 0,
    // The invitation of the first admin.
    mailTokens: 1,
    kept: /before-restore/,
  });
  t.strictSame((await beside()).length, 1, 'the database that was there');
  t.ok((await stat(file)).isFile(), 'the backup stays');

  const again = await cluster.start();
  for (const { token, refreshToken } of [admin, user, late]) {
    t.equal((await again.ask('GET', '/me/permissions', { token })).status, 401);
    t.equal((await again.ask('POST', '/refresh', { body: { refreshToken } })).status, 401);
  }
  const signIn = (email: string) => again.ask('POST', '/login', { body: { email, password: PASSWORD } });
  t.equal((await signIn(late.email)).status, 401, 'who came later is not there');
  const { body } = await signIn(user.email);
  const { body: me } = await again.ask('GET', '/me', { token: body.accessToken });
  t.equal(me.access, 1, 'the level of then');
  await again.stop();
  t.match(await run(['audit', 'verify']), { code: 0, stdout: /^The chain is whole/ });
});

t.test('A backup is complete also where its time cannot be noted, and standard error says so', async (t) => {
  const { cluster, path, file, run } = await installation(t);
  await cluster.database.close();
  // A folder with something in it: no file can take its place, whoever runs the command.
  await mkdir(join(lastBackupFile(path), 'in the way'), { recursive: true });
  const made = await run(['backup', file, '--json']);
  t.match(made, {
    code: 0,
    stderr:
      /^latchkey: the backup is complete, but its time could not be noted in \S+\.last-backup \(E\w+\)\n$/,
  });
  t.match(JSON.parse(made.stdout), { file });
  t.ok((await stat(file)).isFile());
  const left = (await readdir(dirname(path))).filter((name) => /last-backup\./.test(name));
  t.strictSame(left, [], 'no temp file');
});

t.test('A restore that is killed changes nothing, and the next restore removes its temp files', async (t) => {
  const { cluster, path, file, run, beside } = await installation(t);
  await cluster.database.close();
  fill(cluster.url);
  t.equal((await run(['backup', file])).code, 0);
  const before = await readFile(path);
  await kill(['restore', file], cluster.variables, dirname(path), (name) => name.includes('.restoring-'));
  t.strictSame((await beside()).length, 1, 'its workshop');
  t.ok(before.equals(await readFile(path)), 'the database is as it was');
  t.equal((await run(['restore', file])).code, 0);
  t.match((await beside()).join(), /^[^,]*\.before-restore-[^,]*$/);
});

t.test('A database of a newer version is backed up and read by the old one, but not restored', async (t) => {
  const { cluster, file, run, beside } = await installation(t);
  const create = ['user', 'create', '--email', 'ada@example.com', '--name', 'Ada'];
  const { code } = await latchkey(create, { variables: cluster.variables, input: PASSWORD });
  t.equal(code, 0);
  const { db } = cluster.database;
  await db.raw.execute`ALTER TABLE "User" ADD COLUMN "later" TEXT`;
  await db.raw
    .execute`INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
    SELECT 'later', 'none', '29990101000000_later', started_at, finished_at, 1 FROM _prisma_migrations LIMIT 1`;
  await cluster.database.close();
  const made = await run(['backup', file, '--json']);
  t.match(made, { code: 0, stderr: '' });
  t.match(JSON.parse(made.stdout), { users: 1, newerMigrations: ['29990101000000_later'] });
  t.match(await run(['backup', file, '--force']), {
    code: 0,
    stdout: /^It is of a newer version \(29990101000000_later\): restore it with that version$/m,
  });
  for (const args of [
    ['user', 'list'],
    ['export', '--without-passwords'],
    ['audit', 'verify'],
  ])
    t.match(await run(args), { code: 0, stderr: '' }, args.join(' '));
  t.match(await run(['restore', file]), {
    code: 1,
    stdout: '',
    stderr: /is of a newer version \(29990101000000_later\): use that version\n$/,
  });
  t.strictSame(await beside(), []);
});
