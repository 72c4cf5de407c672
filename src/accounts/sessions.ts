import { invalidCredentials, invalidRefreshToken, invalidToken } from '../access/challenges.ts';
import type { Transaction } from '../db/client.ts';
import { transaction } from '../db/transaction.ts';
import { Problem } from '../problems/problem.ts';
import { change, requireCurrent } from './change.ts';
import type { AccountsContext, Actor } from './context.ts';
import type { Session } from './session.schemas.ts';
import type { SignedIn } from './sign-in.ts';

const DAY = 86_400_000;

/** Milliseconds without a refresh after which a session ends. */
const IDLE = 30 * DAY;

/** Milliseconds after which a session ends in any case, and its user signs in again. */
const ABSOLUTE = 90 * DAY;

/** Milliseconds after a rotation in which the token before still gets its successor: two tabs, or an answer that was lost. */
const GRACE = 10_000;

/** Characters of a User-Agent header that are kept. */
const USER_AGENT_LENGTH = 256;

/** What the tokens of a session are made of, all from one read of its user's row. */
export interface SessionGrant {
  readonly userId: string;
  readonly sessionId: string;
  /** The user's present level, or the session's cap when that is lower. */
  readonly access: number;
  readonly generation: number;
  readonly authenticatedAt: Date;
  readonly expiresAt: Date;
  /** Which refresh token of the session is to be used next. */
  readonly rotation: number;
}

/** Where a sign-in came from. */
export interface Device {
  readonly ip: string;
  readonly userAgent: string;
}

const ownerColumns = {
  select: { id: true, access: true, generation: true, epoch: true, disabled: true },
} as const;

interface Owner {
  readonly id: string;
  readonly access: number;
  readonly generation: number;
  readonly epoch: number;
  readonly disabled: boolean;
}

interface SessionRow {
  readonly id: string;
  readonly rotation: number;
  readonly accessCap: number | null;
  readonly authenticatedAt: Date;
  readonly expiresAt: Date;
}

/** What a session's tokens say as of now. */
export function toGrant(session: SessionRow, user: Owner): SessionGrant {
  return {
    userId: user.id,
    sessionId: session.id,
    access: Math.min(user.access, session.accessCap ?? user.access),
    generation: user.generation,
    authenticatedAt: session.authenticatedAt,
    expiresAt: session.expiresAt,
    rotation: session.rotation,
  };
}

/**
 * Opens a session for somebody whose password was verified.
 *
 * @param accessCap the most that its tokens may do; a cap above the user's level does nothing
 * @throws {Problem} `invalid-credentials` when all sessions were ended, or the user disabled, since the verification
 */
export async function openSession(
  { db, now }: AccountsContext,
  { id, epoch }: SignedIn,
  { ip, userAgent }: Device,
  accessCap?: number,
): Promise<SessionGrant> {
  return transaction(db, async (tx) => {
    const user = await tx.user.findUnique({ where: { id }, ...ownerColumns });
    if (user === null || user.disabled || user.epoch !== epoch) throw invalidCredentials();
    const time = await now(tx);
    const session = await tx.session.create({
      data: {
        userId: id,
        epoch,
        rotation: 0,
        rotatedAt: time,
        accessCap: accessCap ?? null,
        authenticatedAt: time,
        createdAt: time,
        idleUntil: new Date(time.getTime() + IDLE),
        expiresAt: new Date(time.getTime() + ABSOLUTE),
        ip,
        userAgent: userAgent.slice(0, USER_AGENT_LENGTH),
      },
    });
    return toGrant(session, user);
  });
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
): Promise<SessionGrant> {
  const grant = await change(context, async (tx, revoke) => {
    const session = await tx.session.findUnique({
      where: { id: token.sessionId },
      include: { user: ownerColumns },
    });
    if (session === null || session.user.disabled || session.user.epoch !== session.epoch) return undefined;
    const time = await context.now(tx);
    if (session.idleUntil <= time || session.expiresAt <= time) return undefined;

    const rotation = session.rotation + 1;
    if (token.rotation === session.rotation) {
      const { count } = await tx.session.updateMany({
        where: { id: session.id, rotation: session.rotation },
        data: { rotation, rotatedAt: time, idleUntil: new Date(time.getTime() + IDLE) },
      });
      if (count === 0) throw new Error('A rotation that Serializable isolation excludes');
      return toGrant({ ...session, rotation }, session.user);
    }
    const isPrevious = token.rotation === session.rotation - 1;
    if (isPrevious && time.getTime() - session.rotatedAt.getTime() <= GRACE)
      return toGrant(session, session.user);

    await tx.session.delete({ where: { id: session.id } });
    revoke({ sessionId: session.id });
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
  { db, now }: AccountsContext,
  actor: Actor,
  { epoch }: SignedIn,
): Promise<SessionGrant> {
  return transaction(db, async (tx) => {
    await requireCurrent(tx, actor);
    const where = { id: actor.sessionId, epoch };
    const { count } = await tx.session.updateMany({ where, data: { authenticatedAt: await now(tx) } });
    if (count === 0) throw invalidToken();
    const session = await tx.session.findUniqueOrThrow({ where, include: { user: ownerColumns } });
    return toGrant(session, session.user);
  });
}

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

/** Ends one session of a user. @returns whether there was one */
export async function endSession(
  context: AccountsContext,
  userId: string,
  sessionId: string,
): Promise<boolean> {
  return change(context, async (tx, revoke) => {
    const id = sessionId.toLowerCase();
    const { count } = await tx.session.deleteMany({ where: { id, userId } });
    if (count > 0) revoke({ sessionId: id });
    return count > 0;
  });
}

/** Ends all sessions of the actor but the one that asks. */
export async function endOtherSessions(context: AccountsContext, actor: Actor): Promise<void> {
  await change(context, async (tx, revoke) => {
    await requireCurrent(tx, actor);
    const where = { userId: actor.userId, id: { not: actor.sessionId } };
    const others = await tx.session.findMany({ where, select: { id: true } });
    await tx.session.deleteMany({ where });
    for (const { id } of others) revoke({ sessionId: id });
  });
}

/**
 * Ends all sessions of a user on behalf of an admin.
 *
 * @throws {Problem} `user-not-found`; `invalid-token` when the actor was changed since the token was issued
 */
export async function endAllSessions(context: AccountsContext, actor: Actor, userId: string): Promise<void> {
  await change(context, async (tx, revoke) => {
    await requireCurrent(tx, actor);
    const user = await tx.user.findUnique({ where: { id: userId.toLowerCase() }, select: { id: true } });
    if (user === null) throw new Problem('user-not-found');
    const { generation } = await raiseEpoch(tx, user.id);
    revoke({ userId: user.id, generation });
  });
}

/** Ends every session of a user and the access tokens of all of them. The caller revokes with the new generation. */
export async function raiseEpoch(tx: Transaction, userId: string): Promise<Owner> {
  await tx.session.deleteMany({ where: { userId } });
  return tx.user.update({
    where: { id: userId },
    data: { epoch: { increment: 1 }, generation: { increment: 1 } },
    ...ownerColumns,
  });
}

/** Deletes the rows of sessions that have ended by themselves. @returns how many */
export async function pruneSessions({ db, now }: AccountsContext): Promise<number> {
  const time = await now(db);
  const { count } = await db.session.deleteMany({
    where: { OR: [{ idleUntil: { lte: time } }, { expiresAt: { lte: time } }] },
  });
  return count;
}
