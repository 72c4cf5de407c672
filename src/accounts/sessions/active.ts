import type { RequestContext } from '../../audit/event.ts';
import type { ColumnsOf, Handle } from '../../db/client.ts';
import { selectRow } from '../../db/raw/select.ts';
import type { Change } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { noticeTo } from '../notices.ts';
import { MIN_TOKEN_LIFETIME_MS, type Owner, ownerColumns } from './grant.ts';
import { lastIssueOf } from './last-issue.ts';

/** The columns that decide whether a session is active, and that its tokens are made of. */
export const sessionColumns = [
  'id',
  'userId',
  'epoch',
  'rotation',
  'rotatedAt',
  'accessCap',
  'authenticatedAt',
  'amr',
  'secondFactorAt',
  'tokensIssuedAt',
  'idleUntil',
  'expiresAt',
  'rotatedNetwork',
  'rotatedUserAgent',
  'rotatedBefore',
  'repeatedRotation',
  'repeatsSince',
  'repeats',
  'cookie',
] as const;

/** An active session, its user, and the time of the check. */
export interface ActiveSession {
  readonly session: Pick<ColumnsOf<'Session'>, (typeof sessionColumns)[number]>;
  readonly user: Owner;
  readonly time: Date;
}

/** Finds an active session. @returns undefined when it has ended */
export async function findActiveSession(
  context: AccountsContext,
  tx: Handle,
  id: string,
): Promise<ActiveSession | undefined> {
  const session = await selectRow(tx, 'Session', sessionColumns, { id });
  if (session === undefined) return undefined;
  const user = await selectRow(tx, 'User', ownerColumns, { id: session.userId });
  if (user === undefined || user.disabled || user.epoch !== session.epoch) return undefined;
  const time = await context.now(tx);
  if (session.idleUntil <= time || session.expiresAt.getTime() <= time.getTime() + MIN_TOKEN_LIFETIME_MS)
    return undefined;
  return { session, user, time };
}

/** Tells whether a session has not ended. */
export async function isActive(context: AccountsContext, id: string): Promise<boolean> {
  return (await findActiveSession(context, context.db, id)) !== undefined;
}

/** Ends a session and revokes its access tokens. */
export async function endActiveSession({ tx, revoke }: Change, { session }: ActiveSession): Promise<void> {
  await tx.raw.execute`DELETE FROM "Session" WHERE "id" = ${session.id}`;
  revoke({ sessionId: session.id, lastIssuedAt: lastIssueOf(session) });
}

/** Ends a session whose refresh token may have been stolen, and notifies its user. */
export async function endStolenSession(
  change: Change,
  active: ActiveSession,
  requestContext: RequestContext,
): Promise<void> {
  await endActiveSession(change, active);
  const { id, email } = active.user;
  const before = { sessionId: active.session.id };
  change.record({ action: 'session.reuse-detected', actorId: null, targetId: id, before, requestContext });
  change.send(noticeTo(change.context, email, 'reuse-detected'));
}
