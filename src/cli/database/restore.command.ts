import type { Command } from 'commander';
import { fileArgument } from '../file-argument.ts';
import type { RestoreOptions } from './restore.ts';

/** `latchkey restore` */
export function restoreCommand(program: Command): void {
  program
    .command('restore')
    .description(
      'put a backup in the place of the SQLite database, and end every session; the service must not run',
    )
    .argument('[file]', 'what `latchkey backup` has written', fileArgument)
    .option(
      '--in-place',
      'the database has been put back by other means, such as pg_restore: end every session in it',
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
A backup knows nothing of what was revoked after it. So restoring ends all sessions and access tokens,
and voids the invitations, resets and mails that the backup was still waiting for. Passwords stay: people
sign in again. The database that was there is kept beside it, as <database>.before-restore-<time>.

After pg_restore, run it with --in-place before the service starts.

Exit codes: 0 done, 1 failed and nothing was changed (with --in-place: run it again), 2 called wrongly.

Examples:
  latchkey restore latchkey-2026-11-25.db
  DATABASE_URL=postgresql://latchkey@db/latchkey latchkey restore --in-place`,
    )
    .action(async (file: string | undefined, options: RestoreOptions) => {
      const { restoreFromCommandLine } = await import('./restore.ts');
      await restoreFromCommandLine(file, options);
    });
}
