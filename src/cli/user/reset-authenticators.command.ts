import type { Command } from 'commander';
import type { ResetAuthenticatorsOptions } from './reset-authenticators.ts';

/** `latchkey user reset-authenticators` */
export function userResetAuthenticatorsCommand(user: Command): void {
  user
    .command('reset-authenticators')
    .description(
      'remove the authenticator app, the passkeys and the recovery codes of a user who has lost them, and end all sessions; the user is notified by mail',
    )
    .requiredOption('--email <address>', 'email address of the user')
    .option('--json', 'print the user as JSON')
    .addHelpText(
      'after',
      `
The user signs in with one factor alone then. Where SIGN_IN_METHODS has password, a mail has a link that
sets a new one. Use it for the only admin, because no other admin can help. Without a mail server, a
user who has no password gets one first: latchkey user reset-password.

Exit codes: 0 success, 1 failure, 2 usage error.

Example:
  latchkey user reset-authenticators --email ada@example.com`,
    )
    .action(async (options: ResetAuthenticatorsOptions) => {
      const { resetAuthenticatorsFromCommandLine } = await import('./reset-authenticators.ts');
      await resetAuthenticatorsFromCommandLine(options);
    });
}
