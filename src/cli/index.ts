import { CommanderError } from 'commander';
import { codeOf } from '../lib/error-code.ts';
import { buildProgram } from './program.ts';
import { UsageError } from './usage-error.ts';

/** Exit codes: a failure, whose reason is on standard error; and a usage error. */
const FAILURE = 1;
const USAGE_ERROR = 2;

/**
 * Runs the command line. Sets `process.exitCode`. Each command imports its modules when it is called: all
 * modules would take half a second, and `--help` needs none of them.
 *
 * @param argv as in `process.argv`
 */
export async function main(argv: readonly string[]): Promise<void> {
  // The reader of the output may close the pipe (`| head`): the pending write reports it, and the command
  // fails.
  process.stdout.on('error', () => {});
  try {
    await buildProgram().parseAsync(argv);
  } catch (error) {
    process.exitCode = await report(error);
  }
}

async function report(error: unknown): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_ERROR;
  if (error instanceof UsageError) {
    process.stderr.write(`latchkey: ${error.message}\n`);
    return USAGE_ERROR;
  }
  // The reader has closed the pipe.
  if (codeOf(error) === 'EPIPE') return FAILURE;
  const { explain } = await import('./explain.ts');
  process.stderr.write(`latchkey: ${explain(error)}\n`);
  return FAILURE;
}
