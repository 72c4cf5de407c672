import t from 'tap';
import { committedMigrations, difference, readModels } from '../../scripts/migrations.ts';

// In the run on Postgres its history, on its server; otherwise SQLite's.
const kind = process.env.TEST_POSTGRES_URL ? 'postgresql' : 'sqlite';

t.test('the committed migrations end exactly at the models', async (t) => {
  t.equal(await difference(kind, await committedMigrations(kind), await readModels(kind)), undefined);
});

t.test('a model without a migration is noticed', async (t) => {
  const models = `${await readModels(kind)}\nmodel Extra {\n  id Int @id\n}\n`;
  t.match(await difference(kind, await committedMigrations(kind), models), 'CREATE TABLE "Extra"');
});
