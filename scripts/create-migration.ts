/**
 * npm run migration:create -- <name>
 *
 * Writes a new migration for each database, with the difference between the committed migrations and the
 * models of prisma/schema.prisma. Review it before you commit it: it is SQL that will run on real data.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { migrationsFolder } from '#latchkey/db/migrations/read-migrations.ts';
import { committedMigrations, difference, kinds, readModels } from './migrations.ts';

const [name = '', ...rest] = process.argv.slice(2);
if (rest.length > 0 || !/^[a-z][a-z0-9_]*$/.test(name)) {
  console.error(
    [
      name === ''
        ? 'A migration needs a name.'
        : `${[name, ...rest].join(' ')} is not a name for a migration.`,
      'It says in lower case letters, digits and _ what changes, as in:',
      '  npm run migration:create -- add_last_seen',
    ].join('\n'),
  );
  process.exit(2);
}
// The time makes names sort: to the second and in UTC, as Prisma's do.
const time = new Date().toISOString().replace(/\D/g, '').slice(0, 14);

for (const kind of kinds) {
  const folder = migrationsFolder(kind);
  const sql = await difference(kind, await committedMigrations(kind), await readModels(kind));
  if (sql === undefined) {
    console.log(`${kind}: nothing to do, the migrations end at prisma/schema.prisma`);
    continue;
  }
  const file = resolve(folder, `${time}_${name}`, 'migration.sql');
  await mkdir(resolve(file, '..'), { recursive: true });
  await writeFile(file, sql);
  console.log(`${kind}: wrote ${relative(process.cwd(), file)}`);
}
