/** A database without room: the process is not ready, says so, and is ready again when there is room. */
import t from 'tap';
import { DiskState } from '#latchkey/db/disk.ts';
import { isDiskFull } from '#latchkey/db/errors.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { createMigratedDatabase, type Scope } from '../database.ts';
import { startApi } from '../helper.ts';
import { until } from '../until.ts';
import { failure } from './failure.ts';

const row = (number: number) => ({ name: `${number} ${'x'.repeat(4_000)}`, number, recordedAt: new Date(0) });

/** Opens a database whose next write has no room: of its own limit on SQLite, by a trigger on Postgres. */
async function openFull(t: Scope) {
  const { url } = await createMigratedDatabase(t);
  const database = openDatabase(url);
  t.teardown(database.close);
  const { db, kind } = database;
  if (kind === 'sqlite') await db.raw.query`PRAGMA max_page_count = 1`;
  else {
    await db.raw.execute`CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN RAISE EXCEPTION USING ERRCODE = ''disk_full'', MESSAGE = ''could not extend file''; END'`;
    await db.raw.execute`CREATE TRIGGER no_room BEFORE INSERT ON "AccessLevel" EXECUTE FUNCTION no_room()`;
  }
  return database;
}

t.test(
  'A write without room is noted, in and outside of a transaction, and a check finds the room',
  async (t) => {
    const { db, disk } = await openFull(t);
    const { name, recordedAt } = row(3);
    const writes = [
      () => db.accessLevel.create({ data: row(1) }),
      () => db.transaction((tx) => tx.accessLevel.create({ data: row(2) })),
      () =>
        db.raw
          .execute`INSERT INTO "AccessLevel" (name, number, "recordedAt") VALUES (${name}, 3, ${recordedAt})`,
    ];
    for (const write of writes) {
      t.equal(disk.isFull, false);
      const error = await failure(write);
      t.ok(isDiskFull(error), String(error));
      t.equal(disk.isFull, true);
      t.equal(await disk.check(), false, 'the real disk has room');
    }
    t.notOk(isDiskFull(await failure(() => db.raw.query`SELECT * FROM nowhere`)));
    t.equal(disk.isFull, false);
  },
);

t.test('A disk stays full until a write succeeds, whatever the free bytes are', async (t) => {
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  let free: number | undefined = 1e9;
  let problem: Error | undefined = full;
  const disk = new DiskState({
    freeBytes: async () => free,
    write: async () => {
      if (problem) throw problem;
    },
  });
  t.equal(await disk.check(), false);
  disk.noteFull();
  t.equal(await disk.check(), true);
  problem = undefined;
  free = 1_000;
  t.equal(await disk.check(), true, 'a disk with a kilobyte is full');
  free = undefined;
  t.equal(await disk.check(), false);
  disk.noteFull();
  problem = Object.assign(new Error('denied'), { code: 'EACCES' });
  t.equal(await disk.check(), false, 'another error says nothing of the room');
});

t.test('A process whose database has no room is not ready, says why, and recovers', async (t) => {
  const api = await startApi(t);
  t.equal((await api.ask('GET', '/health/ready')).status, 200);
  const { disk } = api.app.database;
  if (!(disk instanceof DiskState)) throw new Error('It has no state');
  // The job finds room within a second, so the request is sent at once.
  disk.noteFull();
  const { status, body, headers } = await api.ask('GET', '/health/ready');
  t.equal(status, 503);
  t.match(body, { type: /not-ready$/, detail: /^The disk of the database is full/ });
  t.equal(headers['retry-after'], '1');
  await until(async () => (await api.ask('GET', '/health/ready')).status === 200);
});
