import { countUndelivered } from '../../mail/due.ts';
import type { AccountsContext } from '../context.ts';
import { expireElevationsForList } from '../users/expire-elevations.ts';
import type { User } from '../users/schemas.ts';
import { toUser, userColumns } from '../users/users.ts';
import { SessionCount } from './session-count.ts';
import { SignInCounts, type SignIns } from './sign-in-counts.ts';
import { UserCounts } from './user-counts.ts';

/** The number of newest users that the overview shows. */
const MAX_NEWEST = 10;

/** The numbers of accounts and the newest users. */
export interface AccountsOverview {
  readonly total: number;
  readonly byAccess: { access: number; accessName: string; count: number }[];
  readonly disabled: number;
  readonly newest: User[];
}

/** The numbers of active sessions and of pending tasks. */
export interface Pending {
  readonly activeSessions: number;
  /** The time at which the sessions were counted, in ISO 8601. */
  readonly activeSessionsAsOf: string;
  readonly pendingRegistrations: number;
  readonly pendingInvitations: number;
  readonly undeliveredMails: number;
}

/** The service at a glance. It keeps counts, so that a look costs the same for any number of users. */
export class Overview {
  readonly #context: AccountsContext;
  readonly #users: UserCounts;
  readonly #signIns: SignInCounts;
  readonly #sessions: SessionCount;

  constructor(context: AccountsContext) {
    this.#context = context;
    this.#users = new UserCounts(context);
    this.#signIns = new SignInCounts(context);
    this.#sessions = new SessionCount(context);
  }

  /** Reads the numbers of users by level. Every declared level is listed, also one that no user has. */
  async readUsers(): Promise<AccountsOverview> {
    const { db, levels } = this.#context;
    await expireElevationsForList(this.#context);
    const [counts, newest] = await Promise.all([
      this.#users.read(),
      db.user.findMany({
        where: { kind: 'person' },
        orderBy: { id: 'desc' },
        take: MAX_NEWEST,
        select: userColumns,
      }),
    ]);
    const byLevel = levels.all.map(({ name, number }) => {
      const { enabled, disabled } = counts.get(number) ?? { enabled: 0, disabled: 0 };
      return { access: number, accessName: name, count: enabled + disabled, disabled };
    });
    return {
      total: byLevel.reduce((sum, { count }) => sum + count, 0),
      byAccess: byLevel.map(({ access, accessName, count }) => ({ access, accessName, count })),
      disabled: byLevel.reduce((sum, { disabled }) => sum + disabled, 0),
      newest: newest.map((row) => toUser(row, levels)),
    };
  }

  /** Reads the sign-ins of the last 24 hours, including the current one, oldest first. */
  readSignIns(): Promise<SignIns[]> {
    return this.#signIns.read();
  }

  /** Reads the numbers of active sessions and of pending tasks. */
  async readPending(): Promise<Pending> {
    const { db, now } = this.#context;
    const live = { expiresAt: { gt: await now(db) } };
    const [{ count, asOf }, pendingRegistrations, pendingInvitations, undeliveredMails] = await Promise.all([
      this.#sessions.read(),
      db.registration.count({ where: live }),
      db.invitation.count({ where: { ...live, inviterId: { not: null } } }),
      countUndelivered(db),
    ]);
    return {
      activeSessions: count,
      activeSessionsAsOf: asOf.toISOString(),
      pendingRegistrations,
      pendingInvitations,
      undeliveredMails,
    };
  }
}
