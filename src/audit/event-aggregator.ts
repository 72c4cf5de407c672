import type { Db, Transaction } from '../db/client.ts';
import type { AuditRecord } from './event.ts';
import { type Recorder, subjectOf } from './record.ts';

/** Period in which repeated events become one. */
const AGGREGATION_MS = 600_000;

/** Kinds of events that are counted separately. Beyond this, new kinds are counted together, by action. */
const MAX_KINDS = 200;

/**
 * An event that is counted: a denial or a failed sign-in. It changes nothing, and unauthenticated callers can
 * cause any number of them.
 */
export type AggregatedEvent = Omit<AuditRecord, 'count'>;

interface Entry {
  readonly event: AggregatedEvent;
  readonly count: number;
  /** Value of performance.now() until which further events are held back. */
  readonly heldUntil: number;
}

/** The events of one kind that are to be written. */
interface Counted extends Entry {
  readonly key: string;
}

/**
 * Aggregates events that are too frequent to be written one by one. The first event of a kind is written with
 * the next flush, the rest as one event per period. So a flood adds at most `MAX_KINDS` events in ten minutes
 * per process.
 */
export class EventAggregator {
  readonly #recorder: Recorder;
  /** End of the last flush: two flushes at once would write the same counts. */
  #flushed: Promise<unknown> = Promise.resolve();
  readonly #entries = new Map<string, Entry>();
  /**
   * Events that may have been written: the answer to the commit was lost. Either all of them are stored or
   * none.
   */
  #unconfirmed: { readonly id: string; readonly counted: readonly Counted[] } | undefined;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** Counts an event. The request context of the last event of a kind is kept. */
  add(event: AggregatedEvent): void {
    const { action, actorId, targetId, after, requestContext } = event;
    const key = JSON.stringify([action, actorId, targetId, after, requestContext.apiKeyId]);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#entries.set(key, { ...known, event, count: known.count + 1 });
    } else if (this.#entries.size < MAX_KINDS) {
      this.#entries.set(key, { event, count: 1, heldUntil: 0 });
    } else {
      this.#addToOthers(event);
    }
  }

  /**
   * Writes the events that are due.
   *
   * @param everything also writes events that are held back; for the shutdown
   * @throws {Error} when the database is unavailable. Nothing is lost: the next flush writes the events,
   *   unless it finds that they were written
   */
  flush(db: Db, everything = false): Promise<void> {
    const flush = this.#flushed.then(() => this.#write(db, everything));
    this.#flushed = flush.catch(() => {});
    return flush;
  }

  async #write(db: Db, everything: boolean): Promise<void> {
    await this.#resolveUnconfirmed(db);
    const now = performance.now();
    const due = [...this.#entries].filter(([, { heldUntil }]) => everything || heldUntil <= now);
    const counted = due.filter(([, { count }]) => count > 0).map(([key, entry]) => ({ key, ...entry }));
    for (const [key, { count }] of due) if (count === 0) this.#entries.delete(key);
    if (counted.length === 0) return;
    const events = counted.map(({ event, count }) => ({ ...event, count }));
    let id: string | undefined;
    try {
      await db.transaction(async (tx) => {
        [id] = await this.#recorder.record(tx, await redactDeletedUsers(tx, events));
      });
    } catch (error) {
      if (id !== undefined) this.#unconfirmed = { id, counted };
      throw error;
    }
    this.#markAllWritten(counted);
  }

  async #resolveUnconfirmed(db: Db): Promise<void> {
    if (this.#unconfirmed === undefined) return;
    const { id, counted } = this.#unconfirmed;
    const written = await db.auditEvent.findUnique({ where: { id }, select: { id: true } });
    this.#unconfirmed = undefined;
    if (written !== null) this.#markAllWritten(counted);
  }

  #markAllWritten(counted: readonly Counted[]): void {
    const heldUntil = performance.now() + AGGREGATION_MS;
    for (const { key, count } of counted) this.#markWritten(key, count, heldUntil);
  }

  /** Subtracts the written count. Events that were counted during the write remain. */
  #markWritten(key: string, written: number, heldUntil: number): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#entries.set(key, { ...entry, count: entry.count - written, heldUntil });
  }

  #addToOthers({ action, requestContext }: AggregatedEvent): void {
    const key = JSON.stringify([action]);
    const known = this.#entries.get(key);
    const event = { action, actorId: null, targetId: null, requestContext };
    this.#entries.set(key, { event, count: (known?.count ?? 0) + 1, heldUntil: known?.heldUntil ?? 0 });
  }
}

/**
 * Removes the personal data of users who were deleted after the count: their data was erased, and must not be
 * written again.
 */
async function redactDeletedUsers(tx: Transaction, events: readonly AuditRecord[]): Promise<AuditRecord[]> {
  const subjects = events.map(subjectOf).filter((id) => id !== null);
  const present = await tx.user.findMany({ where: { id: { in: subjects } }, select: { id: true } });
  const ids = new Set(present.map(({ id }) => id));
  return events.map((event) => {
    const subject = subjectOf(event);
    if (subject === null || ids.has(subject)) return event;
    return {
      ...event,
      requestContext: { ip: null, userAgent: null, requestId: event.requestContext.requestId },
    };
  });
}
