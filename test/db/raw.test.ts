/** Raw statements, and the guarantees of transactions for them. */
import { readdirSync, readlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import type { Database, Db, Handle } from '#latchkey/db/client.ts';
import { isUnavailable } from '#latchkey/db/errors.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { selectRow } from '#latchkey/db/raw/select.ts';
import { createMigratedDatabase, type Scope, withParameter } from '../database.ts';
import { failure } from './failure.ts';

/** @param connections of the pool to Postgres; the control connection comes on top */
async function open(t: Scope, connections = 10): Promise<Database> {
  const { url, kind } = await createMigratedDatabase(t);
  const database = openDatabase(
    kind === 'sqlite' ? url : withParameter(url, 'connection_limit', String(connections + 1)),
  );
  t.teardown(database.close);
  // Prisma's timers do not keep a process alive, and a SQLite database has no socket that would.
  const alive = setInterval(() => {}, 60_000);
  t.teardown(async () => clearInterval(alive));
  return database;
}

const insert = (tx: Handle, number: number) =>
  tx.raw
    .execute`INSERT INTO "AccessLevel" ("name", "number", "recordedAt") VALUES (${`level-${number}`}, ${number}, ${new Date(0)})`;

const numbers = async (tx: Handle) => {
  const rows = await tx.raw.query<{ number: number }>`SELECT "number" FROM "AccessLevel" ORDER BY "number"`;
  return rows.map(({ number }) => number);
};

t.test('A raw row equals the row of Prisma’s client', async (t) => {
  const { db } = await open(t);
  const time = new Date('2024-02-29T12:34:56.789Z');
  const columns = ['id', 'name', 'disabled', 'access', 'accessUntil', 'createdAt', 'passwordHash'] as const;
  for (const [n, disabled] of [true, false].entries()) {
    const email = `person-${n}@example.com`;
    const data = buildUserRow({ name: 'Ada “Å” 🎹', email, passwordHash: '', access: 2 });
    const accessUntil = disabled ? time : null;
    const { id } = await db.user.create({ data: { ...data, accessUntil, disabled, createdAt: time } });
    const select = Object.fromEntries(columns.map((name) => [name, true]));
    const expected = await db.user.findUniqueOrThrow({ where: { id }, select });
    t.strictSame({ ...(await selectRow(db, 'User', columns, { id })) }, expected);
    const inTransaction = await db.transaction((tx) => selectRow(tx, 'User', columns, { id }));
    t.strictSame({ ...inTransaction }, expected);
  }
  t.equal(await selectRow(db, 'User', columns, { id: 'nobody' }), undefined);
});

t.test('Work that throws is rolled back, and statements outside its transaction are kept', async (t) => {
  const { db } = await open(t);
  let beside: Promise<number> | undefined;
  const undone = db.transaction(async (tx) => {
    await insert(tx, 1);
    beside = insert(db, 2);
    t.strictSame(await numbers(tx), [1], 'a transaction sees its own rows');
    throw new Error('undo');
  });
  await t.rejects(undone, { message: 'undo' });
  t.equal(await beside, 1);
  t.strictSame(await numbers(db), [2]);
});

t.test('A statement after the end of its transaction joins no other transaction', async (t) => {
  const { db } = await open(t);
  for (const end of [undefined, new Error('undo')]) {
    let ended: Handle | undefined;
    const first = db.transaction(async (tx) => {
      ended = tx;
      if (end !== undefined) throw end;
    });
    await first.catch(() => {});
    await db.transaction(async () => {
      await t.rejects(async () => ended && insert(ended, 1), { message: /has ended/ });
    });
  }
  t.strictSame(await numbers(db), []);
});

t.test(
  'Work that waits for something else is rolled back at the timeout and blocks no other transaction',
  async (t) => {
    const { db } = await open(t, 1);
    const endless = db.transaction(async (tx) => {
      await insert(tx, 1);
      await new Promise(() => {});
    });
    t.ok(isUnavailable(await failure(() => endless)));
    await db.transaction((tx) => insert(tx, 2));
    t.strictSame(await numbers(db), [2]);
  },
);

/** Reads, then writes: without isolation, two at once lose one of the two increments. */
function increment(db: Db): Promise<unknown> {
  return db.transaction(async (tx) => {
    const [{ number } = { number: Number.NaN }] = await tx.raw.query<{ number: number }>`
      SELECT "number" FROM "AccessLevel" WHERE "name" = 'level-0'`;
    await tx.raw.execute`UPDATE "AccessLevel" SET "number" = ${number + 1} WHERE "name" = 'level-0'`;
  });
}

t.test('No increment is lost of 100 at once, half of them through models', async (t) => {
  const { db } = await open(t);
  await insert(db, 0);
  const byModels = () =>
    db.transaction(async (tx) => {
      const { number } = await tx.accessLevel.findUniqueOrThrow({ where: { name: 'level-0' } });
      await tx.accessLevel.update({ where: { name: 'level-0' }, data: { number: number + 1 } });
    });
  await Promise.all(Array.from({ length: 50 }, () => [increment(db), byModels()]).flat());
  t.strictSame(await numbers(db), [100]);
});

t.test(
  'Work that exceeds the timeout is rolled back, reported as unavailable, and blocks no other transaction',
  async (t) => {
    const { db } = await open(t, 1);
    let tries = 0;
    const endless = db.transaction(async (tx) => {
      tries++;
      await insert(tx, 1);
      for (;;) await setImmediate(await numbers(tx));
    });
    t.ok(isUnavailable(await failure(() => endless)));
    t.equal(tries, 1);
    await db.transaction((tx) => insert(tx, 2));
    t.strictSame(await numbers(db), [2]);
  },
);

t.test(
  'A transaction whose work caught the error of a statement is not committed, and leaves nothing behind',
  async (t) => {
    const { db } = await open(t, 1);
    await insert(db, 1);
    const swallowing = db.transaction(async (tx) => {
      await insert(tx, 2);
      await insert(tx, 1).catch(() => {});
    });
    await t.rejects(swallowing);
    t.strictSame(await numbers(db), [1]);
    await db.transaction((tx) => insert(tx, 3));
    t.strictSame(await numbers(db), [1, 3]);
  },
);

t.test('A database that was only used for raw statements can be closed, and then refuses them', async (t) => {
  const { url, kind } = await createMigratedDatabase(t);
  const { db, close } = openDatabase(url);
  const isOpen = () =>
    readdirSync('/proc/self/fd').some((name) => {
      try {
        return `file:${readlinkSync(`/proc/self/fd/${name}`)}` === url;
      } catch {
        // The folder itself.
        return false;
      }
    });
  t.strictSame(await numbers(db), []);
  t.equal(isOpen(), kind === 'sqlite');
  await close();
  await close();
  t.equal(isOpen(), false);
  t.ok(isUnavailable(await failure(() => numbers(db))));
  t.ok(isUnavailable(await failure(() => db.transaction(numbers))));
});
