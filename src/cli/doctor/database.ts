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
import { checkBackup } from './backup.ts';
import { checkEncryption } from './encryption.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { checkOneTimeCodes } from './one-time-codes.ts';
import { checkMigrating, checkTables } from './privileges.ts';
import { checkSecondFactor } from './second-factor.ts';

const SECOND_MS = 1_000;

/** Time in which the service erases the personal data of any deleted user. */
const ERASURE_MS = 3_600 * SECOND_MS;

/** Checks the database. Changes nothing in it. */
export async function checkDatabase(config: Config): Promise<Finding[]> {
  const { databaseUrl, migrations } = config;
  const path = sqlitePath(databaseUrl);
  if (databaseKind(databaseUrl) === 'sqlite' && !existsSync(path))
    return [
      ok(
        'database',
        `${path} will be created ${migrations === 'manual' ? 'by latchkey migrate' : 'at the first start'}`,
      ),
    ];
  return [...(await examineDatabase(config)), ...checkEncryption(databaseUrl)];
}

async function examineDatabase(config: Config): Promise<Finding[]> {
  try {
    const database = openDatabase(config.databaseUrl, () => {}, { readOnly: true });
    try {
      await ping(database.db);
      return await inspectDatabase(database, config);
    } finally {
      await database.close();
    }
  } catch (error) {
    return [problem('database', reasonOf(error), 'check DATABASE_URL, and whether the database runs')];
  }
}

async function inspectDatabase(database: Database, config: Config): Promise<Finding[]> {
  const where =
    database.kind === 'sqlite' ? `SQLite, ${sqlitePath(config.databaseUrl)}` : 'Postgres responds';
  const findings = [ok('database', where)];
  findings.push(await checkClock(database), ...(await checkPooler(config.databaseUrl)));
  const privileges = await checkTables(database);
  findings.push(...privileges, ...(await checkRoom(config.databaseUrl)));
  if (privileges.some(({ status }) => status === 'problem')) return findings;
  const state = await readHistory(config.databaseUrl);
  if (state instanceof MigrationError)
    return [...findings, problem('migrations', state.message, 'the service does not start until then')];
  findings.push(checkMigrations(state, config));
  // Without them, the tables do not fit the queries of this version.
  if (state.pending.length > 0) return [...findings, ...(await checkMigrating(database))];
  return [
    ...findings,
    await checkAccessLevels(database, config),
    await checkAdmin(database, config),
    await checkSecondFactor(database, config),
    ...(await checkBackup(database, config)),
    ...(await checkErasures(database)),
    ...(await checkOneTimeCodes(database, config)),
  ];
}

/** Checks that Postgres has room: a temporary table is made, and is gone with its transaction. */
async function checkRoom(url: string): Promise<Finding[]> {
  if (databaseKind(url) === 'sqlite') return [];
  const { disk, close } = openDatabase(url);
  try {
    if (!(await disk.check({ mustProbe: true }))) return [];
    return [
      problem('disk', 'the disk of Postgres is full', 'make room on it, or move Postgres to a larger one'),
    ];
  } finally {
    await close();
  }
}

async function readHistory(url: string): Promise<MigrationState | MigrationError> {
  try {
    return await readMigrationState(url);
  } catch (error) {
    if (error instanceof MigrationError) return error;
    throw error;
  }
}

function checkMigrations(
  { pending, unknown, isEmpty }: MigrationState,
  { migrations }: Pick<Config, 'migrations'>,
): Finding {
  const isManual = migrations === 'manual';
  if (isEmpty && isManual)
    return warning(
      'migrations',
      'there are no tables yet, and MIGRATIONS is manual',
      'run: latchkey migrate',
    );
  if (isEmpty) return ok('migrations', 'the tables will be created at the first start');
  if (pending.length > 0) {
    const other = isManual ? 'nothing starts before, as MIGRATIONS is manual' : 'the next start does it too';
    const advice = `back up the database, then run: latchkey migrate (${other})`;
    return warning('migrations', `pending: ${pending.join(', ')}`, advice);
  }
  if (unknown.length > 0) {
    const found = `applied by a newer version: ${unknown.join(', ')}`;
    return warning('migrations', found, 'run that version; this one may run only during the upgrade');
  }
  return ok('migrations', 'all migrations are applied');
}

async function checkPooler(url: string): Promise<Finding[]> {
  const toFinding = (make: typeof warning) => (sentence: string) => {
    const [found = '', what = ''] = sentence.split(': ');
    return make('pooler', found, what);
  };
  if (await hasUndeclaredPooler(url)) return [UNDECLARED_POOLER].map(toFinding(problem));
  return (await poolerAdvice(url)).map(toFinding(warning));
}

/**
 * Checks the clock: tokens and sessions expire by both clocks. Beyond the tolerance, a process is not ready.
 */
async function checkClock({ kind, db, now }: Database): Promise<Finding> {
  if (kind === 'sqlite') return ok('clock', 'SQLite uses the clock of this machine');
  const before = Date.now();
  const databaseTime = (await now(db)).getTime();
  const skew = Math.round((before + Date.now()) / 2 - databaseTime);
  if (Math.abs(skew) <= CLOCK_TOLERANCE_MS) return ok('clock', `${skew} ms difference from the database`);
  const found = `${Math.round(Math.abs(skew) / SECOND_MS)} s ${skew > 0 ? 'ahead of' : 'behind'} the database`;
  return problem('clock', found, 'synchronize both clocks with NTP; the service is not ready until then');
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

/** Checks that the personal data of deleted users was erased. It is hidden from when they are deleted. */
async function checkErasures({ db, now }: Database): Promise<Finding[]> {
  const before = new Date((await now(db)).getTime() - ERASURE_MS);
  const late = await db.erasure.count({ where: { requestedAt: { lt: before } } });
  if (late === 0) return [];
  const found = `not erased an hour after the deletion, only hidden (users: ${late})`;
  const advice =
    'run the service, which erases it; latchkey_job_failing{task="audit.erase"} says if it cannot';
  return [warning('personal data', found, advice)];
}

async function checkAdmin({ db }: Database, { accessLevels, firstAdmin }: Config): Promise<Finding> {
  if (await hasAdmin(db, new AccessLevels(accessLevels))) return ok('admin', 'there is one');
  if (firstAdmin !== undefined) return ok('admin', 'ADMIN_EMAIL will become one at the next start');
  const advice = 'latchkey user create --email you@example.com --name You --access admin';
  return warning('admin', 'there is none', advice);
}
