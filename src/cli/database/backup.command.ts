import type { Command } from 'commander';
import { fileArgument } from '../file-argument.ts';
import type { BackupOptions } from './backup.ts';

/** `latchkey backup` */
export function backupCommand(program: Command): void {
  program
    .command('backup')
    .description(
      'write the SQLite database into a file, as it is at one moment; the service goes on meanwhile',
    )
    .argument('<file>', 'where to', fileArgument)
    .option('--force', 'replace the file when there is one')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The file is readable by you alone (mode 0600), and there only once it is complete and checked. What a
run that was killed leaves is called <file>.latchkey-<machine>-<number>.part, and goes with the next backup
into <file>. The secret and the signing key are not in it.
On Postgres, use pg_dump.

Exit codes: 0 done, 1 failed, 2 called wrongly, or on Postgres.

Examples:
  latchkey backup "latchkey-$(date +%F).db"
  latchkey backup /backups/latest.db --force --json`,
    )
    .action(async (file: string, options: BackupOptions) => {
      const { backUpFromCommandLine } = await import('./backup.ts');
      await backUpFromCommandLine(file, options);
    });
}
