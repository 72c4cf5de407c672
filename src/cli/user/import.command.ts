import type { Command } from 'commander';
import { fileArgument } from '../file-argument.ts';
import type { ImportOptions } from './import.ts';

/** `latchkey import` */
export function importCommand(program: Command): void {
  program
    .command('import')
    .description(
      'create users from JSON Lines, with the hashes of their passwords; the service may run meanwhile',
    )
    .argument('<file>', 'as latchkey export writes it; - for standard input', fileArgument)
    .option('--dry-run', 'check every line, and write nothing')
    .option('--json', 'print each line that is wrong, and the summary after them, as a line of JSON')
    .addHelpText(
      'after',
      `
A line is an object: name and email; optional are
  id            a UUIDv7 of an export; without it the user gets a new one
  access        number of a level; that of new users unless it is given
  elevation     { "access", "until" }: a higher level, for a time
  disabled      true for somebody who may not sign in
  createdAt, updatedAt   as in 2026-01-31T12:00:00Z
  passwordHash  of argon2id, argon2i or argon2d (PHC string format), bcrypt ($2a$, $2b$, $2y$), or scrypt
                ($scrypt$ln=..,r=..,p=..$salt$hash, or Werkzeug's scrypt:N:r:p$salt$hash). It becomes
                one of today's argon2id at the next sign-in. Without it, the user sets a
                password by mail (POST /password/forgot), or you do (latchkey user reset-password).
                More than bcrypt's cost 14, 128 MiB, or about a second is refused.

Whoever is here already (the same address, and the same id where the line has one) is skipped, so
the same file can be imported again: after a crash, or with its wrong lines mended. A line that is
wrong is reported and left out; the others go on, 500 at a time. Nobody is changed or signed out.

Exit codes: 0 done, 1 failed or some lines were wrong, 2 called wrongly.

Examples:
  latchkey import --dry-run users.jsonl
  latchkey import users.jsonl
  gpg --decrypt users.jsonl.gpg | latchkey import - --json`,
    )
    .action(async (file: string, options: ImportOptions) => {
      const { importFromCommandLine } = await import('./import.ts');
      await importFromCommandLine(file, options);
    });
}
