/** Query plans of the statements that are run: by which index each finds its rows. */
import type { SqlDriverAdapterFactory, SqlQuery, SqlQueryable } from '@prisma/driver-adapter-utils';
import { singleConnection } from '#latchkey/db/adapters/single-connection.ts';
import { wrapAdapter, wrapFactory, wrapTransaction } from '#latchkey/db/adapters/wrap.ts';
import type { DatabaseKind, Db } from '#latchkey/db/client.ts';
import { openHandle } from '#latchkey/db/open.ts';
import { openPool, parsePostgresUrl, postgresFactory } from '#latchkey/db/postgres/adapter.ts';
import { sqliteFactory } from '#latchkey/db/sqlite/adapter.ts';

/** Statement that was run, and the lines of its plan from just before. */
export interface Planned {
  readonly sql: string;
  readonly plan: readonly string[];
}

export interface PlanRecorder {
  readonly db: Db;
  /** Returns the statements since the last call, except those that begin and end transactions. */
  take(): readonly Planned[];
  close(): Promise<void>;
}

/** Connects to a database with a handle that explains every statement before it runs it. */
export function recordPlans(url: string, kind: DatabaseKind): PlanRecorder {
  const planned: Planned[] = [];
  const take = () => planned.splice(0);
  if (kind === 'sqlite') {
    const factory = singleConnection(explaining(sqliteFactory(url), kind, planned));
    return { ...openHandle(kind, factory), take };
  }
  const target = parsePostgresUrl(url);
  const pool = openPool(target, () => {});
  const factory = explaining(
    postgresFactory(pool, target, () => {}),
    kind,
    planned,
  );
  return {
    ...openHandle(
      kind,
      singleConnection(factory, () => pool.end()),
    ),
    take,
  };
}

function explaining(
  factory: SqlDriverAdapterFactory,
  kind: DatabaseKind,
  planned: Planned[],
): SqlDriverAdapterFactory {
  const changes = (on: SqlQueryable) => ({
    queryRaw: async (query: SqlQuery) => {
      await explain(on, query);
      return on.queryRaw(query);
    },
    executeRaw: async (query: SqlQuery) => {
      await explain(on, query);
      return on.executeRaw(query);
    },
  });
  const explain = async (on: SqlQueryable, query: SqlQuery) => {
    if (!/^\s*(SELECT|UPDATE|DELETE)\b/i.test(query.sql)) return;
    const word = kind === 'sqlite' ? 'EXPLAIN QUERY PLAN' : 'EXPLAIN';
    const { rows } = await on.queryRaw({ ...query, sql: `${word} ${query.sql}` });
    planned.push({ sql: query.sql, plan: rows.map((row) => String(row.at(-1)).trim()) });
  };
  return wrapFactory(factory, (adapter) =>
    wrapAdapter(adapter, {
      ...changes(adapter),
      startTransaction: async (level) => {
        const tx = await adapter.startTransaction(level);
        return wrapTransaction(tx, changes(tx));
      },
    }),
  );
}
