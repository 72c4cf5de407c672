import type { ColumnsOf, Transaction } from '../../db/client.ts';
import { Problem } from '../../problems/problem.ts';
import { requireAllFactors } from '../authenticators/require-factors.ts';
import { makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, SessionActor } from '../context.ts';
import type { Passkey } from './schemas.ts';

/** The columns of a passkey that its owner sees. */
export const shownColumns = {
  id: true,
  name: true,
  backupEligible: true,
  createdAt: true,
  lastUsedAt: true,
} as const;

/** A row as its owner sees it. */
export function toPasskey(row: Pick<ColumnsOf<'Passkey'>, keyof typeof shownColumns>): Passkey {
  return {
    id: row.id,
    name: row.name,
    synced: row.backupEligible,
    createdAt: row.createdAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  };
}

/** Lists the passkeys of a user, oldest first. */
export async function listPasskeys(db: Transaction, userId: string): Promise<Passkey[]> {
  const rows = await db.passkey.findMany({ where: { userId }, orderBy: { id: 'asc' }, select: shownColumns });
  return rows.map(toPasskey);
}

/** Finds a passkey of a user. @throws {Problem} `passkey-not-found` */
export async function findPasskey(db: Transaction, userId: string, id: string): Promise<Passkey> {
  const row = await db.passkey.findUnique({ where: { id, userId }, select: shownColumns });
  if (row === null) throw new Problem('passkey-not-found');
  return toPasskey(row);
}

/**
 * Renames a passkey of the actor. Its own name changes nothing.
 *
 * @param maxAge seconds that may have passed since the sign-in, as the route declares them
 * @throws {Problem} `passkey-not-found`; `two-factors-required` when the session has one factor;
 *   `invalid-token`
 */
export async function renamePasskey(
  context: AccountsContext,
  actor: SessionActor,
  { id, name }: { readonly id: string; readonly name: string },
  maxAge: number,
): Promise<Passkey> {
  const { userId, requestContext } = actor;
  return makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    const { tx } = change;
    await requireAllFactors(change, maxAge);
    const before = await findPasskey(tx, userId, id);
    if (before.name === name) return before;
    await tx.passkey.update({ where: { id }, data: { name } });
    change.record({
      action: 'authenticator.renamed',
      actorId: userId,
      targetId: userId,
      after: { authenticator: 'passkey', passkeyId: id },
      personal: { before: { name: before.name }, after: { name } },
      requestContext,
    });
    return { ...before, name };
  });
}
