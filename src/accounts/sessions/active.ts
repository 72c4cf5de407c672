import type { RequestContext } from '../../audit/event.ts';
import type { ColumnsOf, Handle } from '../../db/client.ts';
import { selectRow } from '../../db/raw/select.ts';
import type { RefreshTokenContents } from '../../tokens/refresh-tokens.ts';
import type { Change } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { noticeTo } from '../notices.ts';
import { type Owner, ownerColumns, SHORTEST_TOKEN } from './grant.ts';

/** Milliseconds after a rotation in which the token before still gets its successor: two tabs, or an answer that was lost. */
const GRACE = 10_000;

/** What of a session decides whether it goes on, and its tokens. */
export const sessionColumns = [
  'id',
  'userId',
  'epoch',
  'rotation',
  'rotatedAt',
  'accessCap',
  'authenticatedAt',
  'idleUntil',
  'expiresAt',
] as const;

/** A session that goes on, its user, and the time at which that is so. */
export interface Living {
  readonly session: Pick<ColumnsOf<'Session'>, (typeof sessionColumns)[number]>;
  readonly user: Owner;
  readonly time: Date;
}

/** A session that goes on, its user and the time at which that was so. @returns undefined when it has ended */
export async function findLiving(
  context: AccountsContext,
  tx: Handle,
  id: string,
): Promise<Living | undefined> {
  const session = await selectRow(tx, 'Session', sessionColumns, { id });
  if (session === undefined) return undefined;
  const user = await selectRow(tx, 'User', ownerColumns, { id: session.userId });
  if (user === undefined || user.disabled || user.epoch !== session.epoch) return undefined;
  const time = await context.now(tx);
  if (session.idleUntil <= time || session.expiresAt.getTime() <= time.getTime() + SHORTEST_TOKEN)
    return undefined;
  return { session, user, time };
}

/** Whether a refresh token is the one before the last, and its successor's answer may have been lost. */
export function isRepeated({ rotation }: RefreshTokenContents, { session, time }: Living): boolean {
  // A rotation in the future was before the clock was set back; that is no reason to give its successor away until then.
  return rotation === session.rotation - 1 && Math.abs(time.getTime() - session.rotatedAt.getTime()) <= GRACE;
}

/** Ends a session and its access tokens. */
export async function endLiving({ tx, revoke }: Change, { session }: Living): Promise<void> {
  await tx.raw.execute`DELETE FROM "Session" WHERE "id" = ${session.id}`;
  revoke({ sessionId: session.id });
}

/** Ends a session of which somebody else may hold a refresh token, and tells its user. */
export async function endStolen(
  change: Change,
  living: Living,
  requestContext: RequestContext,
): Promise<void> {
  await endLiving(change, living);
  const { id, email } = living.user;
  const before = { sessionId: living.session.id };
  change.record({ action: 'session.reuse-detected', actorId: null, targetId: id, before, requestContext });
  change.send(noticeTo(change.context, email, 'reuse-detected'));
}
