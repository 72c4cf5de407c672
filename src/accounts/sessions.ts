import { invalidCredentials, invalidRefreshToken, invalidToken } from '../access/challenges.ts';
import type { Origin } from '../audit/event.ts';
import { newId } from '../db/id.ts';
import { insertRows } from '../db/insert.ts';
import { selectRow } from '../db/select.ts';
import { change, changeDirectly, requireCurrent } from './change.ts';
import type { AccountsContext, Actor } from './context.ts';
import { noticeTo } from './notices.ts';
import { endSurplusSessions } from './session-endings.ts';
import { ownerColumns, type SessionGrant, SHORTEST_TOKEN, toGrant } from './session-grant.ts';
import type { SignedIn } from './sign-in.ts';

const DAY = 86_400_000;

/** Milliseconds without a refresh after which a session ends. */
const IDLE = 30 * DAY;

/** Milliseconds after which a session ends in any case, and its user signs in again. */
const ABSOLUTE = 90 * DAY;

/** Milliseconds after a rotation in which the token before still gets its successor: two tabs, or an answer that was lost. */
const GRACE = 10_000;

/** What of a session decides whether it goes on, and its tokens. */
const sessionColumns = [
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

/** Characters of a User-Agent header that are kept. */
const USER_AGENT_LENGTH = 256;

/**
 * Opens a session for somebody whose password was verified. Who has too many loses the one that was not used for longest.
 *
 * @param accessCap the most that its tokens may do; a cap above the user's level does nothing
 * @throws {Problem} `invalid-credentials` when all sessions were ended, or the user disabled, since the verification
 */
export async function openSession(
  context: AccountsContext,
  { id, epoch }: SignedIn,
  origin: Origin,
  accessCap?: number,
): Promise<SessionGrant> {
  const opened = await changeDirectly(context, async (tx, { record }) => {
    const user = await selectRow(tx, 'User', ownerColumns, { id });
    if (user === undefined || user.disabled || user.epoch !== epoch) throw invalidCredentials();
    const time = await context.now(tx);
    const session = {
      id: newId(time),
      userId: id,
      epoch,
      rotation: 0,
      rotatedAt: time,
      accessCap: accessCap ?? null,
      authenticatedAt: time,
      createdAt: time,
      idleUntil: new Date(time.getTime() + IDLE),
      expiresAt: new Date(time.getTime() + ABSOLUTE),
      ip: origin.ip ?? '',
      userAgent: (origin.userAgent ?? '').slice(0, USER_AGENT_LENGTH),
    };
    await insertRows(tx, 'Session', [session]);
    const grant = toGrant(session, user, time);
    const after = { sessionId: session.id, access: grant.access };
    record({ action: 'session.opened', actorId: id, targetId: id, after, origin });
    return grant;
  });
  await endSurplusSessions(context, id, origin);
  return opened;
}

/**
 * Rotates a session's refresh token.
 *
 * @param token the contents of a refresh token whose HMAC fits
 * @throws {Problem} `invalid-refresh-token`; when the token was used before, its session ends, for a thief may hold
 *   the other copy (RFC 9700 section 4.14.2)
 */
export async function refreshSession(
  context: AccountsContext,
  token: { sessionId: string; rotation: number },
  origin: Origin,
): Promise<SessionGrant> {
  const grant = await changeDirectly(context, async (tx, { revoke, record, send }) => {
    const session = await selectRow(tx, 'Session', sessionColumns, { id: token.sessionId });
    if (session === undefined) return undefined;
    const user = await selectRow(tx, 'User', ownerColumns, { id: session.userId });
    if (user === undefined || user.disabled || user.epoch !== session.epoch) return undefined;
    const time = await context.now(tx);
    if (session.idleUntil <= time || session.expiresAt.getTime() <= time.getTime() + SHORTEST_TOKEN)
      return undefined;

    const rotation = session.rotation + 1;
    if (token.rotation === session.rotation) {
      const count = await tx.$executeRaw`
        UPDATE "Session" SET "rotation" = ${rotation}, "rotatedAt" = ${time}, "idleUntil" = ${new Date(time.getTime() + IDLE)}
        WHERE "id" = ${session.id} AND "rotation" = ${session.rotation}`;
      if (count === 0) throw new Error('A rotation that Serializable isolation excludes');
      return toGrant({ ...session, rotation }, user, time);
    }
    const isPrevious = token.rotation === session.rotation - 1;
    // A rotation in the future was before the clock was set back; that is no reason to give its successor away until then.
    if (isPrevious && Math.abs(time.getTime() - session.rotatedAt.getTime()) <= GRACE)
      return toGrant(session, user, time);

    await tx.$executeRaw`DELETE FROM "Session" WHERE "id" = ${session.id}`;
    revoke({ sessionId: session.id });
    const { id, email } = user;
    const before = { sessionId: session.id };
    record({ action: 'session.reuse-detected', actorId: null, targetId: id, before, origin });
    send(noticeTo(context, email, 'reuse-detected'));
    return undefined;
  });
  if (grant === undefined) throw invalidRefreshToken();
  return grant;
}

/**
 * Renews `auth_time` after a password was verified.
 *
 * @throws {Problem} `invalid-token` when the session has ended, or the password was changed, since the verification
 */
export async function renewAuthentication(
  context: AccountsContext,
  actor: Actor,
  { epoch }: SignedIn,
): Promise<SessionGrant> {
  return change(context, async (tx, { record }) => {
    await requireCurrent(context, tx, actor);
    const time = await context.now(tx);
    const where = { id: actor.sessionId, epoch };
    const { count } = await tx.session.updateMany({ where, data: { authenticatedAt: time } });
    if (count === 0) throw invalidToken();
    const session = await selectRow(tx, 'Session', sessionColumns, { id: actor.sessionId });
    const user = await selectRow(tx, 'User', ownerColumns, { id: actor.userId });
    if (session === undefined || user === undefined) throw invalidToken();
    const { userId, origin } = actor;
    const after = { sessionId: session.id };
    record({ action: 'session.reauthenticated', actorId: userId, targetId: userId, after, origin });
    return toGrant(session, user, time);
  });
}
