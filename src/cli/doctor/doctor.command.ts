import type { Command } from 'commander';
import type { DoctorOptions } from './examine.ts';

/** `latchkey doctor` */
export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('look whether the service can run as it is configured, and say what to do; changes nothing')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Exit codes: 0 nothing is wrong, warnings (!) do not count; 1 something is; 2 called wrongly.

Examples:
  latchkey doctor
  latchkey doctor --json | jq '.findings[] | select(.status != "ok")'`,
    )
    .action(async (options: DoctorOptions) => {
      const { reportFindings } = await import('./examine.ts');
      await reportFindings(options);
    });
}
