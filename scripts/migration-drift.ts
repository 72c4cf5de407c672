/**
 * npm run migrations:check
 *
 * Fails when the committed migrations of a database do not lead to the models of prisma/schema.prisma.
 */
import { committedMigrations, difference, kinds, readModels } from './migrations.ts';

for (const kind of kinds) {
  const missing = await difference(kind, await committedMigrations(kind), await readModels(kind));
  if (missing === undefined) {
    console.log(`${kind}: the migrations end at the models`);
  } else {
    console.error(
      `${kind}: the migrations do not end at the models, this is missing:\n\n${missing.trim()}\n`,
    );
    console.error('Write it with: npm run migration:create -- <name>');
    process.exitCode = 1;
  }
}
