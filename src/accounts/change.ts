import { invalidToken } from '../access/challenges.ts';
import type { AuditRecord } from '../audit/event.ts';
import { record } from '../audit/record.ts';
import type { Transaction } from '../db/client.ts';
import { insertRows } from '../db/raw/insert.ts';
import type { OutgoingMail } from '../mail/outbox.ts';
import { type Revocation, toRow } from '../tokens/revocations.ts';
import type { AccountsContext, Principal } from './context.ts';
import { accessAsOf } from './elevation.ts';

/** What follows from a change, and is written in its transaction. */
export interface Effects {
  /** Access tokens that are no longer valid once the change is committed. */
  revoke(revocation: Revocation): void;
  /** What happened, for the audit. */
  record(event: AuditRecord): void;
  /** A mail; it is sent once the change is committed. */
  send(mail: OutgoingMail): void;
}

/**
 * Makes a change together with what follows from it: mails, audit events and, as the last statement, revocations, which this
 * process obeys as soon as they are committed.
 *
 * @param work may run several times, as in `Db.transaction`
 */
export async function change<T>(
  context: AccountsContext,
  work: (tx: Transaction, effects: Effects) => Promise<T>,
): Promise<T> {
  let revoked: Revocation[] = [];
  const result = await context.db.transaction(async (tx) => {
    revoked = [];
    const events: AuditRecord[] = [];
    const mails: OutgoingMail[] = [];
    const value = await work(tx, {
      revoke: (revocation) => void revoked.push(revocation),
      record: (event) => void events.push(event),
      send: (mail) => void mails.push(mail),
    });
    await context.outbox.write(tx, mails);
    await record(tx, events);
    if (revoked.length > 0) {
      const createdAt = await context.now(tx);
      const rows = revoked.map((revocation) => toRow(revocation, createdAt));
      await insertRows(tx, 'Revocation', rows);
    }
    return value;
  });
  context.revocations.apply(revoked);
  return result;
}

/** Somebody who asks for a change, as of the change. */
export interface CurrentActor {
  /** The most that this actor may give to others: the lower of the token's level and the permanent one; no limit for an operator. */
  readonly maxGrantableLevel: number;
}

/**
 * Checks the actor again inside the transaction of the change: a demoted admin's token may still be accepted for a
 * moment by another process, but what it asks for is not done. Serializable isolation keeps the rows as they were read
 * until the commit.
 *
 * @throws {Problem} `invalid-token`
 */
export async function recheckActor(
  { now }: Pick<AccountsContext, 'now'>,
  tx: Transaction,
  actor: Principal,
): Promise<CurrentActor> {
  if (actor.userId === null) return { maxGrantableLevel: Number.POSITIVE_INFINITY };
  const { userId, sessionId, generation, access } = actor;
  const session = await tx.session.findUnique({
    where: { id: sessionId, userId },
    select: {
      epoch: true,
      user: {
        select: {
          generation: true,
          epoch: true,
          disabled: true,
          access: true,
          permanentAccess: true,
          accessUntil: true,
        },
      },
    },
  });
  if (session === null) throw invalidToken();
  const { user } = session;
  // A level whose time is over ends without a new generation, whether that was written down already or not.
  const present = user.accessUntil === null ? user.access : accessAsOf(user, await now(tx));
  const isCurrent =
    !user.disabled && user.generation === generation && user.epoch === session.epoch && present >= access;
  if (!isCurrent) throw invalidToken();
  return { maxGrantableLevel: Math.min(access, user.permanentAccess) };
}
