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

/** Events that one transaction seals. On SQLite, other writers wait for some milliseconds meanwhile. */
const BATCH_SIZE = 500;

/**
 * Seals new events: gives them their numbers and codes. Each process has a sealer. The process that moves the
 * head of the chain has sealed the batch; the others find the head moved. No sign-in waits for the chain.
 */
export class AuditSealer {
  readonly #audit: AuditContext;
  #hasRenewedKey = false;

  constructor(audit: AuditContext) {
    this.#audit = audit;
  }

  /**
   * Seals the events that are not sealed yet, in batches, until the run ends.
   *
   * @returns number of events that this process sealed
   * @throws {ConfigError} when the key of the chain cannot be decrypted
   */
  run(options: RunOptions = {}): Promise<number> {
    const { db } = this.#audit;
    return runBatches(async () => {
      const chain = await this.#open();
      // Read after the chain: when another process seals these events in between, it moves the head, and they
      // are not sealed twice.
      const events = await readUnsealed(db);
      const isSealed = events.length > 0 && (await seal(db, chain, events));
      return { rows: isSealed ? events.length : 0, isLast: !isSealed || events.length < BATCH_SIZE };
    }, options);
  }

  async #open(): Promise<Chain> {
    const chain = await readOrBegin(this.#audit);
    requireAuthentic(chain);
    // Once per process: while SECRET changes in one process after the other, they would overwrite each
    // other's key.
    if (!this.#hasRenewedKey) await renewKey(this.#audit, chain);
    this.#hasRenewedKey = true;
    return chain;
  }
}

/** Reads the head of the chain, for the log. @returns undefined while no event is sealed */
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

/**
 * Reads the events to seal. Outside the transaction: inside, a process that adds an event would conflict with
 * it.
 */
function readUnsealed(db: Db): Promise<ChainedEvent[]> {
  return db.auditEvent.findMany({ where: { number: null }, orderBy: { id: 'asc' }, take: BATCH_SIZE });
}

/** Writes the numbers and codes. @returns true when this process sealed the events, and not another one */
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
