import { Command, CommanderError } from 'commander';
import { ConfigError, version } from '../config.ts';
import { MigrationError } from '../db/migrate.ts';
import { Problem } from '../problems/problem.ts';
import { migrateCommand } from './migrate.ts';
import { openapiCommand } from './openapi.ts';
import { serveCommand } from './serve.ts';
import { UsageError } from './usage-error.ts';
import { userCreateCommand } from './user-create.ts';

/** Exit codes: done; failed, and standard error says why; called wrongly. */
const FAILED = 1;
const USAGE = 2;

/**
 * Runs the command line. Sets `process.exitCode`.
 *
 * @param argv as in `process.argv`
 */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('latchkey')
    .description('Users, sign-in and access levels as a JSON REST API.')
    .version(version)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 called wrongly.');
  // Copies exitOverride to the subcommands.
  const user = program.command('user').description('The users of the service');
  serveCommand(program);
  migrateCommand(program);
  openapiCommand(program);
  userCreateCommand(user);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = report(error);
  }
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (error instanceof UsageError) {
    process.stderr.write(`latchkey: ${error.message}\n`);
    return USAGE;
  }
  // What was foreseen is one line; the rest is ours to mend, and its stack says where.
  const foreseen =
    error instanceof ConfigError || error instanceof MigrationError || error instanceof Problem;
  const text =
    error instanceof Error ? (foreseen ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`latchkey: ${text}\n`);
  return FAILED;
}
