import { invalidToken } from '../../access/challenges.ts';
import type { ColumnsOf } from '../../db/client.ts';
import { Problem } from '../../problems/problem.ts';
import type { AccountsContext } from '../context.ts';
import type { Session } from './schemas.ts';

const HOUR_MS = 3_600_000;

/** Lists the active sessions of the caller, newest first. @param current id of the request's session */
export async function listSessions(
  context: AccountsContext,
  userId: string,
  current: string,
): Promise<Session[]> {
  const sessions = await readSessions(context, userId, current);
  if (sessions === undefined) throw invalidToken();
  return sessions;
}

/**
 * Lists the active sessions of a user for an admin, newest first.
 *
 * @param current id of the request's session; undefined for an API key
 * @throws {Problem} `user-not-found`
 */
export async function listUserSessions(
  context: AccountsContext,
  userId: string,
  current: string | undefined,
): Promise<Session[]> {
  const sessions = await readSessions(context, userId.toLowerCase(), current);
  if (sessions === undefined) throw new Problem('user-not-found');
  return sessions;
}

/** @returns undefined when there is no such user */
async function readSessions(
  { db, now }: AccountsContext,
  userId: string,
  current: string | undefined,
): Promise<Session[] | undefined> {
  const user = await db.user.findUnique({ where: { id: userId }, select: { epoch: true } });
  if (user === null) return undefined;
  const time = await now(db);
  const rows = await db.session.findMany({
    where: { userId, epoch: user.epoch, idleUntil: { gt: time }, expiresAt: { gt: time } },
    orderBy: { id: 'desc' },
  });
  return rows.map((session) => ({
    id: session.id,
    createdAt: session.createdAt.toISOString(),
    lastUsedAt: lastUseOf(session, time).toISOString(),
    expiresAt: session.expiresAt.toISOString(),
    ip: session.ip,
    userAgent: session.userAgent,
    current: session.id === current,
  }));
}

type Uses = Pick<ColumnsOf<'Session'>, 'createdAt' | 'rotatedAt' | 'rotatedBefore'>;

/**
 * Returns the hour of the last rotation before the current hour; the time of the sign-in when that is later.
 *
 * A thief of a refresh token who learned the second of a rotation could repeat it in time, and stay in. A
 * time that is rounded down changes in that second too, once in an hour. This one changes with the hour.
 */
function lastUseOf({ createdAt, rotatedAt, rotatedBefore }: Uses, time: Date): Date {
  const isPast = hourOf(rotatedAt) < hourOf(time);
  const hour = hourOf((isPast ? rotatedAt : rotatedBefore) ?? createdAt);
  return new Date(Math.max(hour, createdAt.getTime()));
}

/** Returns `rotatedBefore` of a session that is rotated. */
export function rotatedBeforeOf(
  { rotatedAt, rotatedBefore }: Pick<Uses, 'rotatedAt' | 'rotatedBefore'>,
  time: Date,
): Date | null {
  return hourOf(rotatedAt) < hourOf(time) ? rotatedAt : rotatedBefore;
}

function hourOf(time: Date): number {
  return Math.floor(time.getTime() / HOUR_MS) * HOUR_MS;
}
