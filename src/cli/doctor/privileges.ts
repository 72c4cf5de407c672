import { type Finding, ok, problem, warning } from '../../checks/finding.ts';
import { type Database, tableNames } from '../../db/client.ts';

const CHECK = 'privileges';

interface Rights {
  readonly user: string;
  readonly schema: string;
  /** In the schema, or where there is none yet, the schema with its tables. */
  readonly mayMakeTables: boolean;
}

/** Checks that the Postgres user may use the tables that are there. */
export async function checkTables({ db, kind }: Database): Promise<Finding[]> {
  if (kind === 'sqlite') return [];
  const { user, schema } = await readRights(db);
  const closed = await readClosedTables(db, false);
  if (closed.length === 0) return [ok(CHECK, `${user} may use the tables`)];
  const advice = `as their owner: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO "${user}"`;
  return [problem(CHECK, `${user} may not use the tables ${closed.join(', ')}`, advice)];
}

/** Checks that the Postgres user may make tables and change those that are there, as migrations do. */
export async function checkMigrating({ db, kind }: Database): Promise<Finding[]> {
  if (kind === 'sqlite') return [];
  const { user, schema, mayMakeTables } = await readRights(db);
  if (!mayMakeTables) {
    const found = `${user} may not create tables in the schema ${schema}, and migrations are pending`;
    return [problem(CHECK, found, `as its owner: GRANT CREATE ON SCHEMA ${schema} TO "${user}"`)];
  }
  const foreign = await readClosedTables(db, true);
  if (foreign.length === 0) return [];
  const found = `${user} does not own the tables ${foreign.join(', ')}, and migrations are pending`;
  // A member of the owner may migrate, too.
  return [warning(CHECK, found, 'run latchkey migrate as their owner')];
}

async function readRights({ raw }: Database['db']): Promise<Rights> {
  const [rights] = await raw.query<Rights>`
    SELECT current_user::text AS user, coalesce(current_schema()::text, 'public') AS schema,
      coalesce(has_schema_privilege(current_schema(), 'CREATE'),
        has_database_privilege(current_database(), 'CREATE')) AS "mayMakeTables"`;
  if (rights === undefined) throw new Error('Postgres did not say who the user is');
  return rights;
}

/** Reads the names of the tables that the user may not read and write, or does not own before a migration. */
async function readClosedTables({ raw }: Database['db'], mustOwn: boolean): Promise<string[]> {
  const rows = await raw.query<{ name: string; isOwned: boolean; isUsable: boolean }>`
    SELECT c.relname::text AS name, (pg_get_userbyid(c.relowner) = current_user
        OR (SELECT usesuper FROM pg_user WHERE usename = current_user)) AS "isOwned",
      has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
        AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE') AS "isUsable"
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind = 'r' ORDER BY c.relname`;
  const ours = new Set<string>([...tableNames, '_prisma_migrations']);
  return rows
    .filter(({ name, isOwned, isUsable }) => ours.has(name) && !(mustOwn ? isOwned : isUsable))
    .map(({ name }) => name);
}
