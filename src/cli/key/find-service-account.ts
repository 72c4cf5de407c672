import type { AccountsContext } from '../../accounts/context.ts';
import type { ServiceAccount } from '../../accounts/service-accounts/schemas.ts';
import { listServiceAccounts } from '../../accounts/service-accounts/service-accounts.ts';
import { Problem } from '../../problems/problem.ts';
import { UsageError } from '../usage-error.ts';

/**
 * Finds a service account by its id or its name.
 *
 * @throws {Problem} `service-account-not-found`
 * @throws {UsageError} when several have the name
 */
export async function findServiceAccountBy(context: AccountsContext, text: string): Promise<ServiceAccount> {
  const accounts = await listServiceAccounts(context);
  const byId = accounts.find(({ id }) => id === text.toLowerCase());
  if (byId !== undefined) return byId;
  const [account, another] = accounts.filter(({ name }) => name === text);
  if (account === undefined)
    throw new Problem('service-account-not-found', {
      detail: 'There is no service account with this id or name.',
    });
  if (another !== undefined) throw new UsageError(`several service accounts are called ${text}: give the id`);
  return account;
}
