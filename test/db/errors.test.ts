import { setImmediate } from 'node:timers/promises';
import { DriverAdapterError } from '@prisma/driver-adapter-utils';
import t from 'tap';
import type { Db } from '#latchkey/db/client.ts';
import { describeDriverError } from '#latchkey/db/describe-error.ts';
import { isConflict, isNotFound, isUnavailable, isUniqueViolation } from '#latchkey/db/errors.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { ping } from '#latchkey/db/ping.ts';
import { createMigratedDatabase, type Scope, withParameter } from '../database.ts';
import { failure } from './failure.ts';

const row = (name: string, number: number) => ({ name, number, recordedAt: new Date(0) });

async function open(t: Scope) {
  const { url, kind } = await createMigratedDatabase(t);
  const { db, close } = openDatabase(url);
  t.teardown(close);
  return { url, kind, db };
}

t.test('A unique violation names its column, inside a transaction and outside', async (t) => {
  const { db } = await open(t);
  await db.accessLevel.create({ data: row('one', 1) });
  const duplicate = { data: row('other', 1) };
  for (const error of [
    await failure(() => db.accessLevel.create(duplicate)),
    await failure(() => db.transaction((tx) => tx.accessLevel.create(duplicate))),
  ]) {
    t.ok(isUniqueViolation(error, 'number'));
    t.notOk(isUniqueViolation(error, 'name'));
    t.notOk(isConflict(error));
    t.notOk(isUnavailable(error));
  }
  const primaryKey = await failure(() => db.accessLevel.create({ data: row('one', 2) }));
  t.notOk(isUniqueViolation(primaryKey, 'name'), 'a primary key is not meant');
});

t.test('A missing row is recognised as not found', async (t) => {
  const { db } = await open(t);
  const where = { where: { name: 'nobody' } };
  t.ok(isNotFound(await failure(() => db.accessLevel.delete(where))));
  t.ok(isNotFound(await failure(() => db.accessLevel.findUniqueOrThrow(where))));
});

t.test('A programming error is neither a conflict nor an unavailable database', async (t) => {
  const { db } = await open(t);
  const mistakes = [
    new Error('something'),
    new TypeError('x is not a function'),
    'a string',
    undefined,
    await failure(() => Reflect.apply(db.accessLevel.create, db.accessLevel, [{ data: { unknown: 1 } }])),
    await failure(() => db.raw.query`SELECT * FROM nowhere`),
    await failure(() => db.raw.execute`INSERT INTO "AccessLevel" (name) VALUES ('half')`),
    await failure(() => db.transaction(() => Promise.reject(new RangeError('in the work')))),
    await failure(async () => {
      let leaked: Pick<Db, 'accessLevel'> = db;
      await db.transaction(async (tx) => {
        leaked = tx;
      });
      await leaked.accessLevel.count();
    }),
  ];
  for (const error of mistakes) {
    t.notOk(isConflict(error), String(error));
    t.notOk(isUnavailable(error), String(error));
  }
});

t.test('Errors of cut connections count as unavailable, and the pool recovers', async (t) => {
  const { url, kind } = await createMigratedDatabase(t);
  if (kind === 'sqlite') return t.comment('SQLite has no connections to cut');
  // More callers than connections, so that some are cut while they move to the next connection.
  const { db, close } = openDatabase(withParameter(url, 'connection_limit', '4'));
  t.teardown(close);
  await db.accessLevel.create({ data: row('one', 1) });
  const other = openDatabase(url);
  t.teardown(other.close);
  const cut = () =>
    other.db.raw.query`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE pid <> pg_backend_pid() AND datname = current_database()`;
  const errors: unknown[] = [];
  let successes = 0;
  let over = false;
  const repeat = async (job: () => PromiseLike<unknown>) => {
    while (!over) {
      await job().then(
        () => {
          successes++;
        },
        (error: unknown) => {
          errors.push(error);
        },
      );
    }
  };
  const jobs = [
    () => db.accessLevel.count(),
    () => ping(db),
    () => db.accessLevel.updateMany({ data: { recordedAt: new Date(1) } }),
    () => db.transaction((tx) => tx.accessLevel.updateMany({ data: { recordedAt: new Date(2) } })),
  ];
  const running = Promise.all([...jobs, ...jobs, ...jobs, ...jobs].map(repeat));
  for (let cuts = 0; cuts < 12; cuts++) {
    const enough = successes + 50;
    while (successes < enough) await setImmediate();
    await cut();
  }
  over = true;
  await running;
  t.not(errors.length, 0);
  for (const error of errors) t.ok(isUnavailable(error), String(error));
  await ping(db);
});

t.test('A full disk counts as unavailable, and no transaction is left open', async (t) => {
  const { kind, db } = await open(t);
  if (kind !== 'sqlite') return t.comment('one cannot fill the disk of a server');
  await db.raw.query`PRAGMA max_page_count = 1`;
  const big = row('big'.repeat(5000), 1);
  t.ok(isUnavailable(await failure(() => db.accessLevel.create({ data: big }))));
  t.ok(isUnavailable(await failure(() => db.transaction((tx) => tx.accessLevel.create({ data: big })))));
  await db.raw.query`PRAGMA max_page_count = 1000`;
  await db.transaction((tx) => tx.accessLevel.create({ data: big }));
  t.equal(await db.accessLevel.count(), 1);
});

t.test('A missing database counts as unavailable', async (t) => {
  const { db, close } = openDatabase('postgresql://nobody@127.0.0.1:1/nowhere');
  t.teardown(close);
  for (const job of [() => ping(db), () => db.user.count(), () => db.transaction((tx) => tx.user.count())]) {
    t.ok(isUnavailable(await failure(job)));
  }
});

t.test('An error of a raw statement is described in a sentence', async (t) => {
  const sentences: readonly [DriverAdapterError['cause'], string][] = [
    [
      { kind: 'DatabaseNotReachable', host: '127.0.0.1', port: 9 },
      "Can't reach database server at 127.0.0.1:9",
    ],
    [
      { kind: 'AuthenticationFailed', user: 'ada' },
      'The password of the database user ada is wrong, or there is no such user',
    ],
    [{ kind: 'DatabaseDoesNotExist', db: 'latchkey' }, 'There is no database latchkey on the server'],
    [{ kind: 'SocketTimeout' }, 'The database did not answer in time'],
    [{ kind: 'TooManyConnections', cause: 'sorry, too many clients' }, 'sorry, too many clients'],
    [{ kind: 'TransactionWriteConflict', originalMessage: 'deadlock detected' }, 'deadlock detected'],
  ];
  for (const [cause, sentence] of sentences)
    t.equal(describeDriverError(new DriverAdapterError(cause)), sentence);
  t.equal(describeDriverError(new Error('something else')), undefined);
});
