/**
 * Tests that no trigger or view comes in with a backup.
 *
 * @runs once, on SQLite: Postgres has backups of its own.
 */
import { join } from 'node:path';
import t from 'tap';
import { openSqlite } from '#latchkey/db/sqlite/driver.ts';
import { Source } from '#latchkey/db/sqlite-to-postgres/source.ts';
import { latchkey, temporaryFolder } from '../child.ts';

const additions = {
  trigger:
    'CREATE TRIGGER gift AFTER INSERT ON "User" BEGIN UPDATE "User" SET access = 2 WHERE id = NEW.id; END',
  view: 'CREATE VIEW gift AS SELECT email FROM "User"',
};

for (const [type, sql] of Object.entries(additions)) {
  t.test(`A database with a ${type} that is not ours is neither restored nor moved`, async (t) => {
    const DATA_DIR = await temporaryFolder(t);
    const variables = { DATA_DIR };
    t.equal((await latchkey(['migrate'], { variables })).code, 0);
    const backup = join(DATA_DIR, 'backup.db');
    t.equal((await latchkey(['backup', backup], { variables })).code, 0);
    for (const path of [backup, join(DATA_DIR, 'latchkey.db')]) {
      const database = openSqlite(path);
      database.exec(sql);
      database.close();
    }
    const { code, stderr } = await latchkey(['restore', backup], { variables });
    t.equal(code, 1);
    t.match(stderr, new RegExp(`backup\\.db has the ${type} gift, which is not Latchkey's`));
    t.throws(() => new Source(join(DATA_DIR, 'latchkey.db')), {
      message: new RegExp(`has the ${type} gift`),
    });
  });
}
