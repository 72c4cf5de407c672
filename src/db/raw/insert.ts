import { type Handle, joinSql, rawSql, type SqlValue, sql } from '../client.ts';

/** Values per statement: SQLite allows 32,766 and Postgres 65,535. */
const MAX_VALUES = 10_000;

/**
 * Inserts many rows. With hundreds of rows, Prisma's createMany takes a millisecond per row, and more with
 * more rows. This function takes a thirtieth of that.
 *
 * @param table a model's name; neither it nor the names of the columns come from a request. All rows have the
 *   same columns
 */
export async function insertRows<Row extends { readonly [Name in keyof Row]: SqlValue }>(
  tx: Handle,
  table: string,
  rows: readonly Row[],
): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const columns = Object.keys(first).filter((name): name is keyof Row & string => name in first);
  const names = rawSql(columns.map((name) => `"${name}"`).join());
  const batchSize = Math.max(1, Math.floor(MAX_VALUES / columns.length));
  for (let from = 0; from < rows.length; from += batchSize) {
    const values = rows
      .slice(from, from + batchSize)
      .map((row) => sql`(${joinSql(columns.map((name) => row[name]))})`);
    await tx.raw.execute`INSERT INTO ${rawSql(`"${table}"`)} (${names}) VALUES ${joinSql(values)}`;
  }
}
