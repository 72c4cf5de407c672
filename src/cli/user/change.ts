import { AccessLevels } from '../../access/levels.ts';
import { operator } from '../../accounts/context.ts';
import { EmailAddress, Reason, type User } from '../../accounts/users/schemas.ts';
import type { WantedUser } from '../../accounts/users/update.ts';
import { type Config, readConfig } from '../../config/index.ts';
import { parseTimestamp, toWholeSeconds } from '../../lib/timestamps.ts';
import { checkOption, parseLevel } from '../check-input.ts';
import { print } from '../print.ts';
import { UsageError } from '../usage-error.ts';

/** Options on the command line. */
export interface UserSetAccessOptions extends UserChangeOptions {
  readonly access: string;
  readonly until?: string;
}

/** Options on the command line. */
export interface UserChangeOptions {
  readonly email: string;
  readonly reason?: string;
  readonly json?: boolean;
}

/**
 * Runs `latchkey user set-access`.
 *
 * @throws {UsageError} when an option breaks a rule
 * @throws {Problem} when no user has the address; `last-admin`; for a time limit on a level that is not
 *   higher
 */
export async function setAccessFromCommandLine(options: UserSetAccessOptions): Promise<void> {
  const config = readConfig();
  const access = parseLevel(options.access, new AccessLevels(config.accessLevels));
  const until = options.until === undefined ? null : parseUntil(options.until);
  const { before, user } = await changeByEmail(config, options, { access, accessUntil: until });
  const level = `access ${user.access} (${user.accessName})${user.accessUntil === null ? '' : ` until ${user.accessUntil}`}`;
  const isSame = before.access === user.access && before.accessUntil === user.accessUntil;
  await printUser(
    options,
    user,
    isSame ? `${user.email} has ${level} already` : `${user.email} has ${level} now`,
  );
}

/**
 * Runs `latchkey user disable` and `latchkey user enable`.
 *
 * @throws {UsageError} when an option breaks a rule
 * @throws {Problem} when no user has the address; `last-admin`
 */
export async function setStateFromCommandLine(options: UserChangeOptions, disabled: boolean): Promise<void> {
  const { before, user } = await changeByEmail(readConfig(), options, { disabled });
  const state = disabled ? 'disabled' : 'enabled';
  const done = disabled ? `Disabled ${user.email}: every session has ended` : `Enabled ${user.email}`;
  await printUser(options, user, before.disabled === disabled ? `${user.email} is ${state} already` : done);
}

async function changeByEmail(
  config: Config,
  { email, reason }: UserChangeOptions,
  wanted: WantedUser,
): Promise<{ before: User; user: User }> {
  checkOption('--email', EmailAddress, email);
  if (reason !== undefined) checkOption('--reason', Reason, reason);
  // Imported here, so that a usage error is reported without delay.
  const [{ withExistingAccounts }, { changeUser }, { findUserByEmail, noSuchAddress }] = await Promise.all([
    import('../accounts.ts'),
    import('../../accounts/users/update.ts'),
    import('../../accounts/users/users.ts'),
  ]);
  return withExistingAccounts(config, async (context) => {
    const before = await findUserByEmail(context, email);
    const withReason = { ...wanted, ...(reason !== undefined && { reason }) };
    const user = await changeUser(context, operator, before.id, withReason, (current) => {
      // The address changed in the meantime: no user has it, or another user does.
      if (current.email !== before.email) throw noSuchAddress();
    });
    return { before, user };
  });
}

function parseUntil(text: string): Date {
  const time = parseTimestamp(text);
  if (time === undefined) throw new UsageError('--until must be a time as in 2026-01-31T12:00:00Z');
  if (time <= new Date()) throw new UsageError('--until must be in the future');
  return toWholeSeconds(time);
}

function printUser({ json }: UserChangeOptions, user: User, text: string): Promise<void> {
  return print(`${json ? JSON.stringify(user) : text}\n`);
}
