import { type AuditContext, type Chain, readChain } from './chain.ts';
import { codeOf, type StoredEvent } from './codes.ts';
import { EventCheck } from './event-check.ts';
import type { Evidence } from './evidence.ts';

/** Number of events that are read, and held in memory, at a time. */
const PAGE_SIZE = 500;

/** A difference between the audit and what the service wrote. */
export interface Finding {
  /**
   * Number of the event, or of the first of several. Null: the event has none yet; without an id, the finding
   * is about the whole chain.
   */
  readonly number: number | null;
  readonly id: string | null;
  /** Predicate of a sentence whose subject is the event. */
  readonly problem: string;
}

/** A head that was logged earlier. */
export interface LoggedHead {
  readonly number: number;
  readonly code: string;
}

/** Callback that receives each finding. The verifier awaits it. */
export type Report = (finding: Finding) => Promise<void>;

type Row = StoredEvent & { readonly number: number; readonly code: string | null };

/** Position of the verifier in the chain. */
interface Position {
  readonly number: number;
  /** Codes that the next event may follow from. Undefined: the event before it is missing. */
  readonly codes: readonly string[] | undefined;
  readonly isDamaged: boolean;
}

/** One verification of the chain, from its oldest event to its head. */
export class ChainVerifier {
  findings = 0;
  events = 0;
  comparedHead = false;
  readonly #audit: AuditContext;
  readonly #report: Report;
  readonly #head: LoggedHead | undefined;
  #position: Position = { number: 0, codes: [''], isDamaged: false };
  /** Ids of the events that have the number of the current position. */
  #ids: string[] = [];
  #anchorNumber = 0;

  constructor(audit: AuditContext, report: Report, head: LoggedHead | undefined) {
    this.#audit = audit;
    this.#report = report;
    this.#head = head;
  }

  /** Verifies the whole chain. @param end highest number to look at */
  async run(chain: Chain, end: number): Promise<void> {
    this.#startAfter(chain);
    if (!chain.isAuthentic) {
      await this.#find(
        null,
        null,
        `has ends that the service did not write: ${chain.anchorNumber} and ${chain.headNumber}, with MACs since ${chain.macsFrom?.toISOString() ?? 'never'}`,
      );
    }
    await this.#checkPruned(chain);
    const check = new EventCheck(this.#audit, chain);
    for (;;) {
      const rows = await this.#readPage(end);
      if (rows.length === 0) break;
      const evidence = await check.read(rows);
      for (const row of rows) await this.#check(chain, row, check, evidence);
    }
    await this.#closeGap(chain.headNumber + 1);
    await this.#compareEnds(chain);
    await check.reportWaiting((id, problem) => this.#find(null, id, problem));
  }

  /** Reports a missing chain. @param number highest of all events; null when none has a number */
  async reportNoChain(number: number | null): Promise<void> {
    if (number !== null)
      await this.#find(null, null, `has lost its ends, and has events up to number ${number}`);
    if (this.#head !== undefined)
      await this.#find(this.#head.number, null, 'was the head in the log, and there is no chain');
  }

  async #check(chain: Chain, row: Row, check: EventCheck, evidence: Evidence): Promise<void> {
    const { number, id } = row;
    if (number <= this.#anchorNumber) return;
    if (number <= this.#position.number) {
      this.#ids.push(id);
      return this.#find(number, id, 'has the number of another event');
    }
    await this.#closeGap(Math.min(number, chain.headNumber + 1));
    if (number <= this.#anchorNumber) return;
    this.#ids = [id];
    this.events += 1;
    if (number > chain.headNumber) {
      this.#position = { number, codes: undefined, isDamaged: true };
      return this.#find(number, id, `has a number beyond the head, ${chain.headNumber}`);
    }
    if (await this.#follow(chain, row))
      for (const problem of await check.problemsOf(row, evidence)) await this.#find(number, id, problem);
    if (this.#head?.number === number) await this.#compareHead(id, row.code);
  }

  /** Compares an event with its code and the stored code before it, so that only damage is reported. */
  async #follow({ key }: Chain, row: Row): Promise<boolean> {
    const { number, id, code } = row;
    const { codes, isDamaged } = this.#position;
    const expected = codes?.map((previous) => codeOf(key, previous, number, row));
    if (code !== null && (expected === undefined || expected.includes(code))) {
      this.#position = { number, codes: [code], isDamaged: false };
      return true;
    }
    // If only the code of this event was altered, the next event follows from the expected code.
    const next = [...(code === null ? [] : [code]), ...(expected ?? [])];
    this.#position = { number, codes: next, isDamaged: true };
    const problem = isDamaged
      ? 'does not follow from the event before it, which is damaged: that one was replaced, or this one altered too'
      : 'does not fit its code: it was altered, or moved here from another place';
    await this.#find(number, id, problem);
    return false;
  }

  /** Reports the numbers that are missing before this one, unless they have just been pruned. */
  async #closeGap(number: number): Promise<void> {
    if (number <= this.#position.number + 1) return;
    const chain = await readChain(this.#audit);
    if (chain?.isAuthentic && chain.anchorNumber > this.#position.number) this.#startAfter(chain);
    const first = this.#position.number + 1;
    if (number <= first) return;
    const others = number - first - 1;
    const which = others === 0 ? 'was removed' : `was removed, and ${others} after it up to ${number - 1}`;
    await this.#find(first, null, which);
    this.#position = { number: number - 1, codes: undefined, isDamaged: false };
    this.#ids = [];
  }

  async #checkPruned({ anchorNumber }: Chain): Promise<void> {
    const count = await this.#audit.db.auditEvent.count({ where: { number: { lte: anchorNumber } } });
    if (count === 0) return;
    await this.#find(
      null,
      null,
      `begins after number ${anchorNumber}, but ${count} events up to there were not pruned`,
    );
  }

  async #compareEnds({ headNumber, headCode, anchorNumber, anchorCode }: Chain): Promise<void> {
    const { number, codes, isDamaged } = this.#position;
    if (number === headNumber && codes !== undefined && !isDamaged && !codes.includes(headCode))
      await this.#find(number, this.#ids[0] ?? null, 'is not the event that the service sealed last');
    const head = this.#head;
    if (head === undefined) return;
    if (head.number === anchorNumber) await this.#compareHead(null, anchorCode);
    if (head.number <= headNumber) return;
    this.comparedHead = true;
    await this.#find(
      head.number,
      null,
      `was the head in the log, but the chain was cut off at ${headNumber}`,
    );
  }

  async #compareHead(id: string | null, code: string | null): Promise<void> {
    this.comparedHead = true;
    if (code !== this.#head?.code)
      await this.#find(this.#head?.number ?? null, id, 'is not the event that was the head in the log');
  }

  #startAfter({ anchorNumber, anchorCode }: Chain): void {
    this.#anchorNumber = anchorNumber;
    this.#position = { number: anchorNumber, codes: [anchorCode], isDamaged: false };
    this.#ids = [];
  }

  async #readPage(end: number): Promise<Row[]> {
    // Includes the current number: if the unique index was dropped, two events can have the same number.
    const number = { gte: this.#position.number, gt: this.#anchorNumber, lte: end };
    const where = { number, id: { notIn: this.#ids } };
    const query = { where, orderBy: { number: 'asc' }, take: PAGE_SIZE } as const;
    const rows = await this.#audit.db.auditEvent.findMany(query);
    return rows.flatMap(({ number, ...row }) => (number === null ? [] : [{ ...row, number }]));
  }

  async #find(number: number | null, id: string | null, problem: string): Promise<void> {
    this.findings += 1;
    await this.#report({ number, id, problem });
  }
}
