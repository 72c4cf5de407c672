/**
 * Translation of SQLite's errors for Prisma and the service.
 *
 * @runs once, on SQLite: it is about nothing else.
 */
import { DriverAdapterError } from '@prisma/driver-adapter-utils';
import t from 'tap';
import {
  isAnyUniqueViolation,
  isForeignKeyViolation,
  isUnavailable,
  isUniqueViolation,
} from '#latchkey/db/errors.ts';
import { sqliteError } from '#latchkey/db/sqlite/driver.ts';
import { toAdapterError } from '#latchkey/db/sqlite/errors.ts';
import { failure } from '../failure.ts';
import { openAdapter, query } from './open-adapter.ts';

const tables = `
  CREATE TABLE "User" ("id" TEXT PRIMARY KEY, "email" TEXT UNIQUE, "first" TEXT, "last" TEXT, "age" INTEGER CONSTRAINT age CHECK ("age" > 0),
    "name" TEXT NOT NULL DEFAULT '', UNIQUE ("first", "last"));
  CREATE UNIQUE INDEX "User_lower_key" ON "User" (lower("name")) WHERE "name" <> '';
  CREATE TABLE "Session" ("id" INTEGER PRIMARY KEY, "userId" TEXT REFERENCES "User" ("id"));
  CREATE TABLE "Plain" ("a" TEXT);
  CREATE TABLE "od.d" ("x" TEXT UNIQUE);
  CREATE TRIGGER "no" BEFORE DELETE ON "User" BEGIN SELECT RAISE(ABORT, 'not so'); END;
  INSERT INTO "User" ("id", "email", "first", "last", "name") VALUES ('a', 'a@example.com', 'Ada', 'L', 'Ada');
  INSERT INTO "Session" VALUES (1, 'a');
  INSERT INTO "Plain" (rowid) VALUES (1);
  INSERT INTO "od.d" VALUES ('x')`;

const unique = (fields: string[], table: string) => ({
  kind: 'UniqueConstraintViolation',
  constraint: { fields },
  table,
});

/** Statements, their errors, and SQLite's codes. */
const failing: readonly [string, object, string][] = [
  [
    `INSERT INTO "User" ("id", "email") VALUES ('b', 'a@example.com')`,
    unique(['email'], 'User'),
    'CONSTRAINT_UNIQUE',
  ],
  [
    `INSERT INTO "User" ("id", "first", "last") VALUES ('b', 'Ada', 'L')`,
    unique(['first', 'last'], 'User'),
    'CONSTRAINT_UNIQUE',
  ],
  [`INSERT INTO "User" ("id") VALUES ('a')`, unique(['id'], 'User'), 'CONSTRAINT_PRIMARYKEY'],
  ['INSERT INTO "Session" VALUES (1, NULL)', unique(['id'], 'Session'), 'CONSTRAINT_PRIMARYKEY'],
  ['INSERT INTO "Plain" (rowid) VALUES (1)', unique(['rowid'], 'Plain'), 'CONSTRAINT_ROWID'],
  [`INSERT INTO "od.d" VALUES ('x')`, unique(['x'], 'od.d'), 'CONSTRAINT_UNIQUE'],
  [
    `INSERT INTO "User" ("id", "name") VALUES ('b', 'ADA')`,
    { kind: 'UniqueConstraintViolation', constraint: { index: 'User_lower_key' } },
    'CONSTRAINT_UNIQUE',
  ],
  [
    `INSERT INTO "User" ("id", "name") VALUES ('b', NULL)`,
    { kind: 'NullConstraintViolation', constraint: { fields: ['name'] } },
    'CONSTRAINT_NOTNULL',
  ],
  [
    `INSERT INTO "Session" VALUES (2, 'nobody')`,
    { kind: 'ForeignKeyConstraintViolation', constraint: { foreignKey: {} } },
    'CONSTRAINT_FOREIGNKEY',
  ],
  [
    `DELETE FROM "User"`,
    { kind: 'ForeignKeyConstraintViolation', constraint: { foreignKey: {} } },
    'CONSTRAINT_TRIGGER',
  ],
  [
    `INSERT INTO "User" ("id", "age") VALUES ('b', 0)`,
    { kind: 'sqlite', extendedCode: 1, message: 'CHECK constraint failed: age' },
    'CONSTRAINT_CHECK',
  ],
  [
    `INSERT INTO "Session" VALUES ('x', NULL)`,
    { kind: 'sqlite', extendedCode: 1, message: 'datatype mismatch' },
    'MISMATCH',
  ],
  ['SELECT * FROM "nowhere"', { kind: 'TableDoesNotExist', table: 'nowhere' }, 'ERROR'],
  ['SELECT "nothing" FROM "User"', { kind: 'ColumnNotFound', column: 'nothing' }, 'ERROR'],
  ['INSERT INTO "User" ("nothing") VALUES (1)', { kind: 'ColumnNotFound', column: 'nothing' }, 'ERROR'],
  ['SELEC', { kind: 'sqlite', extendedCode: 1, message: 'near "SELEC": syntax error' }, 'ERROR'],
  [
    'CREATE TABLE "User" ("id" TEXT)',
    { kind: 'sqlite', extendedCode: 1, message: 'table "User" already exists' },
    'ERROR',
  ],
];

t.test('An error of SQLite has Prisma’s kind and names the table, column or constraint', async (t) => {
  const { adapter } = await openAdapter(t, tables);
  for (const [sql, expected, code] of failing) {
    for (const ask of [() => adapter.queryRaw(query(sql)), () => adapter.executeRaw(query(sql))]) {
      const error = await failure(ask);
      t.ok(error instanceof DriverAdapterError, sql);
      const { originalMessage, ...cause } = (error as DriverAdapterError).cause;
      t.strictSame(cause, { ...expected, originalCode: `SQLITE_${code}` }, sql);
      t.type(originalMessage, 'string');
      t.notOk(isUnavailable(error), sql);
    }
  }
});

t.test('The service’s error predicates recognise SQLite’s errors', async (t) => {
  const { adapter } = await openAdapter(t, tables);
  const errorOf = (sql: string) => failure(() => adapter.executeRaw(query(sql)));
  const email = await errorOf(`INSERT INTO "User" ("id", "email") VALUES ('b', 'a@example.com')`);
  t.ok(isUniqueViolation(email, 'email'));
  t.notOk(isUniqueViolation(email, 'id'));
  const id = await errorOf(`INSERT INTO "User" ("id") VALUES ('a')`);
  t.notOk(isUniqueViolation(id, 'id'), 'a primary key is not meant');
  t.ok(isAnyUniqueViolation(id));
  t.ok(isForeignKeyViolation(await errorOf(`INSERT INTO "Session" VALUES (2, 'nobody')`)));
});

t.test('SQLite errors that a test cannot provoke are mapped by their codes', async (t) => {
  const convert = (code: string, message: string) => {
    const error = toAdapterError(sqliteError(message, code));
    t.ok(error instanceof DriverAdapterError);
    return { ...(error as DriverAdapterError).cause, isUnavailable: isUnavailable(error) };
  };
  // Some codes have no name in the driver.
  for (const code of [
    'SQLITE_BUSY',
    'SQLITE_BUSY_RECOVERY',
    'SQLITE_BUSY_SNAPSHOT',
    'UNKNOWN_SQLITE_ERROR_773',
  ])
    t.strictSame(convert(code, 'database is locked'), {
      kind: 'SocketTimeout',
      originalCode: code,
      originalMessage: 'database is locked',
      isUnavailable: true,
    });
  for (const [code, extendedCode, unavailable] of [
    ['SQLITE_IOERR_WRITE', 1, true],
    ['SQLITE_FULL', 1, true],
    ['SQLITE_READONLY_DBMOVED', 1, true],
    ['SQLITE_CORRUPT', 1, false],
    ['UNKNOWN_SQLITE_ERROR_1038', 1038, false],
  ] as const)
    t.strictSame(convert(code, 'it failed'), {
      kind: 'sqlite',
      extendedCode,
      message: 'it failed',
      originalCode: code,
      originalMessage: 'it failed',
      isUnavailable: unavailable,
    });
});

t.test('An error that is not SQLite’s stays unchanged', async (t) => {
  const error = new TypeError('something else');
  t.equal(toAdapterError(error), error);
  const { adapter } = await openAdapter(t);
  await t.rejects(adapter.queryRaw(query('SELECT 1; SELECT 2')), RangeError);
});
