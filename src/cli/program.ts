import { Command } from 'commander';
import { version } from '../config/package.ts';
import { accessPlanCommand } from './access/plan.command.ts';
import { auditVerifyCommand } from './audit/verify.command.ts';
import { backupCommand } from './database/backup.command.ts';
import { migrateCommand } from './database/migrate.command.ts';
import { migrateToCommand } from './database/migrate-to.command.ts';
import { restoreCommand } from './database/restore.command.ts';
import { doctorCommand } from './doctor/doctor.command.ts';
import { keyCreateCommand } from './key/create.command.ts';
import { keyGenerateCommand } from './key/generate.command.ts';
import { keyListCommand } from './key/list.command.ts';
import { keyRevokeCommand } from './key/revoke.command.ts';
import { keysGenerateCommand } from './keys/generate.command.ts';
import { openapiCommand } from './service/openapi.command.ts';
import { serveCommand } from './service/serve.command.ts';
import { serviceAccountCreateCommand } from './service-account/create.command.ts';
import { userCreateCommand } from './user/create.command.ts';
import { userDisableCommand } from './user/disable.command.ts';
import { userEnableCommand } from './user/enable.command.ts';
import { exportCommand } from './user/export.command.ts';
import { importCommand } from './user/import.command.ts';
import { userListCommand } from './user/list.command.ts';
import { userResetAuthenticatorsCommand } from './user/reset-authenticators.command.ts';
import { userResetPasswordCommand } from './user/reset-password.command.ts';
import { userSetAccessCommand } from './user/set-access.command.ts';

/** Builds the program with all commands. Each command imports its modules when it is called. */
export function buildProgram(): Command {
  const program = new Command('latchkey')
    .description('Users, sign-in and access levels as a JSON REST API.')
    .version(version)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', '\nExit codes: 0 success, 1 failure, 2 usage error.');
  // `command` copies exitOverride to the subcommands.
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
  const access = program.command('access').description('Who may do what');
  const serviceAccount = program
    .command('service-account')
    .description('Users without a password, for programs');
  const key = program.command('key').description('The API keys of programs');
  const keys = program.command('keys').description('The keys that sign access tokens');
  const audit = program.command('audit').description('The audit log');
  userCreateCommand(user);
  userListCommand(user);
  userSetAccessCommand(user);
  userDisableCommand(user);
  userEnableCommand(user);
  userResetPasswordCommand(user);
  userResetAuthenticatorsCommand(user);
  accessPlanCommand(access);
  serviceAccountCreateCommand(serviceAccount);
  keyCreateCommand(key);
  keyListCommand(key);
  keyRevokeCommand(key);
  keyGenerateCommand(key);
  keysGenerateCommand(keys);
  auditVerifyCommand(audit);
  return program;
}
