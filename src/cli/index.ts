import { CommanderError } from 'commander';
import { codeOf } from '../lib/error-code.ts';
import { buildProgram } from './program.ts';
import { UsageError } from './usage-error.ts';

/** Exit codes: done; failed, and standard error says why; called wrongly. */
const FAILED = 1;
const USAGE = 2;

/**
 * Runs the command line. Sets `process.exitCode`. Each command loads what it needs when it is asked for: all of it would take
 * half a second, and `--help` needs none.
 *
 * @param argv as in `process.argv`
 */
export async function main(argv: readonly string[]): Promise<void> {
  // Whoever reads the output may go (`| head`): what is being written hears of it, and fails.
  process.stdout.on('error', () => {});
  try {
    await buildProgram().parseAsync(argv);
  } catch (error) {
    process.exitCode = await report(error);
  }
}

async function report(error: unknown): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (error instanceof UsageError) {
    process.stderr.write(`latchkey: ${error.message}\n`);
    return USAGE;
  }
  // Nobody reads any more.
  if (codeOf(error) === 'EPIPE') return FAILED;
  const { explain } = await import('./explain.ts');
  process.stderr.write(`latchkey: ${explain(error)}\n`);
  return FAILED;
}
