import { GUARD_OPERATIONS } from '../../access/key-operations.ts';
import { Problem } from '../../problems/problem.ts';
import { type ActorChange, makeChange, recheckActor } from '../change.ts';
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
 * @throws {Problem} `access-denied` when that account cannot read the feed; `too-many-api-keys`
 */
export function createGuardKey(context: AccountsContext, name: string, expiresAt?: Date): Promise<NewApiKey> {
  return makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, operator);
    const wanted = { ...guardKey(context, name), ...(expiresAt !== undefined && { expiresAt }) };
    return insertApiKey(change, await findOrMakeGuard(change), wanted);
  });
}

/**
 * Stores the key of BOOTSTRAP_API_KEY for a year, as a key of the service account `guard`, unless a start has
 * seen it before. When several processes start at once, one of them stores it. A key that was ended does not
 * come back with a restart, even if its account was renamed or deleted.
 *
 * @returns `created`; `known`; `ended`
 * @throws {Problem} as {@link createGuardKey}
 */
export function bootstrapGuardKey(
  context: AccountsContext,
  given: GivenApiKey,
): Promise<'created' | 'known' | 'ended'> {
  const { id } = given;
  return makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, operator);
    const { tx } = change;
    const isStored = (await tx.apiKey.count({ where: { id } })) > 0;
    const wasSeen = (await tx.bootstrapKey.count({ where: { id } })) > 0;
    if (wasSeen) return isStored ? 'known' : 'ended';
    const now = await context.now(tx);
    await tx.bootstrapKey.create({ data: { id, seenAt: now } });
    // A key of `latchkey key create` may be named in the configuration later.
    if (isStored) return 'known';
    const expiresAt = new Date(now.getTime() + MAX_LIFETIME_MS - CLOCK_MARGIN_MS);
    const wanted = { ...guardKey(context, 'bootstrap'), expiresAt };
    await insertApiKey(change, await findOrMakeGuard(change), wanted, given);
    return 'created';
  });
}

/** Finds the service account `guard`, or makes it. @throws {Problem} `access-denied` when it is too low */
async function findOrMakeGuard(change: ActorChange) {
  const { context, tx } = change;
  const access = context.levels.admin;
  const where = { kind: 'service', name: GUARD };
  const select = { ...userColumns, epoch: true } as const;
  const known = await tx.user.findFirst({ where, orderBy: { id: 'asc' }, select });
  if (known !== null && (known.disabled || known.permanentAccess < access))
    throw new Problem('access-denied', {
      detail:
        'The service account `guard` is disabled or below the level of admins: a key of it could not read the feed. Change the account first, or give it another name.',
    });
  if (known !== null) return known;
  const { id } = await insertServiceAccount(change, operator, { name: GUARD, access });
  return tx.user.findUniqueOrThrow({ where: { id }, select });
}

/** The feed is for admins; the list of operations leaves nothing else of that level. */
function guardKey({ levels }: AccountsContext, name: string) {
  return { name, access: levels.admin, operations: GUARD_OPERATIONS, namesStepUp: false };
}
