import type { Command } from 'commander';
import type { DoctorOptions } from './examine.ts';

/** `latchkey doctor` */
export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('check whether the service can run with this configuration, and advise; changes nothing')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Exit codes: 0 success (warnings do not count), 1 failure (a problem was found), 2 usage error.

Examples:
  latchkey doctor
  latchkey doctor --json | jq '.findings[] | select(.status != "ok")'`,
    )
    .action(async (options: DoctorOptions) => {
      const { reportFindings } = await import('./examine.ts');
      await reportFindings(options);
    });
}
