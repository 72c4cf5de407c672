import t from 'tap';
import { committedMigrations, difference, readModels } from '../../scripts/migrations.ts';

// The run on Postgres checks the history for Postgres, the other run the one for SQLite.
const kind = process.env.TEST_POSTGRES_URL ? 'postgresql' : 'sqlite';

t.test('The committed migrations lead exactly to the models', async (t) => {
  t.equal(await difference(kind, await committedMigrations(kind), await readModels(kind)), undefined);
});

t.test('A model without a migration is detected', async (t) => {
  const models = `${await readModels(kind)}\nmodel Extra {\n  id Int @id\n}\n`;
  t.match(await difference(kind, await committedMigrations(kind), models), 'CREATE TABLE "Extra"');
});
