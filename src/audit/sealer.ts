import { type Db, joinSql, sql } from '../db/client.ts';
import { type RunOptions, runBatches } from '../db/raw/batches.ts';
import {
  type AuditContext,
  beginChain,
  type Chain,
  type ChainedEvent,
  codeOf,
  describeHead,
  moveEnds,
  readChain,
  renewKey,
  requireAuthentic,
} from './chain.ts';

/** Events that one transaction seals: some milliseconds in which SQLite's other writers wait. */
const BATCH = 500;

/**
 * Gives the events that are new their numbers and codes. Each process has one, and they take turns: whoever moves the head of the
 * chain has sealed, and the others find it moved. No sign-in waits for the chain.
 */
export class AuditSealer {
  readonly #audit: AuditContext;
  #hasOpened = false;

  constructor(audit: AuditContext) {
    this.#audit = audit;
  }

  /**
   * Seals what waits, in batches, until the run is over.
   *
   * @returns how many events this process has sealed
   * @throws {ConfigError} when the key of the chain cannot be opened
   */
  run(options: RunOptions = {}): Promise<number> {
    const { db } = this.#audit;
    return runBatches(async () => {
      const chain = await this.#open();
      // Read after the chain: what another process has sealed since moves the head, so that it is not sealed again.
      const events = await readUnsealed(db);
      const isSealed = events.length > 0 && (await seal(db, chain, events));
      return { rows: isSealed ? events.length : 0, isLast: !isSealed || events.length < BATCH };
    }, options);
  }

  async #open(): Promise<Chain> {
    const chain = await readOrBegin(this.#audit);
    requireAuthentic(chain);
    // Once: while SECRET is changed one process after the other, they would undo each other's work.
    if (!this.#hasOpened) await renewKey(this.#audit, chain);
    this.#hasOpened = true;
    return chain;
  }
}

/** The head of the chain, for the log. @returns undefined while nothing has been sealed */
export async function readHead(audit: AuditContext): Promise<string | undefined> {
  const chain = await readChain(audit);
  if (chain === undefined || chain.headNumber === 0) return undefined;
  requireAuthentic(chain);
  return describeHead(chain);
}

async function readOrBegin(audit: AuditContext): Promise<Chain> {
  const chain = await readChain(audit);
  if (chain !== undefined) return chain;
  await beginChain(audit);
  return readOrBegin(audit);
}

/** Outside the transaction: there, whoever adds an event meanwhile would conflict with the reader. */
function readUnsealed(db: Db): Promise<ChainedEvent[]> {
  return db.auditEvent.findMany({ where: { number: null }, orderBy: { id: 'asc' }, take: BATCH });
}

/** @returns whether it was this process that sealed */
function seal(db: Db, chain: Chain, events: readonly ChainedEvent[]): Promise<boolean> {
  let { headNumber, headCode } = chain;
  const links = events.map((event) => {
    headNumber += 1;
    headCode = codeOf(chain.key, headCode, headNumber, event);
    return sql`(${event.id}, ${headNumber}, ${headCode})`;
  });
  return db.transaction(async (tx) => {
    if (!(await moveEnds(tx, chain, { headNumber, headCode }))) return false;
    const count = await tx.raw.execute`
      UPDATE "AuditEvent" SET "number" = CAST(link.column2 AS INTEGER), "code" = link.column3
      FROM (VALUES ${joinSql(links)}) AS link
      WHERE "AuditEvent"."id" = link.column1 AND "AuditEvent"."number" IS NULL`;
    if (count !== events.length) throw new Error('Events that were to be sealed have changed from outside');
    return true;
  });
}
