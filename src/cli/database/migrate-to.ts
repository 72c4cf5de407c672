import { readConfig } from '../../config/index.ts';
import { databaseKind } from '../../db/client.ts';
import { move } from '../../db/sqlite-to-postgres/move.ts';
import { print } from '../print.ts';
import { startProgressBar } from '../progress-bar.ts';
import { UsageError } from '../usage-error.ts';

/** Options on the command line. */
export interface MigrateToOptions {
  readonly startOver?: boolean;
  readonly json?: boolean;
}

/**
 * Runs `latchkey migrate-to`.
 *
 * @throws {UsageError} when the URL is missing or contains a password, or when the database is not SQLite
 * @throws {DataError} when the service runs, the target has data, or the two sides differ at the end
 */
export async function moveFromCommandLine(
  argument: string | undefined,
  { startOver = false, json }: MigrateToOptions,
): Promise<void> {
  if (argument !== undefined) requireNoPassword(argument);
  const config = readConfig();
  const target = argument ?? config.targetDatabaseUrl;
  if (target === undefined) throw new UsageError('give the URL of the Postgres, or set TARGET_DATABASE_URL');
  if (!/^postgres(ql)?:\/\/./.test(target))
    throw new UsageError(
      'the target must be a Postgres (example: postgresql://latchkey@db.example.com/latchkey)',
    );
  if (databaseKind(config.databaseUrl) !== 'sqlite')
    throw new UsageError(
      'DATABASE_URL is a Postgres: only a SQLite database can be moved (example: DATABASE_URL=file:data/latchkey.db)',
    );
  const began = performance.now();
  const { tables, resumed } = await move(config.databaseUrl, target, {
    startOver,
    startProgress: startProgressBar,
  });
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  if (json) {
    await print(`${JSON.stringify({ tables, resumed, seconds })}\n`);
    return;
  }
  const width = Math.max(...tables.map(({ table }) => table.length));
  const lines = tables.map(({ table, rows, checksum }) => `${table.padEnd(width)}  ${rows}  ${checksum}`);
  await print(`${lines.join('\n')}
Moved in ${seconds} s: counts and checksums are the same on both sides.
Now set DATABASE_URL to the Postgres, keep SECRET, the signing key and DATA_DIR, and start the service.
Do not start it on the SQLite database again: revocations from now on are not stored there.\n`);
}

function requireNoPassword(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const hasPassword =
    parsed === undefined
      ? /:[^/@]+@/.test(url)
      : parsed.password !== '' || parsed.searchParams.has('password');
  if (hasPassword)
    throw new UsageError(
      'the URL contains a password, and every user of the machine can see arguments: set TARGET_DATABASE_URL instead, or leave the password out and set PGPASSWORD',
    );
}
