import type { Config } from '../config/index.ts';
import { readLastBackup } from '../db/backup/last-backup.ts';
import type { Database } from '../db/client.ts';
import { sqlitePath } from '../db/sqlite/database-file.ts';
import { type Finding, ok, warning } from './finding.ts';

const CHECK = 'backup';
const DAY_MS = 86_400_000;

/** Age from which a backup is old: a weekly one is the least that is worth having. */
const MAX_AGE_DAYS = 7;

/**
 * Checks that a SQLite database was backed up lately, where there is something to lose: users, in production.
 * Postgres is backed up by its own tools, which leave nothing that could be checked here.
 *
 * @param now the time to compare with
 */
export async function checkBackup(
  { db, kind }: Pick<Database, 'db' | 'kind'>,
  { databaseUrl, production }: Pick<Config, 'databaseUrl' | 'production'>,
  now: Date = new Date(),
): Promise<Finding[]> {
  if (kind !== 'sqlite') return [];
  const last = await readLastBackup(sqlitePath(databaseUrl));
  const ageDays = last === undefined ? undefined : Math.floor((now.getTime() - last.getTime()) / DAY_MS);
  const isRecent = ageDays !== undefined && ageDays < MAX_AGE_DAYS;
  if (isRecent && last !== undefined) return [ok(CHECK, `the last one was made at ${last.toISOString()}`)];
  if (!production || (await db.user.findFirst({ select: { id: true } })) === null) return [];
  const found = ageDays === undefined ? 'none was made yet' : `the last one is ${ageDays} days old`;
  return [warning(CHECK, found, 'run latchkey backup each day, by a timer (docs/operations/backups.md)')];
}
