import { existsSync } from 'node:fs';
import { AccessLevels } from '../../access/levels.ts';
import { checkLevels } from '../../boot/levels.ts';
import { checkBackup } from '../../checks/backup.ts';
import { checkAdmin, checkClock, checkErasures } from '../../checks/database.ts';
import { checkEncryption } from '../../checks/encryption.ts';
import { type Finding, ok, problem, warning } from '../../checks/finding.ts';
import { checkSecondFactor } from '../../checks/second-factor.ts';
import type { Config } from '../../config/index.ts';
import { type Database, databaseKind } from '../../db/client.ts';
import { MigrationError, type MigrationState, readMigrationState } from '../../db/migrations/migrate.ts';
import { openDatabase } from '../../db/open.ts';
import { ping } from '../../db/ping.ts';
import { hasUndeclaredPooler, poolerAdvice, UNDECLARED_POOLER } from '../../db/postgres/pgbouncer.ts';
import { sqlitePath } from '../../db/sqlite/database-file.ts';
import { reasonOf } from '../explain.ts';
import { checkOneTimeCodes } from './one-time-codes.ts';
import { checkPasskeys } from './passkeys.ts';
import { checkMigrating, checkTables } from './privileges.ts';

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
    await checkPasskeys(database, config),
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

async function checkAccessLevels({ db }: Database, { accessLevels }: Config): Promise<Finding> {
  const levels = new AccessLevels(accessLevels);
  try {
    await checkLevels(db, levels);
    return ok('access levels', levels.describe());
  } catch (error) {
    return problem('access levels', reasonOf(error), 'the service does not start until then');
  }
}
