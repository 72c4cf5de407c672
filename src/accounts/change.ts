import { invalidToken } from '../access/challenges.ts';
import type { Transaction } from '../db/client.ts';
import { transaction } from '../db/transaction.ts';
import type { Revocation } from '../tokens/revocations.ts';
import type { AccountsContext, Actor } from './context.ts';

/** Notes that access tokens are no longer valid once the change is committed. */
export type Revoke = (revocation: Revocation) => void;

/**
 * Makes a change together with the revocations that follow from it: their rows are the last statement of its
 * transaction, and this process obeys them as soon as it is committed.
 *
 * @param work may run several times, as in {@link transaction}
 */
export async function change<T>(
  { db, now, revocations }: AccountsContext,
  work: (tx: Transaction, revoke: Revoke) => Promise<T>,
): Promise<T> {
  let revoked: Revocation[] = [];
  const result = await transaction(db, async (tx) => {
    revoked = [];
    const value = await work(tx, (revocation) => revoked.push(revocation));
    if (revoked.length > 0) {
      const createdAt = await now(tx);
      await tx.revocation.createMany({ data: revoked.map((revocation) => ({ ...revocation, createdAt })) });
    }
    return value;
  });
  revocations.apply(revoked);
  return result;
}

/**
 * Checks the actor again inside the transaction of the change: a demoted admin's token may still be accepted for a
 * moment by another process, but what it asks for is not done. Serializable isolation keeps the rows as they were read
 * until the commit.
 *
 * @throws {Problem} `invalid-token`
 */
export async function requireCurrent(
  tx: Transaction,
  { userId, sessionId, generation }: Actor,
): Promise<void> {
  const session = await tx.session.findUnique({
    where: { id: sessionId, userId },
    select: { epoch: true, user: { select: { generation: true, epoch: true, disabled: true } } },
  });
  const isCurrent =
    session !== null &&
    !session.user.disabled &&
    session.user.generation === generation &&
    session.user.epoch === session.epoch;
  if (!isCurrent) throw invalidToken();
}
