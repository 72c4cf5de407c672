import type { Command } from 'commander';
import type { MigrateToOptions } from './migrate-to.ts';

/** `latchkey migrate-to` */
export function migrateToCommand(program: Command): void {
  program
    .command('migrate-to')
    .description('copy all data from SQLite to an empty Postgres; the service must not run')
    .argument('[url]', 'postgresql://, without a password (default: TARGET_DATABASE_URL)')
    .option('--start-over', 'empty the Postgres when an earlier run was interrupted and cannot be resumed')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
It copies every user, session, revocation, mail and audit event, and at the end compares the counts and
checksums of both sides. With the same SECRET and signing key, all tokens and passwords stay valid. After
an interruption, run it again: it resumes. Until it has finished, no service starts on the Postgres. The
SQLite database is not changed.

Pass the password in TARGET_DATABASE_URL, PGPASSWORD or ~/.pgpass: every user of the machine can see
arguments.

Exit codes: 0 success, 1 failure, 2 usage error.

Examples:
  PGPASSFILE=/run/secrets/pgpass latchkey migrate-to postgresql://latchkey@db.example.com/latchkey
  TARGET_DATABASE_URL="$(cat /run/secrets/database-url)" latchkey migrate-to`,
    )
    .action(async (url: string | undefined, options: MigrateToOptions) => {
      const { moveFromCommandLine } = await import('./migrate-to.ts');
      await moveFromCommandLine(url, options);
    });
}
