import type { Command } from 'commander';
import { fileArgument } from '../file-argument.ts';
import type { ExportOptions } from './export.ts';

/** `latchkey export` */
export function exportCommand(program: Command): void {
  program
    .command('export')
    .description(
      'write all users as JSON Lines, with the hashes of their passwords; the service may run meanwhile',
    )
    .argument('[file]', 'where to; standard output unless it is given', fileArgument)
    .option('--without-passwords', 'leave the hashes out')
    .option('--force', 'replace the file when there is one')
    .option('--json', 'print how many there were as JSON; with a file')
    .addHelpText(
      'after',
      `
Whoever has the hashes can guess the passwords: keep the file as you keep the database. It is
readable by you alone (mode 0600), and there only once it is complete. What a run that was killed
leaves is called <file>.latchkey-<machine>-<number>.part, and goes with the next export into <file>.

A line has id, name, email, access (the permanent level), elevation (null, or { access, until }),
disabled, createdAt, updatedAt and passwordHash (null where there is no password yet). The order is
that of the ids. Each user is as of when the line is written. Sessions, invitations and the audit are
not in it.

Exit codes: 0 done, 1 failed, 2 called wrongly.

Examples:
  latchkey export users.jsonl
  latchkey export | gpg --encrypt --recipient ops@example.com > users.jsonl.gpg
  latchkey export --without-passwords | jq -r .email`,
    )
    .action(async (file: string | undefined, options: ExportOptions) => {
      const { exportFromCommandLine } = await import('./export.ts');
      await exportFromCommandLine(file, options);
    });
}
