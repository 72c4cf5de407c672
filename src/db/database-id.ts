import { randomBytes } from 'node:crypto';
import type { Database, Handle, Transaction } from './client.ts';

/** The id of the only row. */
const ROW_ID = 1;

const newValue = () => randomBytes(12).toString('base64url');

/**
 * Reads which data a database holds. Cursors of the feed begin with it: where the data comes from somewhere
 * else, none of them is valid.
 *
 * @throws {Error} before the first start
 */
export async function readDatabaseId({ raw }: Handle): Promise<string> {
  const rows = await raw.query<{ value: string }>`
    SELECT "value" FROM "DatabaseIdentity" WHERE "id" = ${ROW_ID}`;
  const value = rows[0]?.value;
  if (value === undefined) throw new Error('The database has no id: the service writes one when it starts');
  return value;
}

/** Gives a database an id, if it has none. */
export async function ensureDatabaseId({ db }: Pick<Database, 'db'>): Promise<void> {
  await db.transaction(async (tx) => {
    const row = await tx.databaseIdentity.findUnique({ where: { id: ROW_ID } });
    if (row === null) await renewDatabaseId(tx);
  });
}

/** Gives a database another id, because its data now comes from somewhere else. */
export async function renewDatabaseId(tx: Pick<Transaction, 'databaseIdentity'>): Promise<void> {
  const value = newValue();
  await tx.databaseIdentity.upsert({
    where: { id: ROW_ID },
    create: { id: ROW_ID, value },
    update: { value },
  });
}
