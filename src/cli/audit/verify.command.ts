import type { Command } from 'commander';
import type { AuditVerifyOptions } from './verify.ts';

/** `latchkey audit verify` */
export function auditVerifyCommand(audit: Command): void {
  audit
    .command('verify')
    .description(
      'find events of the audit that were inserted, altered, removed or cut off; the service may run at the same time',
    )
    .option(
      '--head <number:code>',
      'a head from the log of the service: also detects that the end was cut off',
    )
    .option('--json', 'print each finding, and then the summary, as a line of JSON')
    .addHelpText(
      'after',
      `
Exit codes: 0 success, 1 failure (the chain is broken or cannot be read), 2 usage error.

Examples:
  latchkey audit verify
  latchkey audit verify --head 4711:q0Nd2Hk1p3n0cPSFmOmc2yVvJmXnTzOZpW6kLr8sT4E`,
    )
    .action(async (options: AuditVerifyOptions) => {
      const { verifyFromCommandLine } = await import('./verify.ts');
      await verifyFromCommandLine(options);
    });
}
