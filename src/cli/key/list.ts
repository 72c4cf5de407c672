import { toApiKey } from '../../accounts/api-keys/keys.ts';
import type { AccountsContext } from '../../accounts/context.ts';
import { EmailAddress } from '../../accounts/users/schemas.ts';
import { findUserByEmail } from '../../accounts/users/users.ts';
import { readConfig } from '../../config/index.ts';
import { withExistingAccounts } from '../accounts.ts';
import { checkOption } from '../check-input.ts';
import { print } from '../print.ts';
import { UsageError } from '../usage-error.ts';
import { findServiceAccountBy } from './find-service-account.ts';

/** Options on the command line. */
export interface KeyListOptions {
  readonly email?: string;
  readonly serviceAccount?: string;
  readonly json?: boolean;
}

/**
 * Runs `latchkey key list`.
 *
 * @throws {UsageError} for both owners at once
 * @throws {Problem} when there is no such owner
 */
export async function listKeysFromCommandLine(options: KeyListOptions): Promise<void> {
  const { email, serviceAccount, json } = options;
  if (email !== undefined && serviceAccount !== undefined)
    throw new UsageError('give --email or --service-account, not both');
  if (email !== undefined) checkOption('--email', EmailAddress, email);
  const config = readConfig();
  const work = async (context: AccountsContext) => {
    const userId = await findOwner(context, options);
    const rows = await context.db.apiKey.findMany({
      where: userId === undefined ? {} : { userId },
      orderBy: { id: 'asc' },
      include: { user: true },
    });
    const living = rows.filter(({ user, epoch }) => user.kind === 'service' || user.epoch === epoch);
    for (const row of living) {
      const { user } = row;
      const owner = user.kind === 'service' ? user.name : user.email;
      const key = { ...toApiKey(row, context.levels), owner, ownerId: user.id };
      const used = key.lastUsedAt === null ? 'never used' : `last used ${key.lastUsedAt}`;
      const listed = key.operations?.join(',') ?? 'all operations';
      const text = `${key.id}  ${owner}  ${key.name}  ${key.accessName}  ${listed}  until ${key.expiresAt}  ${used}`;
      await print(`${json ? JSON.stringify(key) : text}\n`);
    }
  };
  await withExistingAccounts(config, work, { isReading: true });
}

/** @returns the id of the owner; undefined for all */
async function findOwner(
  context: AccountsContext,
  { email, serviceAccount }: KeyListOptions,
): Promise<string | undefined> {
  if (email !== undefined) return (await findUserByEmail(context, email)).id;
  if (serviceAccount !== undefined) return (await findServiceAccountBy(context, serviceAccount)).id;
  return undefined;
}
