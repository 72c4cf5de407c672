import type { Command } from 'commander';
import type { AuditVerifyOptions } from './verify.ts';

/** `latchkey audit verify` */
export function auditVerifyCommand(audit: Command): void {
  audit
    .command('verify')
    .description('find what was altered, removed or cut off in the audit; the service may run meanwhile')
    .option('--head <number:code>', 'a head from the log of the service: finds also that the end was cut off')
    .option('--json', 'print each finding, and the summary after them, as a line of JSON')
    .addHelpText(
      'after',
      `
Exit codes: 0 the chain is whole, 1 it is broken or could not be read, 2 called wrongly.

Examples:
  latchkey audit verify
  latchkey audit verify --head 4711:q0Nd2Hk1p3n0cPSFmOmc2yVvJmXnTzOZpW6kLr8sT4E`,
    )
    .action(async (options: AuditVerifyOptions) => {
      const { verifyFromCommandLine } = await import('./verify.ts');
      await verifyFromCommandLine(options);
    });
}
