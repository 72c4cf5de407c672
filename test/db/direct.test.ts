/** What goes past Prisma's client keeps what Prisma's transactions promise. */
import { readdirSync, readlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { test } from 'tap';
import { toNewUser } from '#latchkey/accounts/users.ts';
import { type Database, openDatabase } from '#latchkey/db/client.ts';
import type { DirectDatabase } from '#latchkey/db/direct.ts';
import { isUnavailable } from '#latchkey/db/errors.ts';
import { selectRow } from '#latchkey/db/select.ts';
import type { Statements } from '#latchkey/db/statements.ts';
import { transaction } from '#latchkey/db/transaction.ts';
import { createMigratedDatabase, type Scope, withParameter } from '../database.ts';
import { failure } from './failure.ts';

/** @param connections of the pool to Postgres, beside which there is one more */
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

const insert = (tx: Statements, number: number) =>
  tx.$executeRaw`INSERT INTO "AccessLevel" ("name", "number", "recordedAt") VALUES (${`level-${number}`}, ${number}, ${new Date(0)})`;

const numbers = async (tx: Statements) => {
  const rows = await tx.$queryRaw<{ number: number }>`SELECT "number" FROM "AccessLevel" ORDER BY "number"`;
  return rows.map(({ number }) => number);
};

test('a row is what Prisma’s client makes of it', async (t) => {
  const { db, direct } = await open(t);
  const time = new Date('2024-02-29T12:34:56.789Z');
  const columns = ['id', 'name', 'disabled', 'access', 'accessUntil', 'createdAt', 'passwordHash'] as const;
  for (const [n, disabled] of [true, false].entries()) {
    const email = `person-${n}@example.com`;
    const data = toNewUser({ name: 'Ada “Å” 🎹', email, passwordHash: '', access: 2 });
    const accessUntil = disabled ? time : null;
    const { id } = await db.user.create({ data: { ...data, accessUntil, disabled, createdAt: time } });
    const select = Object.fromEntries(columns.map((name) => [name, true]));
    const expected = await db.user.findUniqueOrThrow({ where: { id }, select });
    t.strictSame({ ...(await selectRow(direct, 'User', columns, { id })) }, expected);
    t.strictSame({ ...(await selectRow(db, 'User', columns, { id })) }, expected);
  }
  t.equal(await selectRow(direct, 'User', columns, { id: 'nobody' }), undefined);
});

test('work that throws is undone, whatever was sent beside it is not', async (t) => {
  const { direct } = await open(t);
  let beside: Promise<number> | undefined;
  const undone = direct.transaction(async (tx) => {
    await insert(tx, 1);
    beside = insert(direct, 2);
    t.strictSame(await numbers(tx), [1], 'a transaction sees its own rows');
    throw new Error('undo');
  });
  await t.rejects(undone, { message: 'undo' });
  t.equal(await beside, 1);
  t.strictSame(await numbers(direct), [2]);
});

test('a statement that comes after the end of its transaction gets into no other', async (t) => {
  const { direct } = await open(t);
  for (const end of [undefined, new Error('undo')]) {
    let ended: Statements | undefined;
    const first = direct.transaction(async (tx) => {
      ended = tx;
      if (end !== undefined) throw end;
    });
    await first.catch(() => {});
    await direct.transaction(async () => {
      await t.rejects(async () => ended && insert(ended, 1), { message: /has ended/ });
    });
  }
  t.strictSame(await numbers(direct), []);
});

test('who waits too long for a transaction is told, and nothing is left of it', async (t) => {
  const { direct } = await open(t, 1);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  // Waits for more than its statements: the others wait all the while.
  const holder = direct.transaction(async (tx) => {
    await insert(tx, 1);
    await held;
  });
  const error = await failure(() => direct.transaction((tx) => insert(tx, 2)));
  t.ok(isUnavailable(error), String(error));
  release();
  await holder.catch(() => {});
  await direct.transaction((tx) => insert(tx, 3));
  t.notOk((await numbers(direct)).includes(2));
});

/** Reads, then writes: two at once lose one of the two, unless somebody keeps them apart. */
function increment(direct: DirectDatabase): Promise<unknown> {
  return direct.transaction(async (tx) => {
    const [{ number } = { number: Number.NaN }] = await tx.$queryRaw<{ number: number }>`
      SELECT "number" FROM "AccessLevel" WHERE "name" = 'level-0'`;
    await tx.$executeRaw`UPDATE "AccessLevel" SET "number" = ${number + 1} WHERE "name" = 'level-0'`;
  });
}

test('of 200 increments at once, half of them through Prisma’s client, none is lost', async (t) => {
  const { db, direct } = await open(t);
  await insert(direct, 0);
  const throughClient = () =>
    transaction(db, async (tx) => {
      const { number } = await tx.accessLevel.findUniqueOrThrow({ where: { name: 'level-0' } });
      await tx.accessLevel.update({ where: { name: 'level-0' }, data: { number: number + 1 } });
    });
  await Promise.all(Array.from({ length: 100 }, () => [increment(direct), throughClient()]).flat());
  t.strictSame(await numbers(direct), [200]);
});

test('work that exceeds the time limit is undone, reported as unavailable, and in nobody’s way', async (t) => {
  const { direct } = await open(t, 1);
  let tries = 0;
  const endless = direct.transaction(async (tx) => {
    tries++;
    await insert(tx, 1);
    for (;;) await setImmediate(await numbers(tx));
  });
  t.ok(isUnavailable(await failure(() => endless)));
  t.equal(tries, 1);
  await direct.transaction((tx) => insert(tx, 2));
  t.strictSame(await numbers(direct), [2]);
});

test('a transaction whose work swallowed a failed statement is not committed, and leaves nothing behind', async (t) => {
  const { direct } = await open(t, 1);
  await insert(direct, 1);
  const swallowing = direct.transaction(async (tx) => {
    await insert(tx, 2);
    await insert(tx, 1).catch(() => {});
  });
  await t.rejects(swallowing);
  t.strictSame(await numbers(direct), [1]);
  await direct.transaction((tx) => insert(tx, 3));
  t.strictSame(await numbers(direct), [1, 3]);
});

test('a transaction that cannot be committed leaves nothing behind', async (t) => {
  const { direct } = await open(t, 1);
  await direct.$executeRaw`CREATE TABLE parent (id INTEGER PRIMARY KEY)`;
  await direct.$executeRaw`CREATE TABLE child (parent INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)`;
  // The foreign key is only looked at by COMMIT.
  await t.rejects(direct.transaction((tx) => tx.$executeRaw`INSERT INTO child VALUES (1)`));
  await direct.transaction((tx) => tx.$executeRaw`INSERT INTO parent VALUES (2)`);
  t.same(await direct.$queryRaw`SELECT parent FROM child UNION SELECT id FROM parent`, [{ parent: 2 }]);
});

test('a database that was only used directly can be closed, and refuses statements then', async (t) => {
  const { url, kind } = await createMigratedDatabase(t);
  const { direct, close } = openDatabase(url);
  const isOpen = () =>
    readdirSync('/proc/self/fd').some((name) => {
      try {
        return `file:${readlinkSync(`/proc/self/fd/${name}`)}` === url;
      } catch {
        // The folder's own.
        return false;
      }
    });
  t.strictSame(await numbers(direct), []);
  t.equal(isOpen(), kind === 'sqlite');
  await close();
  await close();
  t.equal(isOpen(), false);
  t.ok(isUnavailable(await failure(() => numbers(direct))));
  t.ok(isUnavailable(await failure(() => direct.transaction(numbers))));
});
