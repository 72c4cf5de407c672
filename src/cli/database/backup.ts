import { resolve } from 'node:path';
import { type Config, readConfig } from '../../config/index.ts';
import { secretFile } from '../../crypto/load-secret.ts';
import { backUp } from '../../db/backup/backup.ts';
import { databaseKind } from '../../db/client.ts';
import { sqlitePath } from '../../db/sqlite/database-file.ts';
import { signingKeyFile } from '../../tokens/keys.ts';
import { print } from '../print.ts';
import { UsageError } from '../usage-error.ts';

/** Options on the command line. */
export interface BackupOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

const MEGABYTE = 1_000_000;

/**
 * Does what `latchkey backup` says.
 *
 * @throws {UsageError} on Postgres
 * @throws {DataError} when the file exists, or what was written is not whole
 */
export async function backUpFromCommandLine(file: string, { force, json }: BackupOptions): Promise<void> {
  const config = readConfig();
  if (databaseKind(config.databaseUrl) !== 'sqlite')
    throw new UsageError(
      'DATABASE_URL is a Postgres: back it up with pg_dump --format=custom --file=<file> (README.md, "Keeping the data")',
    );
  const backup = await backUp(sqlitePath(config.databaseUrl), resolve(file), force === true);
  const notIncluded = keysBesideIt(config);
  const { users, auditEvents, bytes } = backup;
  const size = `${(bytes / MEGABYTE).toFixed(1)} MB`;
  const text = `Backed up to ${backup.file}: ${users} users, ${auditEvents} audit events, ${size}
Not in it, and needed with it: ${notIncluded.join(' and ')}`;
  await print(`${json ? JSON.stringify({ ...backup, notIncluded }) : text}\n`);
}

/** Beside its keys, a backup would be worth as much to a thief as both: they are kept elsewhere. */
function keysBesideIt({ secret, jwtPrivateKey, dataDir }: Config): string[] {
  return [
    secret === undefined ? secretFile(dataDir) : 'SECRET',
    jwtPrivateKey === undefined ? signingKeyFile(dataDir) : 'JWT_PRIVATE_KEY',
  ];
}
