import { GUARD_OPERATIONS } from '../../access/key-operations.ts';
import { Problem } from '../../problems/problem.ts';
import { makeChange, recheckActor } from '../change.ts';
import { type AccountsContext, operator } from '../context.ts';
import { insertServiceAccount } from '../service-accounts/service-accounts.ts';
import { userColumns } from '../users/users.ts';
import { type GivenApiKey, insertApiKey, MAX_LIFETIME_MS } from './create.ts';
import type { NewApiKey } from './schemas.ts';

/** The name of the service account whose keys read the feed of revocations. */
const GUARD = 'guard';

/** Milliseconds by which the two clocks may differ: a key for a year ends this much earlier. */
const CLOCK_MARGIN_MS = 60_000;

/**
 * Makes a key for `@latchkey/guard`, on behalf of an operator: of the service account `guard`, which is made
 * where there is none, with the feed of revocations and introspection and nothing else.
 *
 * @param expiresAt in 90 days by default
 * @throws {Problem} `access-denied` when that account cannot read the feed
 */
export function createGuardKey(context: AccountsContext, name: string, expiresAt?: Date): Promise<NewApiKey> {
  return makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, operator);
    const { tx } = change;
    const wanted = { ...guardKey(context, name), ...(expiresAt !== undefined && { expiresAt }) };
    const where = { kind: 'service', name: GUARD };
    const select = { ...userColumns, epoch: true } as const;
    const known = await tx.user.findFirst({ where, orderBy: { id: 'asc' }, select });
    if (known !== null && (known.disabled || known.permanentAccess < wanted.access))
      throw new Problem('access-denied', {
        detail:
          'The service account `guard` is disabled or below the level of admins: a key of it could not read the feed. Change the account first, or give it another name.',
      });
    if (known !== null) return insertApiKey(change, known, wanted);
    const { id } = await insertServiceAccount(change, operator, guardAccount(context));
    return insertApiKey(change, await tx.user.findUniqueOrThrow({ where: { id }, select }), wanted);
  });
}

/**
 * Stores the key of BOOTSTRAP_API_KEY where there is no service account `guard` yet, for a year. When several
 * processes start at once, one of them stores it. A key that was ended does not come back with a restart.
 *
 * @returns `created`; `known`, or `ended` when another key or none is left
 */
export function bootstrapGuardKey(
  context: AccountsContext,
  given: GivenApiKey,
): Promise<'created' | 'known' | 'ended'> {
  return makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, operator);
    const { tx } = change;
    const where = { kind: 'service', name: GUARD };
    if ((await tx.user.count({ where })) > 0)
      return (await tx.apiKey.count({ where: { id: given.id } })) > 0 ? 'known' : 'ended';
    const { id } = await insertServiceAccount(change, operator, guardAccount(context));
    const owner = await tx.user.findUniqueOrThrow({ where: { id } });
    const end = (await context.now(tx)).getTime() + MAX_LIFETIME_MS - CLOCK_MARGIN_MS;
    await insertApiKey(change, owner, { ...guardKey(context, 'bootstrap'), expiresAt: new Date(end) }, given);
    return 'created';
  });
}

function guardAccount({ levels }: AccountsContext) {
  return { name: GUARD, access: levels.admin };
}

/** The feed is for admins; the list of operations leaves nothing else of that level. */
function guardKey({ levels }: AccountsContext, name: string) {
  return { name, access: levels.admin, operations: GUARD_OPERATIONS, namesStepUp: false };
}
