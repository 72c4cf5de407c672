import type { Command } from 'commander';
import { fileArgument } from '../file-argument.ts';
import type { BackupOptions } from './backup.ts';

/** `latchkey backup` */
export function backupCommand(program: Command): void {
  program
    .command('backup')
    .description(
      'write a consistent copy of the SQLite database into a file; the service may run at the same time',
    )
    .argument('<file>', 'the file to write', fileArgument)
    .option('--force', 'replace an existing file')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Only you can read the file (mode 0600). It gets its name when it is complete and verified. A killed run
leaves a temp file, <file>.latchkey-<machine>-<number>.part, which the next backup into <file> removes.
The secret and the signing key are not in the file.
The time of the last backup is noted beside the database, in <database>.last-backup, for the metrics and
for doctor.
On Postgres, use pg_dump.

Exit codes: 0 success, 1 failure, 2 usage error (also on Postgres).

Examples:
  latchkey backup "latchkey-$(date +%F).db"
  latchkey backup /backups/latest.db --force --json`,
    )
    .action(async (file: string, options: BackupOptions) => {
      const { backUpFromCommandLine } = await import('./backup.ts');
      await backUpFromCommandLine(file, options);
    });
}
