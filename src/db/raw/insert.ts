import { type Handle, joinSql, rawSql, type SqlValue, sql } from '../client.ts';

/** Values of a statement: SQLite takes 32,766 and Postgres 65,535. */
const VALUES = 10_000;

/**
 * Inserts many rows. Prisma's createMany takes a millisecond a row for hundreds of them, and longer the more there are: this takes a
 * thirtieth.
 *
 * @param table a model's name; it does not come from outside, nor do the names of the columns, which all rows have
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
  const atATime = Math.max(1, Math.floor(VALUES / columns.length));
  for (let from = 0; from < rows.length; from += atATime) {
    const values = rows
      .slice(from, from + atATime)
      .map((row) => sql`(${joinSql(columns.map((name) => row[name]))})`);
    await tx.raw.execute`INSERT INTO ${rawSql(`"${table}"`)} (${names}) VALUES ${joinSql(values)}`;
  }
}
