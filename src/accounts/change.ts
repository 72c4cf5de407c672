import { invalidToken } from '../access/challenges.ts';
import type { AuditRecord } from '../audit/event.ts';
import type { Transaction } from '../db/client.ts';
import { insertRows } from '../db/raw/insert.ts';
import type { OutgoingMail } from '../mail/outbox.ts';
import { dateOf, type Revocation, toRow } from '../tokens/revocation-row.ts';
import type { AccountsContext, Principal } from './context.ts';
import { accessAsOf } from './elevation.ts';
import { hasTwoFactorsAt } from './sessions/grant.ts';

/** A change under way: its transaction, and what is committed together with it. */
export interface Change {
  readonly context: AccountsContext;
  readonly tx: Transaction;
  /** Revokes access tokens as soon as the change is committed. */
  revoke(revocation: Revocation): void;
  /** Adds an event to the audit log. */
  record(event: AuditRecord): void;
  /** Sends a mail as soon as the change is committed. */
  send(mail: OutgoingMail): void;
}

/** A change whose actor was checked inside its transaction. */
export interface ActorChange extends Change {
  readonly actor: Principal;
  /**
   * The highest level that the actor may give to others: the lower one of the token's level and the permanent
   * one. So a session with one factor gives no level that asks for two. An operator has no limit.
   */
  readonly maxGrantableLevel: number;
}

/**
 * Makes a change. Mails, audit events and revocations are written in the same transaction, the revocations
 * last. This process obeys the revocations as soon as they are committed.
 *
 * @param work may run several times, as in `Db.transaction`
 */
export async function makeChange<T>(
  context: AccountsContext,
  work: (change: Change) => Promise<T>,
): Promise<T> {
  let revoked: Revocation[] = [];
  let createdAt = new Date(0);
  const result = await context.db.transaction(async (tx) => {
    revoked = [];
    const events: AuditRecord[] = [];
    const mails: OutgoingMail[] = [];
    const value = await work({
      context,
      tx,
      revoke: (revocation) => void revoked.push(revocation),
      record: (event) => void events.push(event),
      send: (mail) => void mails.push(mail),
    });
    await context.outbox.write(tx, mails);
    await context.recorder.record(tx, events);
    if (revoked.length > 0) {
      createdAt = dateOf(revoked, await context.now(tx));
      const rows = revoked.map((revocation) => toRow(revocation, createdAt));
      await insertRows(tx, 'Revocation', rows);
    }
    return value;
  });
  context.revocations.apply(revoked, createdAt);
  return result;
}

/**
 * Checks the actor again inside the transaction of the change. Another process may still accept the token of
 * a demoted admin for a moment; this check refuses the change. Serializable isolation guarantees that the
 * rows that were read stay the same until the commit.
 *
 * @returns the change with its actor
 * @throws {Problem} `invalid-token`
 */
export async function recheckActor(change: Change, actor: Principal): Promise<ActorChange> {
  if (actor.userId === null) return { ...change, actor, maxGrantableLevel: Number.POSITIVE_INFINITY };
  const { context, tx } = change;
  const { userId, sessionId, generation, access } = actor;
  const session = await tx.session.findUnique({
    where: { id: sessionId, userId },
    select: {
      epoch: true,
      secondFactorAt: true,
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
  // An elevation that has expired ends without a new generation, even before the job has written that down.
  const currentAccess = user.accessUntil === null ? user.access : accessAsOf(user, await context.now(tx));
  const isCurrent =
    !user.disabled &&
    user.generation === generation &&
    user.epoch === session.epoch &&
    currentAccess >= access;
  if (!isCurrent || !(await hasEnoughFactors(change, session, access))) throw invalidToken();
  return { ...change, actor, maxGrantableLevel: Math.min(access, user.permanentAccess) };
}

/**
 * Tells whether a session still has the factors that a level asks for. It may have lost the second one since
 * the token was issued.
 */
async function hasEnoughFactors(
  { context, tx }: Change,
  session: { readonly secondFactorAt: Date | null },
  access: number,
): Promise<boolean> {
  const { limit, maxAge } = context.secondFactor;
  if (limit === undefined || access < limit.from) return true;
  return hasTwoFactorsAt(session, maxAge, await context.now(tx));
}
