import { type AuditContext, type Chain, type ChainedEvent, codeOf, readChain } from './chain.ts';
import { hashPersonalData } from './record.ts';

/** Events that are in memory at a time. */
const PAGE = 500;

/** Something that is not as the service left it. */
export interface Finding {
  /** Of the event, or of the first of several; null for what is about the chain as a whole. */
  readonly number: number | null;
  readonly id: string | null;
  /** Says what of it: the end of a sentence that begins with the event. */
  readonly problem: string;
}

/** A head that was logged earlier. */
export interface LoggedHead {
  readonly number: number;
  readonly code: string;
}

/** Hears of what is found, and is waited for. */
export type Report = (finding: Finding) => Promise<void>;

type Row = ChainedEvent & { readonly number: number; readonly code: string | null };
type PersonalRow = { readonly part: string; readonly salt: string; readonly data: string };

/** Where a walk has come to. */
interface Position {
  readonly number: number;
  /** The codes that the next event may follow from; undefined when the event before that is not there. */
  readonly codes: readonly string[] | undefined;
  readonly isDamaged: boolean;
}

/** One walk along the chain, from its old end to its head. */
export class ChainVerifier {
  findings = 0;
  events = 0;
  comparedHead = false;
  readonly #audit: AuditContext;
  readonly #report: Report;
  readonly #head: LoggedHead | undefined;
  #position: Position = { number: 0, codes: [''], isDamaged: false };
  /** Of the events that were seen with the number of the step. */
  #ids: string[] = [];
  #anchorNumber = 0;

  constructor(audit: AuditContext, report: Report, head: LoggedHead | undefined) {
    this.#audit = audit;
    this.#report = report;
    this.#head = head;
  }

  /** @param end the highest number to look at */
  async run(chain: Chain, end: number): Promise<void> {
    this.#startAfter(chain);
    if (!chain.isAuthentic) {
      await this.#find(
        null,
        null,
        `has ends that the service did not write: ${chain.anchorNumber} and ${chain.headNumber}`,
      );
    }
    await this.#checkPruned(chain);
    for (;;) {
      const rows = await this.#readPage(end);
      if (rows.length === 0) break;
      const where = { eventId: { in: rows.map(({ id }) => id) } };
      const personal = await this.#audit.db.personalData.findMany({ where });
      for (const row of rows) {
        const own = personal.filter(({ eventId }) => eventId === row.id);
        await this.#check(chain, row, own);
      }
    }
    await this.#closeGap(chain.headNumber + 1);
    await this.#compareEnds(chain);
  }

  /** @param number the highest of the events; null when none has one */
  async reportNoChain(number: number | null): Promise<void> {
    if (number !== null)
      await this.#find(null, null, `has lost its ends, and has events up to number ${number}`);
    if (this.#head !== undefined)
      await this.#find(this.#head.number, null, 'was the head in the log, and there is no chain');
  }

  async #check(chain: Chain, row: Row, personal: readonly PersonalRow[]): Promise<void> {
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
    if (await this.#follow(chain, row)) await this.#checkPersonalData(row, personal);
    if (this.#head?.number === number) await this.#compareHead(id, row.code);
  }

  /** Compares an event with its code. The stored code of the one before counts, so that only what is damaged is found. */
  async #follow({ key }: Chain, row: Row): Promise<boolean> {
    const { number, id, code } = row;
    const { codes, isDamaged } = this.#position;
    const expected = codes?.map((previous) => codeOf(key, previous, number, row));
    if (code !== null && (expected === undefined || expected.includes(code))) {
      this.#position = { number, codes: [code], isDamaged: false };
      return true;
    }
    // If nothing but its code was altered, the next event follows from the one that it should have.
    const next = [...(code === null ? [] : [code]), ...(expected ?? [])];
    this.#position = { number, codes: next, isDamaged: true };
    const problem = isDamaged
      ? 'does not follow from the event before it, which is damaged: that one was replaced, or this one altered too'
      : 'does not fit its code: it was altered, or moved here from another place';
    await this.#find(number, id, problem);
    return false;
  }

  async #checkPersonalData({ number, id, ...row }: Row, personal: readonly PersonalRow[]): Promise<void> {
    for (const { part, salt, data } of personal) {
      const hash = part === 'actor' ? row.actorHash : row.targetHash;
      if (hash !== hashPersonalData(salt, data))
        await this.#find(number, id, `has personal data (${part}) that was altered`);
    }
  }

  /** Reports the numbers between the last event and this one, if there are any and they have not just been pruned. */
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
    // The number of the step once more: without the index that forbids it, two events can have one.
    const number = { gte: this.#position.number, gt: this.#anchorNumber, lte: end };
    const where = { number, id: { notIn: this.#ids } };
    const query = { where, orderBy: { number: 'asc' }, take: PAGE } as const;
    const rows = await this.#audit.db.auditEvent.findMany(query);
    return rows.flatMap(({ number, ...row }) => (number === null ? [] : [{ ...row, number }]));
  }

  async #find(number: number | null, id: string | null, problem: string): Promise<void> {
    this.findings += 1;
    await this.#report({ number, id, problem });
  }
}
