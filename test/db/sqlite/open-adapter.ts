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
 * An adapter over a database of its own, with the tables of a script.
 *
 * @param open opens the database, where the driver is not to be as it is
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

/** A statement whose values have types that the adapter is not told. */
export function query(sql: string, ...args: unknown[]): SqlQuery {
  return { sql, args, argTypes: args.map(() => typed('unknown')) };
}

/** A statement with one value. */
export function queryOf(sql: string, arg: unknown, scalarType: ArgType['scalarType']): SqlQuery {
  return { sql, args: [arg], argTypes: [typed(scalarType)] };
}

function typed(scalarType: ArgType['scalarType']): ArgType {
  return { scalarType, arity: 'scalar' };
}
