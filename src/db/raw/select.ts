import { type ColumnsOf, type Handle, joinSql, type Model, rawSql, sql } from '../client.ts';

/**
 * Reads one row by its unique columns. Prisma's findUnique works out its statement anew each time, which takes four times as
 * long as the statement: where a request must cost next to nothing, this is what reads.
 *
 * @param table a model's name; it does not come from outside, nor do the names of the columns
 * @param columns what is read
 * @param where what columns of the row are; together, they name one row at most
 * @returns undefined where there is no such row
 */
export async function selectRow<M extends Model, C extends keyof ColumnsOf<M> & string>(
  tx: Handle,
  table: M,
  columns: readonly C[],
  where: Readonly<Partial<ColumnsOf<M>>>,
): Promise<Pick<ColumnsOf<M>, C> | undefined> {
  const conditions = Object.entries(where).map(([name, value]) => sql`${identifier(name)} = ${value}`);
  const [row] = await tx.raw.query<Pick<ColumnsOf<M>, C>>`
    SELECT ${joinSql(columns.map(identifier))} FROM ${identifier(table)} WHERE ${joinSql(conditions, ' AND ')}`;
  return row;
}

function identifier(name: string) {
  return rawSql(`"${name}"`);
}
