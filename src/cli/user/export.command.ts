import type { Command } from 'commander';
import { fileArgument } from '../file-argument.ts';
import type { ExportOptions } from './export.ts';

/** `latchkey export` */
export function exportCommand(program: Command): void {
  program
    .command('export')
    .description(
      'write all users as JSON Lines, with their password hashes; the service may run at the same time',
    )
    .argument('[file]', 'the file to write (default, and -: standard output)', fileArgument)
    .option('--without-passwords', 'leave the hashes out')
    .option('--force', 'replace an existing file')
    .option('--json', 'print the number of users as JSON; only with a file')
    .addHelpText(
      'after',
      `
An attacker who has the hashes can guess passwords: protect the file like the database. Only you can
read it (mode 0600). It gets its name when it is complete. A killed run leaves a temp file,
<file>.latchkey-<machine>-<number>.part, which the next export into <file> removes.

A line has id, externalId (only where there is one), name, email, access (the permanent level), elevation (null, or { access, until }),
disabled, createdAt, updatedAt and passwordHash (null when the user has no password yet). The lines are
in the order of the ids. Each user is read when its line is written. Sessions, second
factors, recovery codes, invitations and the audit are not included.

Exit codes: 0 success, 1 failure, 2 usage error.

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
