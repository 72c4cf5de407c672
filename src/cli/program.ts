import { Command } from 'commander';
import { version } from '../config/package.ts';
import { auditVerifyCommand } from './audit-verify.ts';
import { backupCommand } from './backup.ts';
import { doctorCommand } from './doctor.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';
import { keysGenerateCommand } from './keys-generate.ts';
import { migrateCommand } from './migrate.ts';
import { migrateToCommand } from './migrate-to.ts';
import { openapiCommand } from './openapi.ts';
import { restoreCommand } from './restore.ts';
import { serveCommand } from './serve.ts';
import { userCreateCommand } from './user-create.ts';
import { userDisableCommand } from './user-disable.ts';
import { userEnableCommand } from './user-enable.ts';
import { userListCommand } from './user-list.ts';
import { userResetPasswordCommand } from './user-reset-password.ts';
import { userSetAccessCommand } from './user-set-access.ts';

/** The table of all commands. Each loads what it needs when it is called. */
export function buildProgram(): Command {
  const program = new Command('latchkey')
    .description('Users, sign-in and access levels as a JSON REST API.')
    .version(version)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 called wrongly.');
  // Here and below, `command` copies exitOverride.
  serveCommand(program);
  doctorCommand(program);
  migrateCommand(program);
  backupCommand(program);
  restoreCommand(program);
  migrateToCommand(program);
  exportCommand(program);
  importCommand(program);
  openapiCommand(program);
  const user = program.command('user').description('The users of the service');
  const keys = program.command('keys').description('The keys that sign access tokens');
  const audit = program.command('audit').description('The record of what happened');
  userCreateCommand(user);
  userListCommand(user);
  userSetAccessCommand(user);
  userDisableCommand(user);
  userEnableCommand(user);
  userResetPasswordCommand(user);
  keysGenerateCommand(keys);
  auditVerifyCommand(audit);
  return program;
}
