import { type ColumnsOf, type Handle, joinSql, type Model, rawSql, sql } from '../client.ts';

/**
 * Reads one row by its unique columns. Prisma's findUnique builds its statement again each time, which takes
 * four times as long as the statement itself. This function is for requests that must be cheap.
 *
 * @param table a model's name; neither it nor the names of the columns come from a request
 * @param columns to read
 * @param where values of columns that together identify one row at most
 * @returns undefined when there is no such row
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
