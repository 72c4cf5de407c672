import { type ArgType, type ColumnType, ColumnTypeEnum } from '@prisma/driver-adapter-utils';

/** Prisma's types by the declared type of a column, in upper case: those that Prisma's own adapters know. */
const declaredTypes: ReadonlyMap<string, ColumnType> = new Map([
  ...named(ColumnTypeEnum.Int32, 'TINYINT', 'SMALLINT', 'MEDIUMINT', 'INT', 'INTEGER', 'SERIAL', 'INT2'),
  ...named(ColumnTypeEnum.Int64, 'BIGINT', 'UNSIGNED BIG INT', 'INT8'),
  ...named(ColumnTypeEnum.Float, 'FLOAT'),
  ...named(ColumnTypeEnum.Double, 'DOUBLE', 'DOUBLE PRECISION', 'NUMERIC', 'REAL'),
  ...named(ColumnTypeEnum.Numeric, 'DECIMAL'),
  ...named(ColumnTypeEnum.Boolean, 'BOOLEAN'),
  ...named(ColumnTypeEnum.Text, 'TEXT', 'CLOB', 'CHARACTER', 'VARCHAR', 'VARYING CHARACTER'),
  ...named(ColumnTypeEnum.Text, 'NCHAR', 'NATIVE CHARACTER', 'NVARCHAR'),
  ...named(ColumnTypeEnum.DateTime, 'DATETIME', 'TIMESTAMP'),
  ...named(ColumnTypeEnum.Date, 'DATE'),
  ...named(ColumnTypeEnum.Time, 'TIME'),
  ...named(ColumnTypeEnum.Json, 'JSONB'),
  ...named(ColumnTypeEnum.Bytes, 'BLOB'),
]);

function named(type: ColumnType, ...names: readonly string[]): [string, ColumnType][] {
  return names.map((name) => [name, type]);
}

/**
 * Returns Prisma's type for a declared one; undefined when the column has none (an expression), or one that
 * Prisma does not know.
 */
export function declaredType(declaration: string | null): ColumnType | undefined {
  return declaration === null ? undefined : declaredTypes.get(declaration.toUpperCase());
}

/**
 * Infers the type of a column without a declared type from its first value.
 *
 * @param rows as the driver has read them, with bigints for integers
 */
export function inferredType(rows: readonly (readonly unknown[])[], at: number): ColumnType {
  const value = rows.find((row) => row[at] !== null)?.[at];
  switch (typeof value) {
    case 'string':
      return ColumnTypeEnum.Text;
    case 'bigint':
      return ColumnTypeEnum.Int64;
    case 'number':
      return ColumnTypeEnum.UnknownNumber;
    case 'object':
      return ColumnTypeEnum.Bytes;
    default:
      // All values are NULL: Prisma accepts any type then.
      return ColumnTypeEnum.Int32;
  }
}

/**
 * Converts a cell into the form that Prisma expects for its type. The driver reads integers as bigints, so
 * that none is rounded.
 */
export function toCell(value: unknown, type: ColumnType | undefined): unknown {
  if (typeof value !== 'bigint' && typeof value !== 'number') return value;
  // Times may be stored as milliseconds since 1970.
  if (type === ColumnTypeEnum.DateTime) return new Date(Number(value)).toISOString();
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  return type === ColumnTypeEnum.Int32 || type === ColumnTypeEnum.Int64 ? Math.trunc(value) : value;
}

/**
 * Converts a value into the form that SQLite stores: booleans as 0 and 1, bytes (base64 when they come from
 * Prisma) as a blob. Times are texts that end with `+00:00`, never with `Z`: SQLite compares texts character
 * by character, also with stored ones.
 */
export function toStored(value: unknown, type: ArgType | undefined): unknown {
  if (typeof value === 'string') return parse(value, type?.scalarType);
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value instanceof Date ? toTimeText(value) : value;
}

/** Parses the values that Prisma sends as text. */
function parse(text: string, type: ArgType['scalarType'] | undefined): unknown {
  switch (type) {
    case 'int':
      return Number.parseInt(text, 10);
    case 'bigint':
      return BigInt(text);
    case 'float':
    case 'decimal':
      return Number.parseFloat(text);
    case 'datetime':
      return toTimeText(new Date(text));
    case 'bytes':
      return Buffer.from(text, 'base64');
    default:
      return text;
  }
}

function toTimeText(time: Date): string {
  return time.toISOString().replace('Z', '+00:00');
}
