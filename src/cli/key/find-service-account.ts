import type { AccountsContext } from '../../accounts/context.ts';
import { Problem } from '../../problems/problem.ts';
import { UsageError } from '../usage-error.ts';

/**
 * Finds a service account by its id or its name.
 *
 * @throws {Problem} `service-account-not-found`
 * @throws {UsageError} when several have the name
 */
export async function findServiceAccountBy({ db }: AccountsContext, text: string): Promise<{ id: string }> {
  const select = { id: true } as const;
  const byId = await db.user.findUnique({ where: { id: text.toLowerCase(), kind: 'service' }, select });
  if (byId !== null) return byId;
  const [account, another] = await db.user.findMany({
    where: { kind: 'service', name: text },
    orderBy: { id: 'asc' },
    take: 2,
    select,
  });
  if (account === undefined)
    throw new Problem('service-account-not-found', {
      detail: 'There is no service account with this id or name.',
    });
  if (another !== undefined) throw new UsageError(`several service accounts are called ${text}: give the id`);
  return account;
}
