import type { Command } from 'commander';
import type { MigrateToOptions } from './migrate-to.ts';

/** `latchkey migrate-to` */
export function migrateToCommand(program: Command): void {
  program
    .command('migrate-to')
    .description('copy everything from SQLite to an empty Postgres; the service must not run')
    .argument('[url]', 'postgresql://, without a password; TARGET_DATABASE_URL unless it is given')
    .option('--start-over', 'empty the Postgres when a move into it was begun and cannot go on')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Every user, session, revocation, mail and audit event goes along, and at the end both sides are compared
by counts and checksums. Everyone's tokens and passwords work as before, with the same SECRET and signing
key. Cut off, it goes on where it was when it is run again; until it is done, no service starts on the
Postgres. The SQLite database stays as it is.

The password comes from TARGET_DATABASE_URL, PGPASSWORD or ~/.pgpass: arguments are seen by every user of
the machine.

Exit codes: 0 done, 1 failed, 2 called wrongly.

Examples:
  PGPASSFILE=/run/secrets/pgpass latchkey migrate-to postgresql://latchkey@db.example.com/latchkey
  TARGET_DATABASE_URL="$(cat /run/secrets/database-url)" latchkey migrate-to`,
    )
    .action(async (url: string | undefined, options: MigrateToOptions) => {
      const { moveFromCommandLine } = await import('./migrate-to.ts');
      await moveFromCommandLine(url, options);
    });
}
