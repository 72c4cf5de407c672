import type { RequestContext } from '../../audit/event.ts';
import type { ColumnsOf } from '../../db/client.ts';
import type { RunOptions } from '../../db/raw/batches.ts';
import { prune } from '../../db/raw/prune.ts';
import { selectRow } from '../../db/raw/select.ts';
import type { RefreshTokenContents } from '../../tokens/refresh-tokens.ts';
import { endKeysWithSessions } from '../api-keys/end.ts';
import { type Change, makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, SessionActor } from '../context.ts';
import { endActiveSession, endStolenSession, findActiveSession } from './active.ts';
import { findLastIssue, issueColumns, issueSelect, lastIssueOf } from './last-issue.ts';
import { findRepetition } from './repeat.ts';

/**
 * The maximum number of sessions of a user. It keeps work on all of them small, even if a client signs in
 * every minute.
 */
const MAX_SESSIONS = 100;

/** Sessions beyond {@link MAX_SESSIONS} that one sign-in ends. Each of several sign-ins at once ends some. */
const EVICT_BATCH = 10;

/** Ends one of the actor's sessions. @returns whether there was one */
export async function endSession(
  context: AccountsContext,
  { userId, requestContext }: SessionActor,
  sessionId: string,
): Promise<boolean> {
  return makeChange(context, async (change) => {
    const id = sessionId.toLowerCase();
    if (!(await endOneSession(change, userId, id))) return false;
    change.record({
      action: 'session.ended',
      actorId: userId,
      targetId: userId,
      before: { sessionId: id },
      requestContext,
    });
    return true;
  });
}

/** Ends a session of a user, and revokes its access tokens. @returns whether there was one */
export async function endOneSession({ tx, revoke }: Change, userId: string, id: string): Promise<boolean> {
  const session = await selectRow(tx, 'Session', issueColumns, { id, userId });
  if (session === undefined) return false;
  await tx.session.delete({ where: { id } });
  revoke({ sessionId: id, lastIssuedAt: lastIssueOf(session) });
  return true;
}

/**
 * Ends the session of a refresh token if it is active. A token that was used before counts as stolen, as in
 * `refreshSession`.
 *
 * @param token the contents of a refresh token whose HMAC is valid
 */
export async function endSessionOf(
  context: AccountsContext,
  token: RefreshTokenContents,
  requestContext: RequestContext,
): Promise<void> {
  await makeChange(context, async (change) => {
    const active = await findActiveSession(context, change.tx, token.sessionId);
    if (active === undefined) return;
    const { session, user } = active;
    if (token.rotation !== session.rotation && findRepetition(token, active, requestContext) === undefined)
      return endStolenSession(change, active, requestContext);
    await endActiveSession(change, active);
    const before = { sessionId: session.id };
    change.record({ action: 'session.ended', actorId: user.id, targetId: user.id, before, requestContext });
  });
}

/** Ends the sessions of a user beyond {@link MAX_SESSIONS}: those that were unused for the longest time. */
export async function evictSurplusSessions(
  context: AccountsContext,
  userId: string,
  requestContext: RequestContext,
): Promise<void> {
  const surplus = await context.db.raw.query<{ id: string }>`
    SELECT "id" FROM "Session" WHERE "userId" = ${userId} ORDER BY "rotatedAt" DESC, "id" DESC LIMIT ${EVICT_BATCH} OFFSET ${MAX_SESSIONS}`;
  if (surplus.length === 0) return;
  const where = { userId, id: { in: surplus.map(({ id }) => id) } };
  await makeChange(context, async (change) => {
    for (const sessionId of await endSessions(change, where))
      change.record({
        action: 'session.ended',
        actorId: null,
        targetId: userId,
        before: { sessionId },
        requestContext,
      });
  });
}

/** Ends all sessions of the actor except the current one. */
export async function endOtherSessions(context: AccountsContext, actor: SessionActor): Promise<void> {
  const { userId, sessionId, requestContext } = actor;
  await makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    const others = await endSessions(change, { userId, id: { not: sessionId } });
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
async function endSessions(
  { tx, revoke }: Change,
  where: { readonly userId: string; readonly id: { readonly in: string[] } | { readonly not: string } },
): Promise<string[]> {
  const ending = await tx.session.findMany({ where, select: issueSelect });
  await tx.session.deleteMany({ where });
  for (const session of ending) revoke({ sessionId: session.id, lastIssuedAt: lastIssueOf(session) });
  return ending.map(({ id }) => id);
}

/** Ends every session of a user, and revokes the access tokens. */
export async function endEverySession(change: Change, userId: string): Promise<void> {
  const lastIssuedAt = await findLastIssue(change.tx, userId);
  const { generation } = await raiseEpoch(change, userId);
  change.revoke({ userId, generation, lastIssuedAt });
}

/**
 * Ends every session of a user, and the API keys of a person, and raises the generation. The caller revokes
 * the access tokens with it, dated by {@link findLastIssue} of before.
 */
export async function raiseEpoch(
  change: Change,
  userId: string,
): Promise<Pick<ColumnsOf<'User'>, 'generation'>> {
  const { tx } = change;
  await endKeysWithSessions(change, userId);
  await tx.session.deleteMany({ where: { userId } });
  return tx.user.update({
    where: { id: userId },
    data: { epoch: { increment: 1 }, generation: { increment: 1 } },
    select: { generation: true },
  });
}

/** Deletes the rows of expired sessions. @returns the number of rows */
export async function pruneSessions({ db, now }: AccountsContext, options: RunOptions = {}): Promise<number> {
  const time = await now(db);
  let pruned = 0;
  // Two statements: no index has both columns, and for either of them Postgres would read the whole table.
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
