/**
 * A migration that waits for a table lock, and requests that use the table meanwhile.
 *
 * @runs once, on Postgres: SQLite has one writer at a time.
 */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import t from 'tap';
import { migrate } from '#latchkey/db/migrations/migrate.ts';
import { migrationsFolder } from '#latchkey/db/migrations/read-migrations.ts';
import { createMigratedDatabase, directUrl } from '../database.ts';
import { until } from '../until.ts';

t.test(
  'A migration lets requests pass while it waits for a table lock, and gets the lock in the end',
  async (t) => {
    const { url } = await createMigratedDatabase(t);
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-migrations-'));
    t.teardown(() => rm(folder, { recursive: true }));
    await cp(migrationsFolder('postgresql'), folder, { recursive: true });
    await mkdir(join(folder, '99990101000000_later'));
    await writeFile(
      join(folder, '99990101000000_later/migration.sql'),
      'ALTER TABLE "User" ADD COLUMN later TEXT;',
    );

    const [holder, reader] = [new pg.Client(directUrl(url)), new pg.Client(directUrl(url))];
    for (const client of [holder, reader]) {
      await client.connect();
      t.teardown(() => client.end());
    }
    await holder.query('BEGIN; LOCK TABLE "User" IN ACCESS SHARE MODE');
    const migrated = migrate(url, folder);
    await until(async () => {
      const { rows } = await reader.query(
        'SELECT 1 FROM pg_locks WHERE NOT granted AND relation IS NOT NULL',
      );
      return rows.length > 0;
    });
    const began = performance.now();
    await reader.query('SELECT count(*) FROM "User"');
    const took = performance.now() - began;
    t.ok(took < 2_000, `the table was free again after ${Math.round(took)} ms`);
    await holder.query('ROLLBACK');
    t.strictSame((await migrated).applied, ['99990101000000_later']);
  },
);
