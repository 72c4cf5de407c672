/**
 * Ledger of the responses to clients, to compare with the database: a change with a 2xx response must be
 * stored. A change without one (a 503, a broken connection) may be stored or not, but at most once.
 */
import type { Db } from '#latchkey/db/client.ts';

/** State of a change, as its client knows it. */
export type Certainty = 'acknowledged' | 'unknown';

export interface KnownSession {
  readonly userId: string;
  /** Number of acknowledged rotations. */
  rotation: number;
  /** True when one more may have happened. */
  isRotationOpen: boolean;
  end: Certainty | undefined;
}

interface KnownChange {
  readonly userId: string;
  readonly access: number;
  readonly certainty: Certainty;
  /** True when the level certainly changed, so that there must be an event. */
  readonly isRecorded: boolean;
}

/** The ledger of one test. */
export class Ledger {
  /** Ids by address; undefined while the account is not acknowledged. */
  readonly users = new Map<string, string | undefined>();
  readonly sessions = new Map<string, KnownSession>();
  /** Changes in their order, by the reason of each, which the audit contains. */
  readonly changes = new Map<string, KnownChange>();

  /** Numbers of acknowledged changes, for the report. */
  get acknowledged(): { users: number; sessions: number; rotations: number; changes: number; ends: number } {
    const sessions = [...this.sessions.values()];
    return {
      users: [...this.users.values()].filter((id) => id !== undefined).length,
      sessions: sessions.length,
      rotations: sessions.reduce((sum, { rotation }) => sum + rotation, 0),
      changes: [...this.changes.values()].filter(({ certainty }) => certainty === 'acknowledged').length,
      ends: sessions.filter(({ end }) => end === 'acknowledged').length,
    };
  }

  /**
   * Compares the ledger with the rows and the audit. No request may be pending.
   *
   * @returns one line for each difference
   */
  async compare(db: Db): Promise<string[]> {
    const events = await db.auditEvent.findMany({ orderBy: { id: 'asc' } });
    const audit = new Audit(events);
    return [
      ...(await this.#compareUsers(db, audit)),
      ...(await this.#compareSessions(db, audit)),
      ...(await this.#compareChanges(db, audit)),
    ];
  }

  async #compareUsers(db: Db, audit: Audit): Promise<string[]> {
    const rows = await db.user.findMany({ select: { id: true, email: true } });
    const ids = new Map(rows.map(({ id, email }) => [email, id]));
    const wrong: string[] = [];
    for (const [email, id] of this.users) {
      if (id !== undefined && ids.get(email) !== id) wrong.push(`the registration of ${email} is lost`);
      const found = ids.get(email);
      if (found === undefined) continue;
      const times = audit.count('user.registered', ({ targetId }) => targetId === found);
      if (times !== 1) wrong.push(`${email} has ${times} user.registered`);
    }
    const registered = audit.count('user.registered', () => true);
    if (registered > rows.length) wrong.push(`${registered} were registered, and ${rows.length} are there`);
    return wrong;
  }

  async #compareSessions(db: Db, audit: Audit): Promise<string[]> {
    const rows = new Map((await db.session.findMany()).map((row) => [row.id, row]));
    const opened = audit.bySession('session.opened', 'after');
    const ended = audit.bySession('session.ended', 'before');
    const wrong: string[] = [];
    for (const [id, { rotation, isRotationOpen, end }] of this.sessions) {
      const row = rows.get(id);
      if (opened.get(id) !== 1) wrong.push(`session ${id} has ${opened.get(id) ?? 0} session.opened`);
      const ends = ended.get(id) ?? 0;
      if (ends > 1) wrong.push(`session ${id} has ${ends} session.ended`);
      if (end === 'acknowledged' && (row !== undefined || ends !== 1))
        wrong.push(`the end of session ${id} is lost`);
      if (end === undefined && row === undefined) wrong.push(`session ${id} is lost`);
      if (row === undefined) continue;
      const most = rotation + (isRotationOpen ? 1 : 0);
      if (row.rotation < rotation || row.rotation > most)
        wrong.push(`session ${id} is at rotation ${row.rotation}, and ${rotation} to ${most} were told`);
    }
    for (const id of rows.keys()) if (opened.get(id) !== 1) wrong.push(`nobody knows how ${id} was opened`);
    return wrong;
  }

  async #compareChanges(db: Db, audit: Audit): Promise<string[]> {
    const wrong: string[] = [];
    const reasons = new Map<string, number>();
    for (const { data } of await db.personalData.findMany({ where: { part: 'target' } })) {
      const { reason } = JSON.parse(data);
      if (typeof reason === 'string') reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    const access = new Map((await db.user.findMany()).map((row) => [row.id, row.access]));
    /** Possible levels of each user: the last acknowledged one, or one that was attempted after it. */
    const possible = new Map<string, Set<number>>();
    for (const [reason, change] of this.changes) {
      const times = reasons.get(reason) ?? 0;
      const isAcknowledged = change.certainty === 'acknowledged';
      if (times > 1 || (isAcknowledged && change.isRecorded && times === 0))
        wrong.push(`${reason} is in the audit ${times} times`);
      const before = possible.get(change.userId) ?? new Set([1]);
      possible.set(
        change.userId,
        isAcknowledged ? new Set([change.access]) : new Set([...before, change.access]),
      );
    }
    for (const [userId, levels] of possible) {
      const level = access.get(userId);
      if (level === undefined || !levels.has(level))
        wrong.push(`${userId} has access ${level}, and was told ${[...levels].join(' or ')}`);
    }
    return [...wrong, ...audit.brokenHistories()];
  }
}

interface EventRow {
  readonly action: string;
  readonly targetId: string | null;
  readonly before: string | null;
  readonly after: string | null;
}

class Audit {
  readonly #events: readonly EventRow[];

  constructor(events: readonly EventRow[]) {
    this.#events = events;
  }

  count(action: string, isMeant: (event: EventRow) => boolean): number {
    return this.#events.filter((event) => event.action === action && isMeant(event)).length;
  }

  bySession(action: string, part: 'before' | 'after'): Map<string, number> {
    const counts = new Map<string, number>();
    for (const event of this.#events) {
      if (event.action !== action) continue;
      const { sessionId } = JSON.parse(event[part] ?? '{}');
      if (typeof sessionId === 'string') counts.set(sessionId, (counts.get(sessionId) ?? 0) + 1);
    }
    return counts;
  }

  /**
   * Checks for each user that every change of level begins where another ended: none is lost, and none is
   * duplicated.
   */
  brokenHistories(): string[] {
    const changes = new Map<string, { from: number; to: number }[]>();
    for (const { action, targetId, before, after } of this.#events) {
      if (action !== 'user.access-changed' || targetId === null) continue;
      const change = { from: JSON.parse(before ?? '{}').access, to: JSON.parse(after ?? '{}').access };
      changes.set(targetId, [...(changes.get(targetId) ?? []), change]);
    }
    return [...changes].flatMap(([id, history]) => {
      // The clocks of the processes, and so the order of the ids, may differ: each level must be left as
      // often as it was entered.
      const balance = new Map<number, number>();
      for (const { from, to } of history) {
        balance.set(from, (balance.get(from) ?? 0) - 1);
        balance.set(to, (balance.get(to) ?? 0) + 1);
      }
      const isWhole = [...balance.values()].every((value) => Math.abs(value) <= 1);
      return isWhole ? [] : [`the changes of ${id} do not follow from each other`];
    });
  }
}
