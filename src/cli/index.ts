import { Command, CommanderError } from 'commander';
import { version } from '../config/package.ts';
import { auditVerifyCommand } from './audit-verify.ts';
import { backupCommand } from './backup.ts';
import { doctorCommand } from './doctor.ts';
import { keysGenerateCommand } from './keys-generate.ts';
import { migrateCommand } from './migrate.ts';
import { migrateToCommand } from './migrate-to.ts';
import { openapiCommand } from './openapi.ts';
import { restoreCommand } from './restore.ts';
import { serveCommand } from './serve.ts';
import { UsageError } from './usage-error.ts';
import { userCreateCommand } from './user-create.ts';
import { userResetPasswordCommand } from './user-reset-password.ts';

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
  const program = new Command('latchkey')
    .description('Users, sign-in and access levels as a JSON REST API.')
    .version(version)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 called wrongly.');
  // Copies exitOverride to the subcommands.
  const user = program.command('user').description('The users of the service');
  const keys = program.command('keys').description('The keys that sign access tokens');
  const audit = program.command('audit').description('The record of what happened');
  serveCommand(program);
  doctorCommand(program);
  migrateCommand(program);
  backupCommand(program);
  restoreCommand(program);
  migrateToCommand(program);
  openapiCommand(program);
  userCreateCommand(user);
  userResetPasswordCommand(user);
  keysGenerateCommand(keys);
  auditVerifyCommand(audit);
  try {
    await program.parseAsync(argv);
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
  const { explain } = await import('./explain.ts');
  process.stderr.write(`latchkey: ${explain(error)}\n`);
  return FAILED;
}
