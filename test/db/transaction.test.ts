import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import type { Db } from '#latchkey/db/client.ts';
import { isUnavailable } from '#latchkey/db/errors.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { createMigratedDatabase, type Scope, withParameter } from '../database.ts';
import { failure } from './failure.ts';

const row = (number: number) => ({ name: `level-${number}`, number, recordedAt: new Date(0) });

/** @param connections of the pool to Postgres; the control connection comes on top */
async function open(t: Scope, connections = 10): Promise<Db> {
  const { url, kind } = await createMigratedDatabase(t);
  return openAgain(
    t,
    kind === 'sqlite' ? url : withParameter(url, 'connection_limit', String(connections + 1)),
  );
}

function openAgain(t: Scope, url: string): Db {
  const { db, close } = openDatabase(url);
  t.teardown(close);
  // Prisma's timers do not keep a process alive, and a SQLite database has no socket that would.
  const alive = setInterval(() => {}, 60_000);
  t.teardown(async () => clearInterval(alive));
  return db;
}

/** Promise, and the function that fulfils it. */
function gate(): { readonly passed: Promise<void>; open(): void } {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open: () => open() };
}

/**
 * Runs so many statements in the transaction that they take longer than a statement that was sent before them
 * from outside.
 */
async function letOthersRun(tx: Pick<Db, 'accessLevel'>): Promise<void> {
  for (let i = 0; i < 20; i++) await tx.accessLevel.count();
}

t.test('Models and raw statements of a transaction see each other’s changes', async (t) => {
  const db = await open(t);
  for (const end of [undefined, new Error('undo')]) {
    const ended = db.transaction(async (tx) => {
      await tx.accessLevel.create({ data: row(1) });
      t.equal(await tx.raw.execute`UPDATE "AccessLevel" SET "number" = 2 WHERE "number" = 1`, 1);
      t.match(await tx.accessLevel.findMany(), [{ number: 2 }]);
      if (end !== undefined) throw end;
    });
    if (end === undefined) await ended;
    else await t.rejects(ended, end);
    const { count } = await db.accessLevel.deleteMany();
    t.equal(count, end === undefined ? 1 : 0);
  }
});

t.test('An operation of several statements is part of its transaction', async (t) => {
  const db = await open(t);
  const user = buildUserRow({ name: 'Ada', email: 'ada@example.com', passwordHash: '', access: 1 });
  const network = { id: 'network', lastSeenAt: new Date(0) };
  const data = { ...user, knownNetworks: { create: network } };
  const undone = db.transaction(async (tx) => {
    await tx.user.create({ data });
    t.equal(await tx.knownNetwork.count(), 1);
    throw new Error('undo');
  });
  await t.rejects(undone, { message: 'undo' });
  t.equal(await db.user.count(), 0);
  await db.transaction((tx) => tx.user.create({ data }));
  t.match(await db.knownNetwork.findMany(), [{ ...network, userId: user.id }]);
});

t.test('An operation that outlives its transaction joins no other transaction', async (t) => {
  const db = await open(t, 1);
  const second = gate();
  const late: Promise<unknown>[] = [];
  let later = () => Promise.resolve<unknown>(undefined);
  const first = db.transaction(async (tx) => {
    const { accessLevel } = tx;
    await accessLevel.count();
    // One operation is under way, one was called and not awaited, which Prisma begins with `then`, and one is
    // not called yet.
    const underWay = accessLevel.create({ data: row(1) }).then(() => 'done');
    const called = accessLevel.create({ data: row(2) });
    later = () => accessLevel.create({ data: row(3) }).then(() => 'done');
    late.push(failure(() => underWay));
    late.push(second.passed.then(() => failure(() => called)));
    throw new Error('undo');
  });
  await t.rejects(first, { message: 'undo' });
  await db.transaction(async (tx) => {
    second.open();
    await letOthersRun(tx);
    t.match(await failure(later), { message: /has ended/ });
    t.strictSame(
      (await Promise.all(late)).map((error) => /has ended/.test(String(error))),
      [true, true],
    );
    await tx.accessLevel.create({ data: row(4) });
  });
  t.match(await db.accessLevel.findMany(), [{ number: 4 }]);
});

t.test('Parallel transactions are isolated, also after one that could not be committed', async (t) => {
  const { url, kind } = await createMigratedDatabase(t);
  if (kind === 'sqlite') return t.comment('SQLite has one transaction at a time');
  const db = openAgain(t, url);
  const uncommitted = db.transaction(async (tx) => {
    await tx.accessLevel.count();
    await tx.raw.execute`CREATE TEMPORARY TABLE parent (id INTEGER PRIMARY KEY)`;
    await tx.raw
      .execute`CREATE TEMPORARY TABLE child (parent INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)`;
    await tx.raw.execute`INSERT INTO child VALUES (1)`;
  });
  await t.rejects(uncommitted);
  const begun = [gate(), gate()];
  const transactions = begun.map(({ open: openGate }, number) =>
    db.transaction(async (tx) => {
      await tx.accessLevel.create({ data: row(number) });
      openGate();
      await Promise.all(begun.map(({ passed }) => passed));
      t.match(await tx.accessLevel.findMany(), [{ number }]);
      throw new Error('undo');
    }),
  );
  // Both at once: either may be rejected first, and an unhandled rejection would end the process.
  await Promise.all(transactions.map((transaction) => t.rejects(transaction, { message: 'undo' })));
  t.equal(await db.accessLevel.count(), 0);
});

t.test('A write outside a transaction is kept when an open transaction rolls back', async (t) => {
  const db = await open(t);
  const begun = gate();
  const sent = gate();
  const rolledBack = db.transaction(async (tx) => {
    await tx.accessLevel.create({ data: row(1) });
    begun.open();
    await sent.passed;
    await letOthersRun(tx);
    throw new Error('undo');
  });
  await begun.passed;
  const acknowledged = db.accessLevel.create({ data: row(2) }).then(({ number }) => number);
  sent.open();
  await t.rejects(rolledBack, { message: 'undo' });
  t.equal(await acknowledged, 2);
  t.same(await db.accessLevel.findMany({ select: { number: true } }), [{ number: 2 }]);
});

t.test('Uncommitted changes are not visible outside their transaction', async (t) => {
  const db = await open(t);
  const begun = gate();
  const sent = gate();
  const rolledBack = db.transaction(async (tx) => {
    await tx.accessLevel.create({ data: row(1) });
    begun.open();
    await sent.passed;
    await letOthersRun(tx);
    throw new Error('undo');
  });
  await begun.passed;
  const seen = db.accessLevel.count().then((count) => count);
  sent.open();
  await t.rejects(rolledBack, { message: 'undo' });
  t.equal(await seen, 0);
});

/** Reads, then writes: without isolation, two at once lose one of the two increments. */
function increment(db: Db, name: string): Promise<unknown> {
  return db.transaction(async (tx) => {
    const { number } = await tx.accessLevel.findUniqueOrThrow({ where: { name } });
    await tx.accessLevel.update({ where: { name }, data: { number: number + 1 } });
  });
}

t.test('No increment is lost of 120 at once that each read before they write', async (t) => {
  const db = await open(t);
  const { name } = await db.accessLevel.create({ data: row(0) });
  await Promise.all(Array.from({ length: 120 }, () => increment(db, name)));
  t.equal((await db.accessLevel.findUniqueOrThrow({ where: { name } })).number, 120);
});

t.test('No increment is lost over two clients of one database, as in two processes', async (t) => {
  const { url } = await createMigratedDatabase(t);
  const clients = [openAgain(t, url), openAgain(t, url)];
  const { name } = await openAgain(t, url).accessLevel.create({ data: row(0) });
  const oneByOne = async (db: Db) => {
    for (let i = 0; i < 50; i++) await increment(db, name);
  };
  await Promise.all(clients.flatMap((db) => [oneByOne(db), oneByOne(db)]));
  t.equal((await openAgain(t, url).accessLevel.findUniqueOrThrow({ where: { name } })).number, 200);
});

t.test(
  'Work that exceeds the timeout is rolled back, reported as unavailable, and blocks no other transaction',
  async (t) => {
    const db = await open(t);
    let tries = 0;
    const endless = db.transaction(async (tx) => {
      tries++;
      await tx.accessLevel.create({ data: row(1) });
      // SQLite answers synchronously: without the pause, the timer would never fire.
      for (;;) await setImmediate(await tx.accessLevel.count());
    });
    t.ok(isUnavailable(await failure(() => endless)));
    t.equal(tries, 1);
    await db.transaction((tx) => tx.accessLevel.create({ data: row(2) }));
    t.same(await db.accessLevel.findMany({ select: { number: true } }), [{ number: 2 }]);
  },
);

t.test('A transaction that timed out before its begin does not block later ones', async (t) => {
  const db = await open(t, 1);
  const begun = gate();
  const release = gate();
  const holder = db.transaction(async (tx) => {
    await tx.accessLevel.create({ data: row(1) });
    begun.open();
    await release.passed;
  });
  await begun.passed;
  const impatient = db.transaction((tx) => tx.accessLevel.create({ data: row(2) }), { maxWaitMs: 50 });
  t.ok(isUnavailable(await failure(() => impatient)));
  release.open();
  await holder;
  await db.transaction((tx) => tx.accessLevel.create({ data: row(3) }));
  t.same(await db.accessLevel.findMany({ select: { number: true }, orderBy: { number: 'asc' } }), [
    { number: 1 },
    { number: 3 },
  ]);
});

t.test(
  'A transaction whose work caught the error of a statement is not committed, and leaves nothing behind',
  async (t) => {
    const db = await open(t, 1);
    await db.accessLevel.create({ data: row(1) });
    const swallowing = db.transaction(async (tx) => {
      await tx.accessLevel.create({ data: row(2) });
      await tx.accessLevel.create({ data: { ...row(1), name: 'other' } }).catch(() => {});
    });
    await t.rejects(swallowing);
    t.equal(await db.accessLevel.count(), 1);
    await db.transaction((tx) => tx.accessLevel.create({ data: row(3) }));
    t.equal(await db.accessLevel.count(), 2);
  },
);

t.test('A transaction that cannot be committed leaves nothing behind', async (t) => {
  const db = await open(t, 1);
  await db.raw.execute`CREATE TABLE parent (id INTEGER PRIMARY KEY)`;
  await db.raw
    .execute`CREATE TABLE child (parent INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)`;
  // COMMIT checks the foreign key, not the statement.
  await t.rejects(db.transaction((tx) => tx.raw.execute`INSERT INTO child VALUES (1)`));
  await db.transaction((tx) => tx.raw.execute`INSERT INTO parent VALUES (2)`);
  t.same(await db.raw.query`SELECT parent FROM child UNION SELECT id FROM parent`, [{ parent: 2 }]);
});

t.test('A closed database refuses queries and can be closed again', async (t) => {
  const { url } = await createMigratedDatabase(t);
  const { db, close } = openDatabase(url);
  await db.accessLevel.count();
  await close();
  await close();
  t.ok(isUnavailable(await failure(() => db.accessLevel.count())));
  t.ok(isUnavailable(await failure(() => db.transaction((tx) => tx.accessLevel.count()))));
});
