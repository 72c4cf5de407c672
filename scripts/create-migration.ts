/**
 * npm run migration:create -- <name>
 *
 * Writes what is missing between the committed migrations and the models of prisma/schema.prisma as a new migration,
 * for each database. Read it before it is committed: it is SQL that will run on people's data.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { migrationsFolder } from '#latchkey/db/migrations.ts';
import { committedMigrations, difference, kinds, readModels } from './migrations.ts';

const name = process.argv[2];
if (name === undefined || !/^[a-z][a-z0-9_]*$/.test(name)) {
  console.error('usage: npm run migration:create -- <name>   (lower case letters, digits and _)');
  process.exit(2);
}
// The time makes names sort, to the second and in UTC as Prisma's do.
const time = new Date().toISOString().replace(/\D/g, '').slice(0, 14);

for (const kind of kinds) {
  const folder = migrationsFolder(kind);
  const sql = await difference(kind, await committedMigrations(kind), await readModels(kind));
  if (sql === undefined) {
    console.log(`${kind}: nothing to do`);
    continue;
  }
  const file = resolve(folder, `${time}_${name}`, 'migration.sql');
  await mkdir(resolve(file, '..'), { recursive: true });
  await writeFile(file, sql);
  console.log(`${kind}: wrote ${relative(process.cwd(), file)}`);
}
