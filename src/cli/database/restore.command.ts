import type { Command } from 'commander';
import { fileArgument } from '../file-argument.ts';
import type { RestoreOptions } from './restore.ts';

/** `latchkey restore` */
export function restoreCommand(program: Command): void {
  program
    .command('restore')
    .description('replace the SQLite database with a backup, and end every session; the service must not run')
    .argument('[file]', 'a file that `latchkey backup` wrote', fileArgument)
    .option(
      '--in-place',
      'end every session in a database that was restored by another tool, such as pg_restore',
    )
    .option('--keep-keys', 'keep the API keys, and list them: those that were ended since come back too')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
A backup does not contain the revocations after it. So a restore ends all sessions, access tokens and API
keys, and voids the invitations, password resets and mails that were pending. Passwords stay valid: users sign in
again. The previous database is kept beside the new one, as <database>.before-restore-<time>.

After pg_restore, run it with --in-place before the service starts.

Exit codes: 0 success, 1 failure (nothing was changed; with --in-place: run it again), 2 usage error.

Examples:
  latchkey restore latchkey-2026-11-25.db
  DATABASE_URL=postgresql://latchkey@db/latchkey latchkey restore --in-place`,
    )
    .action(async (file: string | undefined, options: RestoreOptions) => {
      const { restoreFromCommandLine } = await import('./restore.ts');
      await restoreFromCommandLine(file, options);
    });
}
