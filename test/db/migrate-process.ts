/**
 * A process for migrate.test.ts: `migrate` reports what it applied, how often it loaded the schema engine and how many
 * users it found; `hold` says when it has the lock, and keeps it.
 */
import { databaseKind } from '#latchkey/db/client.ts';
import { migrate } from '#latchkey/db/migrate.ts';
import { postgresMigrations } from '#latchkey/db/migrate-postgres.ts';
import { sqliteMigrations } from '#latchkey/db/migrate-sqlite.ts';
import { openDatabase } from '#latchkey/db/open.ts';

const [task, url = ''] = process.argv.slice(2);

if (task === 'hold') {
  const target = databaseKind(url) === 'sqlite' ? sqliteMigrations(url) : postgresMigrations(url);
  await target.locked(() => {
    process.send?.('held');
    return new Promise((resolve) => process.once('message', resolve));
  });
} else {
  const loads = countEngineLoads();
  const { applied } = await migrate(url);
  const engineLoads = loads();
  const { db, close } = openDatabase(url);
  const users = await db.user.count();
  await close();
  process.send?.({ applied, users, engineLoads });
  process.disconnect();
}

/** The engine is the one WebAssembly module that asks for ./schema_engine_bg.js. */
function countEngineLoads(): () => number {
  const webAssembly: { instantiate(bytes: unknown, imports?: object): unknown } = Reflect.get(
    globalThis,
    'WebAssembly',
  );
  const { instantiate } = webAssembly;
  let count = 0;
  webAssembly.instantiate = (bytes, imports) => {
    if (imports && './schema_engine_bg.js' in imports) count++;
    return instantiate(bytes, imports);
  };
  return () => count;
}
