import { resolve } from 'node:path';
import { type Config, readConfig } from '../../config/index.ts';
import { secretFile } from '../../crypto/load-secret.ts';
import { backUp } from '../../db/backup/backup.ts';
import { lastBackupFile, noteBackup } from '../../db/backup/last-backup.ts';
import { databaseKind } from '../../db/client.ts';
import { sqlitePath } from '../../db/sqlite/database-file.ts';
import { codeOf } from '../../lib/error-code.ts';
import { signingKeyFile } from '../../tokens/keys.ts';
import { print } from '../print.ts';
import { UsageError } from '../usage-error.ts';

/** Options on the command line. */
export interface BackupOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

const MEGABYTE_BYTES = 1_000_000;

/**
 * Runs `latchkey backup`.
 *
 * @throws {UsageError} on Postgres
 * @throws {DataError} when the file exists, or the written copy is damaged
 */
export async function backUpFromCommandLine(file: string, { force, json }: BackupOptions): Promise<void> {
  const config = readConfig();
  if (databaseKind(config.databaseUrl) !== 'sqlite')
    throw new UsageError(
      'DATABASE_URL is a Postgres: back it up with pg_dump --format=custom --file=<file> (docs/guides/backup-and-restore.md)',
    );
  const path = sqlitePath(config.databaseUrl);
  const backup = await backUp(path, resolve(file), force === true);
  noteTime(path);
  const notIncluded = secretsNotIncluded(config);
  const { users, auditEvents, bytes, newerMigrations } = backup;
  const size = `${(bytes / MEGABYTE_BYTES).toFixed(1)} MB`;
  const newer =
    newerMigrations.length === 0
      ? ''
      : `\nIt is of a newer version (${newerMigrations.join(', ')}): restore it with that version`;
  const text = `Backed up to ${backup.file}: ${users} users, ${auditEvents} audit events, ${size}
Not included, but needed to use it: ${notIncluded.join(' and ')}${newer}`;
  await print(`${json ? JSON.stringify({ ...backup, notIncluded }) : text}\n`);
}

/** Notes the time for the metrics and for `doctor`. The backup is complete, also where that fails. */
function noteTime(path: string): void {
  try {
    noteBackup(path);
  } catch (error) {
    const reason = codeOf(error) ?? String(error);
    process.stderr.write(
      `latchkey: the backup is complete, but its time could not be noted in ${lastBackupFile(path)} (${reason})\n`,
    );
  }
}

/** Lists the secrets that the backup does not contain. A thief of the backup must not get its keys too. */
function secretsNotIncluded({ secret, jwtPrivateKey, dataDir }: Config): string[] {
  return [
    secret === undefined ? secretFile(dataDir) : 'SECRET',
    jwtPrivateKey === undefined ? signingKeyFile(dataDir) : 'JWT_PRIVATE_KEY',
  ];
}
