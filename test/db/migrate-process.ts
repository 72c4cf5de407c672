/**
 * Process for migrate.test.ts. `migrate` reports what it applied, whether it loaded the schema engine, and
 * how many users it found; `hold` reports when it has the lock, and keeps it.
 */
import { registerHooks } from 'node:module';
import { databaseKind } from '#latchkey/db/client.ts';
import { migrate } from '#latchkey/db/migrations/migrate.ts';
import { postgresMigrations } from '#latchkey/db/migrations/migrate-postgres.ts';
import { sqliteMigrations } from '#latchkey/db/migrations/migrate-sqlite.ts';
import { openDatabase } from '#latchkey/db/open.ts';

const [task, url = ''] = process.argv.slice(2);

if (task === 'hold') {
  const target = databaseKind(url) === 'sqlite' ? sqliteMigrations(url) : postgresMigrations(url);
  await target.locked(() => {
    process.send?.('held');
    return new Promise((resolve) => process.once('message', resolve));
  });
} else {
  const hasEngine = noteEngine();
  const { applied } = await migrate(url);
  const loadedEngine = hasEngine();
  const { db, close } = openDatabase(url);
  const users = await db.user.count();
  await close();
  process.send?.({ applied, users, loadedEngine });
  process.disconnect();
}

/**
 * Records whether the schema engine is imported.
 * https://nodejs.org/api/module.html#moduleregisterhooksoptions
 */
function noteEngine(): () => boolean {
  let isLoaded = false;
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      isLoaded ||= specifier === '@prisma/schema-engine-wasm/schema_engine_bg';
      return nextResolve(specifier, context);
    },
  });
  return () => isLoaded;
}
