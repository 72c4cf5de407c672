import type { AuditContext, Chain } from './chain.ts';
import { macOf, type StoredEvent } from './codes.ts';
import { Evidence } from './evidence.ts';

/** Events that are read, and held in memory, at a time. */
const PAGE_SIZE = 500;

/** Checks of an event itself: its MAC and its personal data, and not its place in the chain. */
export class EventCheck {
  readonly #audit: AuditContext;
  readonly #chain: Chain;

  constructor(audit: AuditContext, chain: Chain) {
    this.#audit = audit;
    this.#chain = chain;
  }

  /** Reads what the checks of a page of events need. */
  read(events: readonly StoredEvent[]): Promise<Evidence> {
    return Evidence.read(this.#audit.db, events);
  }

  /** Lists what is wrong with a sealed event, as predicates. */
  async problemsOf(event: StoredEvent, evidence: Evidence): Promise<string[]> {
    const { macsFrom } = this.#chain;
    const isRequired = macsFrom !== null && event.createdAt >= macsFrom;
    return this.#problemsOf(event, evidence, isRequired);
  }

  /** Reports what is wrong with the events that wait for the sealer. */
  async reportWaiting(report: (id: string, problem: string) => Promise<void>): Promise<void> {
    const { db, now } = this.#audit;
    const { macsFrom } = this.#chain;
    // Their time is as good as what wrote it, so the time of the verification decides.
    const isRequired = macsFrom !== null && (await now(db)) >= macsFrom;
    for (let last: string | undefined = ''; last !== undefined; ) {
      const where = { number: null, id: { gt: last } };
      const events: StoredEvent[] = await db.auditEvent.findMany({
        where,
        orderBy: { id: 'asc' },
        take: PAGE_SIZE,
      });
      const evidence = await this.read(events);
      for (const event of events)
        for (const problem of await this.#problemsOf(event, evidence, isRequired))
          await report(event.id, problem);
      last = events.at(-1)?.id;
    }
  }

  async #problemsOf(event: StoredEvent, evidence: Evidence, isMacRequired: boolean): Promise<string[]> {
    const { mac } = event;
    const isOwn = mac === null ? !isMacRequired : mac === macOf(this.#chain.macKey, event);
    const personal = evidence.problemsOf(event);
    return [
      ...(isOwn ? [] : ['has no valid MAC: it was inserted, or altered before it was sealed']),
      ...(personal.length === 0 ? [] : await this.#confirm(event)),
    ];
  }

  /** Reads again: the user was deleted, the invitation accepted or the event pruned in the meantime. */
  async #confirm(event: StoredEvent): Promise<string[]> {
    const { db } = this.#audit;
    const problems = (await this.read([event])).problemsOf(event);
    const isThere = (await db.auditEvent.count({ where: { id: event.id } })) > 0;
    return isThere ? problems : [];
  }
}
