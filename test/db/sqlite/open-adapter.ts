import { join } from 'node:path';
import type {
  ArgType,
  SqlDriverAdapter,
  SqlMigrationAwareDriverAdapterFactory,
  SqlQuery,
} from '@prisma/driver-adapter-utils';
import { sqliteAdapter, sqliteFactory } from '#latchkey/db/sqlite/adapter.ts';
import type { SqliteDatabase } from '#latchkey/db/sqlite/driver.ts';
import { temporaryFolder } from '../../child.ts';
import type { Teardown } from '../../helper.ts';

export interface OpenAdapter {
  readonly path: string;
  readonly factory: SqlMigrationAwareDriverAdapterFactory;
  readonly adapter: SqlDriverAdapter;
}

/**
 * Opens an adapter for a new database with the tables of a script.
 *
 * @param open opens the database, for a modified driver
 */
export async function openAdapter(
  t: Teardown,
  script = '',
  open?: (path: string) => SqliteDatabase,
): Promise<OpenAdapter> {
  const path = join(await temporaryFolder(t), 'things.db');
  const factory = sqliteFactory(`file:${path}`);
  const adapter = open === undefined ? await factory.connect() : sqliteAdapter(open(path));
  t.teardown(() => adapter.dispose());
  await adapter.executeScript(script);
  return { path, factory, adapter };
}

/** Statement whose values have types that the adapter does not get. */
export function query(sql: string, ...args: unknown[]): SqlQuery {
  return { sql, args, argTypes: args.map(() => typed('unknown')) };
}

/** Statement with one value. */
export function queryOf(sql: string, arg: unknown, scalarType: ArgType['scalarType']): SqlQuery {
  return { sql, args: [arg], argTypes: [typed(scalarType)] };
}

function typed(scalarType: ArgType['scalarType']): ArgType {
  return { scalarType, arity: 'scalar' };
}
