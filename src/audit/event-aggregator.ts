import type { Db, Transaction } from '../db/client.ts';
import type { AuditRecord } from './event.ts';
import { record, subjectOf } from './record.ts';

/** Milliseconds in which what is repeated becomes one event. */
const SPAN = 600_000;

/** Different things that are counted at a time. With more, what is new is counted as one. */
const LIMIT = 200;

/** What is counted: denials and failed sign-ins, which change nothing and which a stranger can cause as often as he likes. */
export type AggregatedEvent = Omit<AuditRecord, 'count'>;

interface Entry {
  readonly event: AggregatedEvent;
  readonly count: number;
  /** performance.now() until which further ones are held back. */
  readonly heldUntil: number;
}

/** What was counted of one kind, and is to be written. */
interface Counted extends Entry {
  readonly key: string;
}

/**
 * Counts what happens too often to be written each time. The first of its kind is written with the next flush, and the rest as
 * one event for each span, so that a flood adds at most `LIMIT` events in ten minutes for each process.
 */
export class EventAggregator {
  /** The end of the last flush: two at once would write the same counts. */
  #flushed: Promise<unknown> = Promise.resolve();
  readonly #entries = new Map<string, Entry>();
  /** What may have been written: the answer to the commit was lost. Either all of it is there or nothing. */
  #unconfirmed: { readonly id: string; readonly counted: readonly Counted[] } | undefined;

  /** Counts something. Of those of a kind, the last one's request context is kept. */
  add(event: AggregatedEvent): void {
    const { action, actorId, targetId, after } = event;
    const key = JSON.stringify([action, actorId, targetId, after]);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#entries.set(key, { ...known, event, count: known.count + 1 });
    } else if (this.#entries.size < LIMIT) {
      this.#entries.set(key, { event, count: 1, heldUntil: 0 });
    } else {
      this.#addToOthers(event);
    }
  }

  /**
   * Writes what is due.
   *
   * @param everything also what would be held back: before the process ends
   * @throws when the database is away; nothing is lost then, and the next flush writes it, unless it finds it written
   */
  flush(db: Db, everything = false): Promise<void> {
    const flush = this.#flushed.then(() => this.#write(db, everything));
    this.#flushed = flush.catch(() => {});
    return flush;
  }

  async #write(db: Db, everything: boolean): Promise<void> {
    await this.#resolve(db);
    const now = performance.now();
    const due = [...this.#entries].filter(([, { heldUntil }]) => everything || heldUntil <= now);
    const counted = due.filter(([, { count }]) => count > 0).map(([key, entry]) => ({ key, ...entry }));
    for (const [key, { count }] of due) if (count === 0) this.#entries.delete(key);
    if (counted.length === 0) return;
    const events = counted.map(({ event, count }) => ({ ...event, count }));
    let id: string | undefined;
    try {
      await db.transaction(async (tx) => {
        [id] = await record(tx, await redactDeletedUsers(tx, events));
      });
    } catch (error) {
      if (id !== undefined) this.#unconfirmed = { id, counted };
      throw error;
    }
    this.#settleAll(counted);
  }

  async #resolve(db: Db): Promise<void> {
    if (this.#unconfirmed === undefined) return;
    const { id, counted } = this.#unconfirmed;
    const written = await db.auditEvent.findUnique({ where: { id }, select: { id: true } });
    this.#unconfirmed = undefined;
    if (written !== null) this.#settleAll(counted);
  }

  #settleAll(counted: readonly Counted[]): void {
    const heldUntil = performance.now() + SPAN;
    for (const { key, count } of counted) this.#markWritten(key, count, heldUntil);
  }

  /** What was counted while the rows were written stays. */
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

/** Whoever has left since it was counted has had all personal data erased: none comes after. */
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
