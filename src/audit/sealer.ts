import { type Db, joinSql, sql } from '../db/client.ts';
import { type RunOptions, runBatches } from '../db/raw/batches.ts';
import {
  type AuditContext,
  type Chain,
  describeHead,
  moveEnds,
  readChain,
  readOrBeginChain,
  renewKey,
  requireAuthentic,
  requireMacs,
} from './chain.ts';
import { type ChainedEvent, codeOf, macOf, type StoredEvent } from './codes.ts';
import { noRequest } from './event.ts';
import { writeEvents } from './record.ts';

/** Events that one transaction seals. On SQLite, other writers wait for some milliseconds meanwhile. */
const BATCH_SIZE = 500;

/**
 * Time from the first sealer with MACs until events need one. In a rolling upgrade, processes of the version
 * before write events without a MAC for some minutes.
 */
export const ROLLING_UPGRADE_MS = 3_600_000;

/** The part of a logger that the audit needs. */
export interface AuditLog {
  info(members: object, text: string): void;
  warn(members: object, text: string): void;
}

const silent: AuditLog = { info: () => {}, warn: () => {} };

/**
 * Seals new events: gives them their numbers and codes. Each process has a sealer. The process that moves the
 * head of the chain has sealed the batch; the others find the head moved. No sign-in waits for the chain.
 *
 * Only events with the MAC of the service are sealed. An event that was inserted from outside waits for ever,
 * and the verification reports it.
 */
export class AuditSealer {
  readonly #audit: AuditContext;
  readonly #log: AuditLog;
  /** The first value that this process has seen: who can write to the database cannot move it later. */
  #macsFrom: Date | undefined;
  #hasWarned = false;

  constructor(audit: AuditContext, log: AuditLog = silent) {
    this.#audit = audit;
    this.#log = log;
  }

  /**
   * Seals the events that are not sealed yet, in batches, until the run ends.
   *
   * @returns number of events that this process sealed
   * @throws {ConfigError} when the key of the chain cannot be decrypted
   */
  run(options: RunOptions = {}): Promise<number> {
    const { db } = this.#audit;
    let last = '';
    return runBatches(async () => {
      const { chain, macsFrom } = await this.#open();
      // Read after the chain: when another process seals these events in between, it moves the head, and they
      // are not sealed twice.
      const waiting = await readUnsealed(db, last);
      const events = await this.#selectOwn(waiting, chain, macsFrom);
      const isSealed = events.length > 0 && (await seal(db, chain, events));
      const isLast = waiting.length < BATCH_SIZE || (events.length > 0 && !isSealed);
      // Events that stay unsealed are passed over, so that they do not hold up those behind them.
      last = waiting.at(-1)?.id ?? last;
      return { rows: isSealed ? events.length : 0, isLast };
    }, options);
  }

  async #open(): Promise<{ readonly chain: Chain; readonly macsFrom: Date }> {
    const chain = await readOrBeginChain(this.#audit);
    requireAuthentic(chain);
    if (this.#macsFrom !== undefined) return { chain, macsFrom: this.#macsFrom };
    // Once per process: while SECRET changes in one process after the other, they would overwrite each
    // other's key.
    await renewKey(this.#audit, chain);
    this.#macsFrom = chain.macsFrom ?? (await this.#requireMacs(chain));
    return { chain, macsFrom: this.#macsFrom };
  }

  async #requireMacs(chain: Chain): Promise<Date> {
    const { db, now } = this.#audit;
    const macsFrom = new Date((await now(db)).getTime() + ROLLING_UPGRADE_MS);
    const isDone = await db.transaction(async (tx) => {
      if (!(await requireMacs(tx, chain, macsFrom))) return false;
      // It stays in the chain, even when an attacker resets the time to get another hour.
      const after = { from: macsFrom.toISOString() };
      const event = { actorId: null, targetId: null, after, requestContext: noRequest };
      await writeEvents(tx, chain.macKey, [{ action: 'audit.macs-required', ...event }]);
      return true;
    });
    if (isDone) this.#log.info({ macsFrom }, 'Audit events without a MAC are sealed until then');
    return isDone ? macsFrom : ((await readChain(this.#audit))?.macsFrom ?? macsFrom);
  }

  async #selectOwn(
    waiting: readonly StoredEvent[],
    { macKey }: Chain,
    macsFrom: Date,
  ): Promise<readonly StoredEvent[]> {
    const { db, now } = this.#audit;
    const hasUnmarked = waiting.some(({ mac }) => mac === null);
    const isRequired = hasUnmarked && (await now(db)) >= macsFrom;
    const own = waiting.filter((event) =>
      event.mac === null ? !isRequired : event.mac === macOf(macKey, event),
    );
    const foreign = waiting.length - own.length;
    if (foreign > 0 && !this.#hasWarned) {
      this.#hasWarned = true;
      this.#log.warn(
        { events: foreign },
        'Audit events that the service did not write are not sealed: run latchkey audit verify',
      );
    }
    return own;
  }
}

/** Reads the head of the chain, for the log. @returns undefined while no event is sealed */
export async function readHead(audit: AuditContext): Promise<string | undefined> {
  const chain = await readChain(audit);
  if (chain === undefined || chain.headNumber === 0) return undefined;
  requireAuthentic(chain);
  return describeHead(chain);
}

/**
 * Reads the next events that wait. Outside the transaction: inside, a process that adds an event would
 * conflict with it.
 */
function readUnsealed(db: Db, after: string): Promise<StoredEvent[]> {
  const where = { number: null, id: { gt: after } };
  return db.auditEvent.findMany({ where, orderBy: { id: 'asc' }, take: BATCH_SIZE });
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
