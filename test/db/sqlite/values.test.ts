/**
 * Conversion of values into SQLite and back: the cases of Prisma's own adapters, and those in which they once
 * had bugs.
 *
 * @runs once, on SQLite: it is about nothing else.
 */
import { type ArgType, type ColumnType, ColumnTypeEnum as Type } from '@prisma/driver-adapter-utils';
import t from 'tap';
import { openAdapter, query, queryOf } from './open-adapter.ts';

const MAX_SAFE = Number.MAX_SAFE_INTEGER;
const MAX_INT64 = 2n ** 63n - 1n;

/** Declared type, Prisma's type, and expressions with the values that are read. */
const columns: readonly (readonly [string, ColumnType, ...(readonly [string, unknown])[]])[] = [
  ...['TINYINT', 'SMALLINT', 'MEDIUMINT', 'INT', 'INTEGER', 'SERIAL', 'INT2'].map(
    (name) => [name, Type.Int32, ['-1', -1], ['1.9', 1]] as const,
  ),
  ...['BIGINT', 'UNSIGNED BIG INT', 'INT8'].map(
    (name) =>
      [
        name,
        Type.Int64,
        [`${MAX_SAFE}`, MAX_SAFE],
        [`${-MAX_SAFE}`, -MAX_SAFE],
        [`${BigInt(MAX_SAFE) + 1n}`, '9007199254740992'],
        [`${MAX_INT64}`, `${MAX_INT64}`],
        [`${-MAX_INT64}`, `${-MAX_INT64}`],
        ['2.5', 2],
      ] as const,
  ),
  ['FLOAT', Type.Float, ['0.5', 0.5], ['1', 1]],
  ...['DOUBLE', 'DOUBLE PRECISION', 'REAL'].map(
    (name) => [name, Type.Double, ['0.5', 0.5], ['1', 1]] as const,
  ),
  ['NUMERIC', Type.Double, ['0.5', 0.5], ['1', 1], [`${MAX_INT64}`, `${MAX_INT64}`]],
  ['DECIMAL', Type.Numeric, ['0.5', 0.5], ['12', 12], [`${MAX_INT64}`, `${MAX_INT64}`]],
  ['BOOLEAN', Type.Boolean, ['TRUE', 1], ['FALSE', 0]],
  ...[
    'TEXT',
    'CLOB',
    'CHARACTER',
    'VARCHAR',
    'VARYING CHARACTER',
    'NCHAR',
    'NATIVE CHARACTER',
    'NVARCHAR',
  ].map((name) => [name, Type.Text, ["'Å 🎹'", 'Å 🎹'], ["''", ''], ['1', '1']] as const),
  ...['DATETIME', 'TIMESTAMP'].map(
    (name) =>
      [
        name,
        Type.DateTime,
        ["'2024-02-29T12:34:56.789+00:00'", '2024-02-29T12:34:56.789+00:00'],
        ["'2024-02-29 12:34:56'", '2024-02-29 12:34:56'],
        ['1709210096789', '2024-02-29T12:34:56.789Z'],
        ['0', '1970-01-01T00:00:00.000Z'],
        ['-0.5', '1970-01-01T00:00:00.000Z'],
      ] as const,
  ),
  ['DATE', Type.Date, ["'2024-02-29'", '2024-02-29'], ['1709210096789', 1_709_210_096_789]],
  ['TIME', Type.Time, ["'12:34:56'", '12:34:56']],
  ['JSONB', Type.Json, [`'{"a":[1]}'`, '{"a":[1]}'], ["'null'", 'null']],
  ['BLOB', Type.Bytes, ["x'00ff'", Buffer.from([0, 255])], ["x''", Buffer.alloc(0)]],
];

t.test('A column has its declared type, independent of its values', async (t) => {
  const { adapter } = await openAdapter(t);
  for (const [name, type, ...cells] of columns) {
    const table = `"of ${name}"`;
    await adapter.executeRaw(query(`CREATE TABLE ${table} ("value" ${name})`));
    const read = () => adapter.queryRaw(query(`SELECT "value" FROM ${table} ORDER BY rowid`));
    t.strictSame(await read(), { columnNames: ['value'], columnTypes: [type], rows: [] }, `${name}, no rows`);
    await adapter.executeRaw(query(`INSERT INTO ${table} VALUES (NULL)`));
    t.strictSame(
      await read(),
      { columnNames: ['value'], columnTypes: [type], rows: [[null]] },
      `${name}, NULL`,
    );
    for (const [expression] of cells)
      await adapter.executeRaw(query(`INSERT INTO ${table} VALUES (${expression})`));
    const rows = [[null], ...cells.map(([, cell]) => [cell])];
    t.strictSame(await read(), { columnNames: ['value'], columnTypes: [type], rows }, name);
    const inLowerCase = await adapter.queryRaw(
      query(`SELECT "value" AS "v" FROM (SELECT "value" FROM ${table})`),
    );
    t.strictSame(inLowerCase.columnTypes, [type], `${name}, through a subquery`);
  }
  await adapter.executeRaw(query('CREATE TABLE "lower" ("a" integer, "b" Datetime, "c" varchar)'));
  const lower = await adapter.queryRaw(query('SELECT * FROM "lower"'));
  t.strictSame(lower.columnTypes, [Type.Int32, Type.DateTime, Type.Text]);
});

t.test('A column without a known type has the type of its first value', async (t) => {
  const { adapter } = await openAdapter(
    t,
    'CREATE TABLE "Thing" ("plain", "odd" CONSTRUCTOR, "sized" VARCHAR(20))',
  );
  const types = async (sql: string) => {
    const { columnTypes, rows } = await adapter.queryRaw(query(sql));
    return [...columnTypes, ...rows.flat()];
  };
  t.strictSame(await types('SELECT 1'), [Type.Int64, 1]);
  t.strictSame(await types('SELECT count(*) FROM "Thing"'), [Type.Int64, 0]);
  t.strictSame(await types('SELECT 0.5'), [Type.UnknownNumber, 0.5]);
  t.strictSame(await types("SELECT 'a'"), [Type.Text, 'a']);
  t.strictSame(await types("SELECT x'01'"), [Type.Bytes, Buffer.from([1])]);
  t.strictSame(await types(`SELECT ${MAX_INT64}`), [Type.Int64, `${MAX_INT64}`]);
  t.strictSame(await types('SELECT NULL'), [Type.Int32, null]);
  t.strictSame(await types('SELECT NULL UNION ALL SELECT NULL'), [Type.Int32, null, null]);
  t.strictSame(await types("SELECT NULL UNION ALL SELECT 'a'"), [Type.Text, null, 'a'], 'any row decides');
  t.strictSame(await types("SELECT 'a' UNION ALL SELECT 1"), [Type.Text, 'a', 1], 'the first one');
  t.strictSame(await types('SELECT 1 WHERE 0'), [Type.Int32]);
  await adapter.executeRaw(query(`INSERT INTO "Thing" VALUES (NULL, x'02', 'a')`));
  t.strictSame(await types('SELECT "plain", "odd", "sized" FROM "Thing"'), [
    Type.Int32,
    Type.Bytes,
    Type.Text,
    null,
    Buffer.from([2]),
    'a',
  ]);
  const several = await adapter.queryRaw(query('SELECT NULL AS "a", 1 AS "b", 2 AS "b"'));
  t.strictSame(several, {
    columnNames: ['a', 'b', 'b'],
    columnTypes: [Type.Int32, Type.Int64, Type.Int64],
    rows: [[null, 1, 2]],
  });
});

/** Scalar type, value, and the stored result: its type and its value as text. */
const values: readonly [ArgType['scalarType'], unknown, string, string | null][] = [
  ['string', 'a', 'text', 'a'],
  ['string', '1', 'text', '1'],
  ['int', '12', 'real', '12.0'],
  ['int', 12, 'real', '12.0'],
  ['bigint', `${MAX_INT64}`, 'integer', `${MAX_INT64}`],
  ['bigint', -MAX_INT64, 'integer', `${-MAX_INT64}`],
  ['float', '0.5', 'real', '0.5'],
  ['decimal', '0.5', 'real', '0.5'],
  ['boolean', true, 'real', '1.0'],
  ['boolean', false, 'real', '0.0'],
  ['enum', 'RED', 'text', 'RED'],
  ['uuid', '018f', 'text', '018f'],
  ['json', '{"a":1}', 'text', '{"a":1}'],
  ['datetime', '2024-02-29T12:34:56.789Z', 'text', '2024-02-29T12:34:56.789+00:00'],
  ['datetime', '2024-02-29T14:34:56.789+02:00', 'text', '2024-02-29T12:34:56.789+00:00'],
  ['datetime', new Date(0), 'text', '1970-01-01T00:00:00.000+00:00'],
  ['unknown', new Date(0), 'text', '1970-01-01T00:00:00.000+00:00'],
  ['unknown', '2024-02-29T12:34:56.789Z', 'text', '2024-02-29T12:34:56.789Z'],
  ['unknown', true, 'real', '1.0'],
  ['bytes', Buffer.from([0, 255]).toString('base64'), 'blob', '00FF'],
  ['bytes', '', 'blob', ''],
  ['bytes', Buffer.from([1]), 'blob', '01'],
  ['bytes', new Uint8Array([1, 2]), 'blob', '0102'],
];

t.test('A value is stored by the type that Prisma gives', async (t) => {
  const { adapter } = await openAdapter(t);
  const stored = async (value: unknown, type: ArgType['scalarType']) => {
    const sql =
      "WITH v AS (SELECT ? AS v) SELECT typeof(v), iif(typeof(v) = 'blob', hex(v), CAST(v AS TEXT)) FROM v";
    return (await adapter.queryRaw(queryOf(sql, value, type))).rows[0];
  };
  for (const [scalarType, value, type, text] of values)
    t.strictSame(await stored(value, scalarType), [type, text], `${scalarType} ${String(value)}`);
  for (const type of new Set(values.map(([scalarType]) => scalarType)))
    t.strictSame(await stored(null, type), ['null', null], `${type} NULL`);
  await t.rejects(stored('not a date', 'datetime'), RangeError);
  await t.rejects(stored(2n ** 64n, 'bigint'), RangeError);
});

t.test('An integer and a boolean survive the way through the database', async (t) => {
  const { adapter } = await openAdapter(
    t,
    'CREATE TABLE "Thing" ("size" INTEGER, "isGood" BOOLEAN, "of" BIGINT)',
  );
  await adapter.executeRaw(query('INSERT INTO "Thing" VALUES (?, ?, ?)', 12, true, MAX_INT64));
  const read = 'SELECT typeof("size") AS "a", typeof("isGood") AS "b", "size", "isGood", "of" FROM "Thing"';
  t.strictSame((await adapter.queryRaw(query(read))).rows, [['integer', 'integer', 12, 1, `${MAX_INT64}`]]);
});

t.test('Times of older databases compare correctly with new ones', async (t) => {
  const { adapter } = await openAdapter(t, 'CREATE TABLE "Thing" ("at" DATETIME)');
  // As Prisma's adapter wrote them in older databases.
  for (const text of ['2024-02-29T12:34:56.788+00:00', '2024-02-29T12:34:56.789+00:00'])
    await adapter.executeRaw(query('INSERT INTO "Thing" VALUES (?)', text));
  const time = '2024-02-29T12:34:56.789Z';
  for (const [condition, expected] of [
    ['=', 1],
    ['<', 1],
    ['<=', 2],
    ['>', 0],
  ] as const) {
    const sql = `SELECT count(*) FROM "Thing" WHERE "at" ${condition} ?`;
    t.strictSame((await adapter.queryRaw(query(sql, new Date(time)))).rows, [[expected]], condition);
    t.strictSame((await adapter.queryRaw(queryOf(sql, time, 'datetime'))).rows, [[expected]], condition);
  }
});
