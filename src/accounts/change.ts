import { invalidToken } from '../access/challenges.ts';
import { type AccessColumns, accessAsOf } from '../access/elevation.ts';
import type { AuditRecord } from '../audit/event.ts';
import type { Transaction } from '../db/client.ts';
import { insertRows } from '../db/raw/insert.ts';
import { isServiceAddress } from '../lib/service-address.ts';
import type { OutgoingMail } from '../mail/outbox.ts';
import { dateOf, type Revocation, toRow } from '../tokens/revocation-row.ts';
import type { AccountsContext, Actor, KeyActor, Principal, SessionActor } from './context.ts';
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
export interface ActorChange<A extends Principal = Principal> extends Change {
  readonly actor: A;
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
      // A service account has no address.
      send: (mail) => void (isServiceAddress(mail.recipient) || mails.push(mail)),
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
export async function recheckActor<A extends Principal>(change: Change, actor: A): Promise<ActorChange<A>> {
  if (actor.userId === null) return { ...change, actor, maxGrantableLevel: Number.POSITIVE_INFINITY };
  const { access } = actor;
  const user = 'keyId' in actor ? await recheckKey(change, actor) : await recheckSession(change, actor);
  return { ...change, actor, maxGrantableLevel: Math.min(access, user.permanentAccess) };
}

const ownerSelect = {
  generation: true,
  epoch: true,
  disabled: true,
  access: true,
  permanentAccess: true,
  accessUntil: true,
} as const;

type OwnerRow = AccessColumns & {
  readonly generation: number;
  readonly epoch: number;
  readonly disabled: boolean;
};

async function recheckSession(change: Change, actor: SessionActor): Promise<OwnerRow> {
  const { tx } = change;
  const { userId, sessionId, access } = actor;
  const session = await tx.session.findUnique({
    where: { id: sessionId, userId },
    select: { epoch: true, secondFactorAt: true, user: { select: ownerSelect } },
  });
  if (session === null) throw invalidToken();
  const { user } = session;
  const isCurrent = user.epoch === session.epoch && (await isOwnerCurrent(change, actor, user));
  if (!isCurrent || !(await hasEnoughFactors(change, session, access))) throw invalidToken();
  return user;
}

async function recheckKey(change: Change, actor: KeyActor): Promise<OwnerRow> {
  const { context, tx } = change;
  const { userId, keyId } = actor;
  const key = await tx.apiKey.findUnique({
    where: { id: keyId, userId },
    select: { epoch: true, expiresAt: true, user: { select: { ...ownerSelect, kind: true } } },
  });
  if (key === null || key.expiresAt <= (await context.now(tx))) throw invalidToken();
  const { user } = key;
  const isCurrent = user.kind === 'service' || user.epoch === key.epoch;
  if (!isCurrent || !(await isOwnerCurrent(change, actor, user))) throw invalidToken();
  return user;
}

/** Tells whether an owner still has what the actor's token or key says. */
async function isOwnerCurrent(
  { context, tx }: Change,
  { generation, access }: Actor,
  user: OwnerRow,
): Promise<boolean> {
  // An elevation that has expired ends without a new generation, even before the job has written that down.
  const currentAccess = user.accessUntil === null ? user.access : accessAsOf(user, await context.now(tx));
  return !user.disabled && user.generation === generation && currentAccess >= access;
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
