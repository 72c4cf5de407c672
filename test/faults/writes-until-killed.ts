/**
 * Writes to a SQLite database until it is killed, and prints each acknowledged write: `node
 * writes-until-killed.ts URL WRITER`.
 */
import { writeSync } from 'node:fs';
import { sqliteFactory } from '#latchkey/db/sqlite/adapter.ts';

const [, , url = '', writer = ''] = process.argv;
const adapter = await sqliteFactory(url).connect();
const query = (sql: string, ...args: string[]) => ({
  sql,
  args,
  argTypes: args.map(() => ({ scalarType: 'string', arity: 'scalar' }) as const),
});
const insert = (part: string, n: number) =>
  query('INSERT INTO "Written" ("writer", "n", "part") VALUES (?, ?, ?)', writer, String(n), part);

/** Writes both parts of a number in one transaction. */
async function writePair(n: number): Promise<void> {
  const tx = await adapter.startTransaction();
  await tx.executeRaw(insert('first', n));
  await tx.executeRaw(insert('second', n));
  await tx.executeRaw(query('COMMIT'));
  await tx.commit();
  writeSync(1, `${n}\n`);
}

async function writeAlone(n: number): Promise<void> {
  await adapter.executeRaw(insert('alone', n));
  writeSync(1, `${n}\n`);
}

for (let n = 0; ; n += 3) await Promise.all([writePair(n), writeAlone(n + 1), writePair(n + 2)]);
