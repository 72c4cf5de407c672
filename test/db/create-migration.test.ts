/**
 * `npm run migration:create` writes the difference between the models and the migrations.
 *
 * @runs once, on Postgres: it writes for both databases, and one of them is on the server of the tests.
 */
import { cp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import t from 'tap';
import { type Ended, latchkey, temporaryFolder } from '../child.ts';
import type { Teardown } from '../helper.ts';

/** Copy of the files that the script reads and writes. */
async function copyPackage(t: Teardown): Promise<string> {
  const folder = await temporaryFolder(t);
  for (const path of ['package.json', 'prisma', 'scripts', 'src', 'test'])
    await cp(path, join(folder, path), { recursive: true });
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  return folder;
}

function createMigration(cwd: string, ...args: readonly string[]): Promise<Ended> {
  const { PATH = '', TEST_POSTGRES_URL = '', HOME = '' } = process.env;
  return latchkey(['run', '--silent', 'migration:create', '--', ...args], {
    command: 'npm',
    cwd,
    environment: { PATH, HOME, TEST_POSTGRES_URL },
  });
}

t.test('migration:create writes a migration for each database', async (t) => {
  const folder = await copyPackage(t);
  const schema = join(folder, 'prisma/schema.prisma');
  const before = await readFile(schema, 'utf8');
  await writeFile(schema, before.replace(/^model User \{$/m, 'model User {\n  nickname String?'));
  const { code, stdout, stderr } = await createMigration(folder, 'add_nickname');
  t.equal(code, 0, stderr);
  for (const kind of ['sqlite', 'postgresql']) {
    const migrations = join(folder, 'prisma/migrations', kind);
    const added = (await readdir(migrations)).filter((name) => /^\d{14}_add_nickname$/.test(name));
    t.equal(added.length, 1);
    t.match(stdout, `${kind}: wrote prisma/migrations/${kind}/${added[0]}/migration.sql`);
    const sql = await readFile(join(migrations, added[0] ?? '', 'migration.sql'), 'utf8');
    t.match(sql, /ALTER TABLE "User" ADD COLUMN +"nickname" TEXT;/);
  }

  const again = await createMigration(folder, 'add_nickname_again');
  t.match(again.stdout, /^sqlite: nothing to do.*\npostgresql: nothing to do/, 'it is all there');
});

t.test('migration:create explains its usage when it is called with wrong arguments', async (t) => {
  for (const args of [[], ['Add-Nickname'], ['add', 'nickname']]) {
    const { code, stdout, stderr } = await createMigration('.', ...args);
    t.equal(code, 2);
    t.equal(stdout, '');
    t.match(stderr, 'npm run migration:create -- add_last_seen');
  }
});
