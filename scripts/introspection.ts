/**
 * Connections over which Prisma's schema engine can replay migrations and read the resulting tables. The
 * adapters for applications lack two features for that.
 */
import { PrismaPg } from '@prisma/adapter-pg';
import {
  type ColumnType,
  ColumnTypeEnum,
  isDriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlQuery,
  type SqlResultSet,
} from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { wrapAdapter } from '#latchkey/db/adapters/wrap.ts';
import type { DatabaseKind } from '#latchkey/db/client.ts';
import { sqliteFactory } from '#latchkey/db/sqlite/adapter.ts';

/** Object identifiers of types in Postgres's catalogue that the engine's queries return. */
const columnTypes: Readonly<Record<number, ColumnType>> = {
  16: ColumnTypeEnum.Boolean,
  18: ColumnTypeEnum.Character,
  19: ColumnTypeEnum.Text,
  20: ColumnTypeEnum.Int64,
  21: ColumnTypeEnum.Int32,
  23: ColumnTypeEnum.Int32,
  25: ColumnTypeEnum.Text,
  26: ColumnTypeEnum.Int64,
  1009: ColumnTypeEnum.TextArray,
  1043: ColumnTypeEnum.Text,
};

/**
 * Makes connections for the schema engine.
 *
 * @param url an empty database, which is also the shadow database for replaying migrations
 */
export function introspectionFactory(kind: DatabaseKind, url: string): SqlMigrationAwareDriverAdapterFactory {
  const connect = () => (kind === 'sqlite' ? connectSqlite(url) : connectPostgres(url));
  return {
    provider: kind === 'sqlite' ? 'sqlite' : 'postgres',
    adapterName: `latchkey-introspection-${kind}`,
    connect,
    connectToShadowDb: connect,
  };
}

/**
 * Works around two limits of better-sqlite3: the engine sends whole migrations as one statement, and strings
 * in double quotes.
 */
async function connectSqlite(url: string): Promise<SqlDriverAdapter> {
  const adapter = await sqliteFactory(url).connect();
  return wrapAdapter(adapter, {
    // The engine looks up the statement of a partial index. SQLite itself would accept the name in double
    // quotes as a string.
    queryRaw: (query) =>
      adapter.queryRaw({ ...query, sql: query.sql.replace(/ AND name = "(\w+)";$/, " AND name = '$1'") }),
    executeRaw: async (query) => {
      if (query.args.length > 0) return adapter.executeRaw(query);
      await adapter.executeScript(query.sql);
      return 0;
    },
  });
}

/** Adds columns of type "char", which the adapter does not know and the catalogue uses. */
async function connectPostgres(url: string): Promise<SqlDriverAdapter> {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const adapter = await new PrismaPg(pool, { disposeExternalPool: true }).connect();
  return wrapAdapter(adapter, {
    queryRaw: async (query) => {
      try {
        return await adapter.queryRaw(query);
      } catch (error) {
        const unsupported =
          error instanceof Error &&
          isDriverAdapterError(error) &&
          error.cause.kind === 'UnsupportedNativeDataType';
        if (!unsupported) throw error;
        return queryCatalogue(pool, query);
      }
    },
    executeScript: async (script) => void (await pool.query(script)),
  });
}

async function queryCatalogue(pool: pg.Pool, query: SqlQuery): Promise<SqlResultSet> {
  const result = await pool.query<unknown[]>({ text: query.sql, values: query.args, rowMode: 'array' });
  return {
    columnNames: result.fields.map(({ name }) => name),
    columnTypes: result.fields.map(({ name, dataTypeID }) => {
      const type = columnTypes[dataTypeID];
      if (type === undefined)
        throw new Error(`add type ${dataTypeID} of column ${name} to scripts/introspection.ts`);
      return type;
    }),
    rows: result.rows,
  };
}
