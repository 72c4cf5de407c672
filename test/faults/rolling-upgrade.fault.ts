/**
 * A rolling upgrade to a version with one more migration, under load.
 *
 * @runs once, on Postgres: one SQLite file serves one machine.
 */
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import t from 'tap';
import { temporaryFolder } from '../child.ts';
import type { Teardown } from '../helper.ts';
import { describe } from '../processes/load.ts';
import { checkFailures, loadFleet, startFleet } from './fleet.ts';

const NAME = '99990101000000_expand';

/** A migration that is allowed while the previous release runs: docs/contributing/migrations.md. */
const SQL = `
ALTER TABLE "User" ADD COLUMN "nickname" TEXT;
ALTER TABLE "Session" ADD COLUMN "label" TEXT NOT NULL DEFAULT '';
CREATE INDEX "User_nickname_idx" ON "User" ("nickname");
CREATE TABLE "Badge" ("id" TEXT PRIMARY KEY, "userId" TEXT NOT NULL REFERENCES "User" ("id") ON DELETE CASCADE);
`;

/**
 * Copies this version into a folder, with one more migration and another version number.
 *
 * @returns path of its command
 */
async function createNextVersion(t: Teardown): Promise<string> {
  const folder = await temporaryFolder(t);
  for (const part of ['bin', 'src', 'templates', 'wordlists', 'prisma/migrations'])
    await cp(part, join(folder, part), { recursive: true });
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  const manifest = JSON.parse(await readFile('package.json', 'utf8'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...manifest, version: '99.0.0' }));
  const migration = join(folder, 'prisma/migrations/postgresql', NAME);
  await mkdir(migration);
  await writeFile(join(migration, 'migration.sql'), SQL);
  const script = join(folder, 'serve.ts');
  await writeFile(
    script,
    "import { main } from './src/cli/index.ts';\nawait main(['node', 'latchkey', 'serve']);\n",
  );
  return script;
}

t.test('No request fails during an upgrade with a migration, nor during the downgrade', async (t) => {
  const fleet = await startFleet(t);
  const { db } = fleet.cluster.database;
  const applied = () =>
    db.raw.query<unknown>`SELECT 1 FROM _prisma_migrations WHERE migration_name = ${NAME}`;
  const next = await createNextVersion(t);
  t.equal((await applied()).length, 0);

  const load = await loadFleet(fleet);
  const up = await fleet.roll(next);
  t.equal((await applied()).length, 1, 'one of the new processes has migrated');
  const { body } = await fleet.cluster.askAt(fleet.url, 'GET', '/openapi.json');
  t.equal(body.info.version, '99.0.0', 'the new version serves');
  const down = await fleet.roll();
  const again = await fleet.cluster.askAt(fleet.url, 'GET', '/openapi.json');
  t.not(again.body.info.version, '99.0.0', 'the old one starts on the new schema');
  await load.stop();
  console.log(
    `# behind ${fleet.kind}, up ${up.join(', ')} ms, down ${down.join(', ')} ms: ${describe(load)}`,
  );
  checkFailures(t, load);
});
