import { Encryption } from '../../crypto/encryption.ts';
import { Hmac, type Secrets } from '../../crypto/hmac.ts';
import type { Database, Transaction } from '../../db/client.ts';
import type { RunOptions } from '../../db/raw/batches.ts';
import { prune } from '../../db/raw/prune.ts';
import { Problem, retryLater } from '../../problems/problem.ts';

/** Milliseconds for which an answer is kept. */
const ANSWER_TTL_MS = 24 * 60 * 60 * 1000;

/**
 * Milliseconds after which an unfinished request counts as dead: well above the time of a request, some 5 s a
 * transaction.
 */
const STALE_AFTER_MS = 60 * 1000;

/** Seconds after which a client should ask again for a request that is still running. */
const RETRY_AFTER_SECONDS = 1;

/** A request that carries a key. */
export interface KeyedRequest {
  /** Method and URL: a key is good for one route. */
  readonly route: string;
  /** The caller: a key of one caller is never compared with those of others. */
  readonly caller: string;
  readonly key: string;
  /** The content that must be the same in a repeated request; JSON. */
  readonly body: unknown;
}

/** The parts of an answer that are repeated. */
export interface KeptAnswer {
  readonly status: number;
  readonly location: string | null;
  readonly body: string;
}

/** The right to carry out a request, until it is finished or released, or a minute has passed. */
export interface Claim {
  readonly id: string;
  readonly startedAt: Date;
}

interface Row extends Claim {
  readonly fingerprint: string;
  readonly answer: string | null;
}

/**
 * The requests with an Idempotency-Key, stored as keyed hashes: neither a key nor a body can be guessed from
 * the rows alone.
 */
export class IdempotentRequests {
  readonly #database: Pick<Database, 'db' | 'now'>;
  readonly #ids: Hmac;
  readonly #fingerprints: Hmac;
  readonly #encryption: Encryption;

  constructor({ db, now }: Pick<Database, 'db' | 'now'>, secrets: Secrets) {
    this.#database = { db, now };
    this.#ids = new Hmac(secrets, 'idempotency-id');
    this.#fingerprints = new Hmac(secrets, 'idempotency-fingerprint');
    this.#encryption = new Encryption(secrets, 'idempotency');
  }

  /**
   * Begins a request with a key.
   *
   * @returns the answer to an earlier request with the same key and body, or the claim of a new request. When
   *   several arrive at once, in one process or in many, one of them gets the claim.
   * @throws {Problem} `idempotency-key-reused` for another body; `request-in-progress`
   */
  async begin({ route, caller, key, body }: KeyedRequest): Promise<Claim | KeptAnswer> {
    const ids = this.#ids.signAll(JSON.stringify([route, caller, key]));
    const content = canonical(body);
    return this.#database.db.transaction(async (tx) => {
      const now = await this.#database.now(tx);
      const row = await tx.idempotentRequest.findFirst({ where: { id: { in: ids } } });
      if (row === null || isOver(row, now)) return this.#claim(tx, row?.id ?? ids[0], content, now);
      if (!this.#fingerprints.matches(content, row.fingerprint)) throw new Problem('idempotency-key-reused');
      if (row.answer !== null) return this.#open(row) ?? this.#claim(tx, row.id, content, now);
      if (isDead(row, now)) return this.#claim(tx, row.id, content, now);
      throw retryLater('request-in-progress', RETRY_AFTER_SECONDS);
    });
  }

  /** Keeps the answer, unless the claim was taken over. */
  async finish({ id, startedAt }: Claim, answer: KeptAnswer): Promise<void> {
    await this.#database.db.idempotentRequest.updateMany({
      where: { id, startedAt, answer: null },
      data: { answer: this.#encryption.encrypt(JSON.stringify(answer), id) },
    });
  }

  /** Frees the key, unless the claim was taken over. */
  async release({ id, startedAt }: Claim): Promise<void> {
    await this.#database.db.idempotentRequest.deleteMany({ where: { id, startedAt, answer: null } });
  }

  /**
   * Deletes the expired rows.
   *
   * @returns the number of rows
   */
  async prune(options: RunOptions = {}): Promise<number> {
    const { db, now } = this.#database;
    const where = { startedAt: { lte: new Date((await now(db)).getTime() - ANSWER_TTL_MS) } };
    return prune(
      (take) =>
        db.idempotentRequest.findMany({ where, orderBy: { startedAt: 'asc' }, take, select: { id: true } }),
      (ids) => db.idempotentRequest.deleteMany({ where: { ...where, id: { in: ids } } }),
      options,
    );
  }

  /**
   * Claims a request. Serializable isolation makes this a compare-and-swap with the row that was read before.
   */
  async #claim(tx: Transaction, id: string, content: string, startedAt: Date): Promise<Claim> {
    const data = { fingerprint: this.#fingerprints.sign(content), answer: null, startedAt };
    await tx.idempotentRequest.upsert({ where: { id }, create: { id, ...data }, update: data });
    return { id, startedAt };
  }

  /**
   * Decrypts the answer of a row.
   *
   * @returns undefined when it was encrypted under a secret that was removed
   */
  #open({ id, answer }: Row): KeptAnswer | undefined {
    const text = this.#encryption.decrypt(answer ?? '', id);
    return text === undefined ? undefined : JSON.parse(text);
  }
}

function isOver({ startedAt }: Row, now: Date): boolean {
  return startedAt.getTime() + ANSWER_TTL_MS <= now.getTime();
}

/**
 * Tells whether a request is dead. One that began in the future, before the clock was set back, is dead too.
 */
function isDead({ startedAt }: Row, now: Date): boolean {
  return Math.abs(now.getTime() - startedAt.getTime()) >= STALE_AFTER_MS;
}

/** Writes JSON in which the order of members does not matter. No body is the same as null. */
function canonical(body: unknown): string {
  return JSON.stringify(body ?? null, (_name, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
