import type { Command } from 'commander';
import { fileArgument } from '../file-argument.ts';
import type { ImportOptions } from './import.ts';

/** `latchkey import` */
export function importCommand(program: Command): void {
  program
    .command('import')
    .description(
      'create users from JSON Lines, with their password hashes; the service may run at the same time',
    )
    .argument('<file>', 'a file in the format of latchkey export; - for standard input', fileArgument)
    .option('--dry-run', 'check every line, and write nothing')
    .option(
      '--firebase-scrypt <file>',
      'the hash parameters of a Firebase project, as its console shows them',
      fileArgument,
    )
    .option('--json', 'print each invalid line, and then the summary, as a line of JSON')
    .addHelpText(
      'after',
      `
Each line is an object with name and email, and optionally (null counts as left out)
  id            a UUIDv7 from an export; a new one by default
  externalId    the id in the system before, a text or a whole number: admins find users by it
  access        number of a level; that of new users by default
  elevation     { "access", "until" }: a higher level for a limited time
  disabled      true for a user who may not sign in
  createdAt, updatedAt   as in 2026-01-31T12:00:00Z, or a date as in 2026-01-31
  passwordHash  of argon2, bcrypt, scrypt or PBKDF2, as ASP.NET Core Identity, Better Auth, Django,
                Firebase, Keycloak, Laravel, Spring Security, Supabase, Werkzeug and WordPress have
                them; docs/guides/moving-in.md shows the forms. The next sign-in replaces it with a
                current argon2id hash. Without it, the user sets a password by mail
                (POST /password/forgot), or you do (latchkey user reset-password).
                A hash above bcrypt cost 14, 128 MiB, or about one second is rejected.

A user who exists (with the same address, and the same id if the line has one) is skipped, so the same
file can be imported again: after a crash, or with its invalid lines corrected. An invalid line is
reported and left out; the others are imported, 500 at a time. No existing user is changed or signed out.
A second factor is not in the file: each user sets one up again.

Exit codes: 0 success, 1 failure (also when some lines are invalid), 2 usage error.

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
