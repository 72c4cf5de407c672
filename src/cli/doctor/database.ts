import { existsSync } from 'node:fs';
import { AccessLevels } from '../../access/levels.ts';
import { hasAdmin } from '../../accounts/users/last-admin.ts';
import { checkLevels } from '../../boot/levels.ts';
import type { Config } from '../../config/index.ts';
import { CLOCK_TOLERANCE_MS, type Database, databaseKind } from '../../db/client.ts';
import { MigrationError, type MigrationState, readMigrationState } from '../../db/migrations/migrate.ts';
import { openDatabase } from '../../db/open.ts';
import { ping } from '../../db/ping.ts';
import { hasUndeclaredPooler, poolerAdvice, UNDECLARED_POOLER } from '../../db/postgres/pgbouncer.ts';
import { sqlitePath } from '../../db/sqlite/database-file.ts';
import { reasonOf } from '../explain.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const SECOND = 1_000;

/** Looks at the database, and changes nothing in it. */
export async function checkDatabase(config: Config): Promise<Finding[]> {
  const { databaseUrl } = config;
  const path = sqlitePath(databaseUrl);
  if (databaseKind(databaseUrl) === 'sqlite' && !existsSync(path))
    return [ok('database', `${path} will be made at the first start`)];
  const database = openDatabase(databaseUrl, () => {}, { readOnly: true });
  try {
    await ping(database.db);
    return await lookInto(database, config);
  } catch (error) {
    return [problem('database', reasonOf(error), 'check DATABASE_URL, and that the database runs')];
  } finally {
    await database.close();
  }
}

async function lookInto(database: Database, config: Config): Promise<Finding[]> {
  const where = database.kind === 'sqlite' ? `SQLite, ${sqlitePath(config.databaseUrl)}` : 'Postgres answers';
  const findings = [ok('database', where)];
  findings.push(await checkClock(database), ...(await checkPooler(config.databaseUrl)));
  const state = await readHistory(config.databaseUrl);
  if (state instanceof MigrationError)
    return [...findings, problem('migrations', state.message, 'the service does not start until then')];
  findings.push(checkMigrations(state));
  // Before that, the tables are not those that this version asks.
  if (state.pending.length > 0) return findings;
  return [...findings, await checkAccessLevels(database, config), await checkAdmin(database, config)];
}

async function readHistory(url: string): Promise<MigrationState | MigrationError> {
  try {
    return await readMigrationState(url);
  } catch (error) {
    if (error instanceof MigrationError) return error;
    throw error;
  }
}

function checkMigrations({ pending, unknown, isEmpty }: MigrationState): Finding {
  if (isEmpty) return ok('migrations', 'the tables will be made at the first start');
  if (pending.length > 0) {
    const advice = 'back the database up, then: latchkey migrate (the next start does it too)';
    return warning('migrations', `pending: ${pending.join(', ')}`, advice);
  }
  if (unknown.length > 0) {
    const found = `applied by a newer version: ${unknown.join(', ')}`;
    return warning('migrations', found, 'run that version; this one is for the time of the upgrade only');
  }
  return ok('migrations', 'all are applied');
}

async function checkPooler(url: string): Promise<Finding[]> {
  const toFinding = (make: typeof warning) => (sentence: string) => {
    const [found = '', what = ''] = sentence.split(': ');
    return make('pooler', found, what);
  };
  if (await hasUndeclaredPooler(url)) return [UNDECLARED_POOLER].map(toFinding(problem));
  return (await poolerAdvice(url)).map(toFinding(warning));
}

/** Tokens and sessions end by both clocks; a process that is further off does not get ready. */
async function checkClock({ kind, db, now }: Database): Promise<Finding> {
  if (kind === 'sqlite') return ok('clock', "SQLite has this machine's");
  const before = Date.now();
  const databaseTime = (await now(db)).getTime();
  const skew = Math.round((before + Date.now()) / 2 - databaseTime);
  if (Math.abs(skew) <= CLOCK_TOLERANCE_MS) return ok('clock', `${skew} ms off the database's`);
  const found = `${Math.round(Math.abs(skew) / SECOND)} s ${skew > 0 ? 'ahead of' : 'behind'} the database's`;
  return problem('clock', found, 'set both by NTP; the service is not ready before');
}

async function checkAccessLevels({ db }: Database, { accessLevels }: Config): Promise<Finding> {
  const levels = new AccessLevels(accessLevels);
  try {
    await checkLevels(db, levels);
    return ok('access levels', levels.describe());
  } catch (error) {
    return problem('access levels', reasonOf(error), 'the service does not start until then');
  }
}

async function checkAdmin({ db }: Database, { accessLevels, firstAdmin }: Config): Promise<Finding> {
  if (await hasAdmin(db, new AccessLevels(accessLevels))) return ok('admin', 'there is one');
  if (firstAdmin !== undefined) return ok('admin', 'ADMIN_EMAIL will be one at the next start');
  const advice = 'latchkey user create --email you@example.com --name You --access admin';
  return warning('admin', 'there is none', advice);
}
