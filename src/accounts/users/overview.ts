import { countEvents } from '../../audit/count.ts';
import type { Db } from '../../db/client.ts';
import { countUndelivered } from '../../mail/due.ts';
import type { AccountsContext } from '../context.ts';
import { expireElevationsForList } from './expire-elevations.ts';
import type { User } from './schemas.ts';
import { toUser, userColumns } from './users.ts';

/** The number of newest users that the overview shows. */
const MAX_NEWEST = 10;

/** The numbers of accounts and the newest users. */
export interface AccountsOverview {
  readonly total: number;
  readonly byAccess: { access: number; accessName: string; count: number }[];
  readonly disabled: number;
  readonly newest: User[];
}

/**
 * Counts the users by access level. Every declared level is listed, also one that no user has. All counts are
 * of one pass over an index, with a statement for each level: SQLite blocks the event loop for the time of
 * one, not of all.
 */
export async function readOverview(context: AccountsContext): Promise<AccountsOverview> {
  const { db, levels } = context;
  await expireElevationsForList(context);
  const counting = levels.all.map(async ({ name, number }) => {
    const [enabled, disabled] = await Promise.all(
      [false, true].map((isDisabled) => db.user.count({ where: { access: number, disabled: isDisabled } })),
    );
    return { access: number, accessName: name, enabled: enabled ?? 0, disabled: disabled ?? 0 };
  });
  const [groups, newest] = await Promise.all([
    Promise.all(counting),
    db.user.findMany({ orderBy: { id: 'desc' }, take: MAX_NEWEST, select: userColumns }),
  ]);
  const byAccess = groups.map(({ access, accessName, enabled, disabled }) => ({
    access,
    accessName,
    count: enabled + disabled,
  }));
  return {
    total: byAccess.reduce((sum, { count }) => sum + count, 0),
    byAccess,
    disabled: groups.reduce((sum, { disabled }) => sum + disabled, 0),
    newest: newest.map((row) => toUser(row, levels)),
  };
}

/** The number of hours of the sign-in chart. */
const HOURS = 24;
const HOUR_MS = 3_600_000;

/** The sign-ins of an hour. */
export interface SignIns {
  /** The beginning of the hour in ISO 8601. */
  readonly hour: string;
  readonly succeeded: number;
  readonly failed: number;
}

/** Counts the sign-ins of the last 24 hours, including the current one, oldest first. */
export async function readSignIns({ db }: Pick<AccountsContext, 'db'>): Promise<SignIns[]> {
  const last = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const hours = Array.from({ length: HOURS }, (_, index) => new Date(last - (HOURS - 1 - index) * HOUR_MS));
  return Promise.all(
    hours.map(async (hour) => {
      const end = new Date(hour.getTime() + HOUR_MS);
      const [succeeded, failed] = await Promise.all([
        countEvents(db, 'session.opened', hour, end),
        countEvents(db, 'sign-in.failed', hour, end),
      ]);
      return { hour: hour.toISOString(), succeeded, failed };
    }),
  );
}

/** The numbers of active sessions and of pending tasks. */
export interface Pending {
  readonly activeSessions: number;
  readonly pendingRegistrations: number;
  readonly pendingInvitations: number;
  readonly undeliveredMails: number;
}

/** Counts the active sessions and the pending tasks. */
export async function readPending({ db, now }: AccountsContext): Promise<Pending> {
  const time = await now(db);
  const live = { expiresAt: { gt: time } };
  const [activeSessions, pendingRegistrations, pendingInvitations, undeliveredMails] = await Promise.all([
    countActiveSessions(db, time),
    db.registration.count({ where: live }),
    db.invitation.count({ where: { ...live, inviterId: { not: null } } }),
    countUndelivered(db),
  ]);
  return { activeSessions, pendingRegistrations, pendingInvitations, undeliveredMails };
}

/**
 * Counts the active sessions: all of them, less those that have ended. A job deletes ended sessions, so there
 * are few, while a condition on both times would read the row of each active session. The statements do not
 * see one moment: a session that ends between them is counted or not.
 */
async function countActiveSessions(db: Db, time: Date): Promise<number> {
  const isOver = { lte: time };
  const [all, expired, idle, both] = await Promise.all([
    db.session.count(),
    db.session.count({ where: { expiresAt: isOver } }),
    db.session.count({ where: { idleUntil: isOver } }),
    db.session.count({ where: { expiresAt: isOver, idleUntil: isOver } }),
  ]);
  return Math.max(0, all - expired - idle + both);
}
