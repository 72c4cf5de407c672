import { invalidToken } from '../../access/challenges.ts';
import type { RequestContext } from '../../audit/event.ts';
import type { ColumnsOf, Transaction } from '../../db/client.ts';
import type { RunOptions } from '../../db/raw/batches.ts';
import { prune } from '../../db/raw/prune.ts';
import { Problem } from '../../problems/problem.ts';
import type { RefreshTokenContents } from '../../tokens/refresh-tokens.ts';
import { type Change, makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, Actor } from '../context.ts';
import { endLiving, endStolen, findLiving, isRepeated } from './active.ts';
import type { Session } from './schemas.ts';

/** Sessions that a user may have. Whatever is done with all of them stays small, whoever signs in every minute and never out. */
const MAX_SESSIONS = 100;

/** Sessions beyond {@link MAX_SESSIONS} that end at a time: of those who sign in at once, each ends some. */
const EVICT_BATCH = 10;

/** The living sessions of a user, newest first. @param current id of the session that asks */
export async function listSessions(
  { db, now }: AccountsContext,
  userId: string,
  current: string,
): Promise<Session[]> {
  const user = await db.user.findUnique({ where: { id: userId }, select: { epoch: true } });
  if (user === null) throw invalidToken();
  const time = await now(db);
  const rows = await db.session.findMany({
    where: { userId, epoch: user.epoch, idleUntil: { gt: time }, expiresAt: { gt: time } },
    orderBy: { id: 'desc' },
  });
  return rows.map(({ id, createdAt, rotatedAt, expiresAt, ip, userAgent }) => ({
    id,
    createdAt: createdAt.toISOString(),
    lastUsedAt: rotatedAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    ip,
    userAgent,
    current: id === current,
  }));
}

/** Ends one of the actor's sessions. @returns whether there was one */
export async function endSession(
  context: AccountsContext,
  { userId, requestContext }: Actor,
  sessionId: string,
): Promise<boolean> {
  return makeChange(context, async ({ tx, revoke, record }) => {
    const id = sessionId.toLowerCase();
    const { count } = await tx.session.deleteMany({ where: { id, userId } });
    if (count === 0) return false;
    revoke({ sessionId: id });
    record({
      action: 'session.ended',
      actorId: userId,
      targetId: userId,
      before: { sessionId: id },
      requestContext,
    });
    return true;
  });
}

/**
 * Ends the session of a refresh token, if it goes on. One that was used before counts as stolen, as in `refreshSession`.
 *
 * @param token the contents of a refresh token whose HMAC fits
 */
export async function endSessionOf(
  context: AccountsContext,
  token: RefreshTokenContents,
  requestContext: RequestContext,
): Promise<void> {
  await makeChange(context, async (change) => {
    const living = await findLiving(context, change.tx, token.sessionId);
    if (living === undefined) return;
    const { session, user } = living;
    if (token.rotation !== session.rotation && !isRepeated(token, living))
      return endStolen(change, living, requestContext);
    await endLiving(change, living);
    const before = { sessionId: session.id };
    change.record({ action: 'session.ended', actorId: user.id, targetId: user.id, before, requestContext });
  });
}

/** Ends what a user has beyond {@link MAX_SESSIONS} sessions: those that were not used for longest. */
export async function endSurplusSessions(
  context: AccountsContext,
  userId: string,
  requestContext: RequestContext,
): Promise<void> {
  const surplus = await context.db.raw.query<{ id: string }>`
    SELECT "id" FROM "Session" WHERE "userId" = ${userId} ORDER BY "rotatedAt" DESC, "id" DESC LIMIT ${EVICT_BATCH} OFFSET ${MAX_SESSIONS}`;
  if (surplus.length === 0) return;
  const where = { userId, id: { in: surplus.map(({ id }) => id) } };
  await makeChange(context, async (change) => {
    for (const sessionId of await endThose(change, where))
      change.record({
        action: 'session.ended',
        actorId: null,
        targetId: userId,
        before: { sessionId },
        requestContext,
      });
  });
}

/** Ends all sessions of the actor but the one that asks. */
export async function endOtherSessions(context: AccountsContext, actor: Actor): Promise<void> {
  const { userId, sessionId, requestContext } = actor;
  await makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    const others = await endThose(change, { userId, id: { not: sessionId } });
    change.record({
      action: 'session.ended',
      actorId: userId,
      targetId: userId,
      before: { sessions: others.length },
      requestContext,
    });
  });
}

/** @returns the ids of the sessions that ended */
async function endThose(
  { tx, revoke }: Change,
  where: { readonly userId: string; readonly id: { readonly in: string[] } | { readonly not: string } },
): Promise<string[]> {
  const ending = await tx.session.findMany({ where, select: { id: true } });
  await tx.session.deleteMany({ where });
  for (const { id } of ending) revoke({ sessionId: id });
  return ending.map(({ id }) => id);
}

/**
 * Ends all sessions of a user on behalf of an admin.
 *
 * @throws {Problem} `user-not-found`; `invalid-token` when the actor was changed since the token was issued
 */
export async function endAllSessions(context: AccountsContext, actor: Actor, userId: string): Promise<void> {
  await makeChange(context, async (unchecked) => {
    const { tx, revoke, record } = await recheckActor(unchecked, actor);
    const user = await tx.user.findUnique({ where: { id: userId.toLowerCase() }, select: { id: true } });
    if (user === null) throw new Problem('user-not-found');
    const sessions = await tx.session.count({ where: { userId: user.id } });
    const { generation } = await raiseEpoch(tx, user.id);
    revoke({ userId: user.id, generation });
    record({
      action: 'session.ended',
      actorId: actor.userId,
      targetId: user.id,
      before: { sessions },
      requestContext: actor.requestContext,
    });
  });
}

/** Ends every session of a user and the access tokens of all of them. The caller revokes with the new generation. */
export async function raiseEpoch(
  tx: Transaction,
  userId: string,
): Promise<Pick<ColumnsOf<'User'>, 'generation'>> {
  await tx.session.deleteMany({ where: { userId } });
  return tx.user.update({
    where: { id: userId },
    data: { epoch: { increment: 1 }, generation: { increment: 1 } },
    select: { generation: true },
  });
}

/** Deletes the rows of sessions that have ended by themselves. @returns how many */
export async function pruneSessions({ db, now }: AccountsContext, options: RunOptions = {}): Promise<number> {
  const time = await now(db);
  let pruned = 0;
  // One after the other: no index has both, and Postgres would read the whole table for either of them.
  for (const end of ['idleUntil', 'expiresAt'] as const) {
    const where = { [end]: { lte: time } };
    pruned += await prune(
      (take) => db.session.findMany({ where, orderBy: { [end]: 'asc' }, take, select: { id: true } }),
      (ids) => db.session.deleteMany({ where: { ...where, id: { in: ids } } }),
      options,
    );
  }
  return pruned;
}
