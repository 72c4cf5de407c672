import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Database, Db } from '../db/client.ts';
import { runBatches } from '../db/raw/batches.ts';
import { type DueMail, expireMails, readDue } from './due.ts';
import type { Outbox } from './outbox.ts';
import { retryDelayAfter } from './retry-delay.ts';
import type { Templates } from './templates.ts';
import { PostponedMailError, RefusedMailError, SEND_TIMEOUT_MS, type Transport } from './transport.ts';

const SECOND_MS = 1_000;

/** Time for which a mail belongs to the process that sends it. Every attempt ends earlier. */
const LEASE_MS = SEND_TIMEOUT_MS + 20 * SECOND_MS;

/** Mails that are read at a time. */
const BATCH_SIZE = 50;

/** Time that a shutdown waits for the mail server. */
const CLOSE_TIMEOUT_MS = 5 * SECOND_MS;

/** The final state of a mail. */
type Outcome = 'sent' | 'refused' | 'expired';

/** The methods of the logger that delivery uses. */
export interface DeliveryLog {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Dependencies of the delivery. */
export interface DeliveryContext extends Pick<Database, 'db' | 'now'> {
  readonly outbox: Outbox;
  readonly templates: Templates;
  readonly transport: Transport;
  readonly log: DeliveryLog;
}

/**
 * Sends the mails of the outbox. Each mail is sent at least once, and a second time only when the process
 * ends between the 250 of the mail server and the update of the row, or when the 250 comes too late.
 * Processes share the work: each mail is leased to one of them.
 */
export class Delivery {
  readonly #context: DeliveryContext;
  /** Outcomes that are not in the database yet, because it was unavailable. */
  readonly #unrecorded = new Map<string, Outcome>();
  readonly #closing = new AbortController();
  /** Rejects CLOSE_TIMEOUT_MS after close(). */
  readonly #closed: Promise<never>;
  #isServerDown = false;
  #isRetrying = false;

  constructor(context: DeliveryContext) {
    this.#context = context;
    this.#closed = rejectAfter(this.#closing.signal);
    // Prevents an unhandled rejection when no mail is being sent at that time.
    this.#closed.catch(() => {});
  }

  /** True while a mail of a failed attempt is kept: it has to be sent again. */
  get isRetrying(): boolean {
    return this.#isRetrying;
  }

  /**
   * Sends the mails that are due, until the run ends.
   *
   * @returns number of mails that were looked at, in the batches that were complete
   * @throws {Error} when the database is unavailable
   */
  async run(): Promise<number> {
    const { signal } = this.#closing;
    for (const [id, outcome] of this.#unrecorded) await this.#recordOutcome(id, outcome);
    await expireMails(this.#context, signal);
    if (this.#isRetrying && (await isEmpty(this.#context.db))) this.#isRetrying = false;
    return runBatches(
      async () => {
        const due = await readDue(this.#context, BATCH_SIZE);
        for (const mail of due) {
          if (signal.aborted) return { rows: 0, isLast: true };
          if (!(await this.#claim(mail))) continue;
          if (!(await this.#deliver(mail))) return { rows: 0, isLast: true };
        }
        return { rows: due.length, isLast: due.length < BATCH_SIZE };
      },
      { signal },
    );
  }

  /** Starts no further mail. A mail that is being sent has CLOSE_TIMEOUT_MS to finish. */
  close(): void {
    this.#closing.abort();
    this.#context.transport.close();
  }

  /** Claims a mail by compare-and-swap: of several processes that read a row, one sends it. */
  async #claim({ id, attempts, nextAttemptAt }: DueMail): Promise<boolean> {
    if (this.#unrecorded.has(id)) return false;
    const { db, now } = this.#context;
    const time = await now(db);
    const { count } = await db.mail.updateMany({
      where: { id, outcome: null, attempts, nextAttemptAt, notAfter: { gt: time } },
      data: { attempts: { increment: 1 }, nextAttemptAt: new Date(time.getTime() + LEASE_MS) },
    });
    return count === 1;
  }

  /** Sends one mail. @returns false when the mail server is down, and the next mail needs no attempt */
  async #deliver({ id, recipient, template, values, attempts, createdAt }: DueMail): Promise<boolean> {
    const { outbox, templates, transport, log } = this.#context;
    const json = values === null ? undefined : outbox.open({ id, values });
    if (json === undefined) {
      log.error(
        { mail: id },
        'A mail cannot be decrypted: neither SECRET nor SECRET_PREVIOUS is the secret it was encrypted with',
      );
      await this.#recordOutcome(id, 'refused');
      return true;
    }
    try {
      const contents = templates.render(template, JSON.parse(json));
      const place = await this.#withCloseTimeout(transport.send({ id, recipient, createdAt, ...contents }));
      this.#logServerState(undefined);
      log.info({ mail: id, template, place }, 'A mail was sent');
    } catch (error) {
      return this.#fail(id, attempts, error);
    }
    await this.#recordOutcome(id, 'sent');
    return true;
  }

  /**
   * Handles a failed attempt.
   *
   * @returns false when the mail server is down, and the next mail needs no attempt
   */
  async #fail(id: string, attempts: number, error: unknown): Promise<boolean> {
    const { db, now, log } = this.#context;
    if (error instanceof RefusedMailError) {
      log.warn({ mail: id, responseCode: error.responseCode }, 'The mail server refused a mail');
      await this.#recordOutcome(id, 'refused');
      return true;
    }
    this.#isRetrying = true;
    // The attempt goes on while the process ends, and may succeed: another one sends it after the lease.
    if (error instanceof ShutdownError) return false;
    const isPostponed = error instanceof PostponedMailError;
    if (isPostponed)
      log.warn({ mail: id, responseCode: error.responseCode }, 'The mail server does not take a mail now');
    else this.#logServerState(error);
    const nextAttemptAt = new Date((await now(db)).getTime() + retryDelayAfter(attempts));
    await db.mail.updateMany({ where: { id, outcome: null }, data: { nextAttemptAt } });
    return isPostponed;
  }

  /**
   * Records the outcome of a mail. Keeps it in memory until the database has it, so that the mail is not sent
   * again.
   */
  async #recordOutcome(id: string, outcome: Outcome): Promise<void> {
    this.#unrecorded.set(id, outcome);
    await recordOutcome(this.#context.db, id, outcome);
    this.#unrecorded.delete(id);
  }

  /** Waits for the mail server; during a shutdown at most CLOSE_TIMEOUT_MS. */
  async #withCloseTimeout<T>(sending: Promise<T>): Promise<T> {
    return Promise.race([sending, this.#closed]);
  }

  /** Logs once when the mail server goes down, and once when it is back: there may be thousands of mails. */
  #logServerState(error: unknown): void {
    const { log } = this.#context;
    if (error !== undefined && !this.#isServerDown)
      log.warn({ reason: reasonOf(error) }, 'Mails cannot be sent at the moment; they are kept and retried');
    if (error === undefined && this.#isServerDown) log.info({}, 'Mails can be sent again');
    this.#isServerDown = error !== undefined;
  }
}

/** Tells whether no mail waits. */
async function isEmpty(db: Db): Promise<boolean> {
  return (await db.mail.findFirst({ where: { outcome: null }, select: { id: true } })) === null;
}

async function recordOutcome(db: Db, id: string, outcome: Outcome): Promise<void> {
  await db.mail.updateMany({ where: { id }, data: { outcome, values: null } });
}

/** Returns the error code and the response code. Not the command that failed: it contains the address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code, responseCode } = { code: undefined, responseCode: undefined, ...error };
  return [code, responseCode].filter((part) => part !== undefined).join(' ') || error.name;
}

/** The process ends before the mail server has answered. */
class ShutdownError extends Error {
  override name = 'ShutdownError';
}

async function rejectAfter(signal: AbortSignal): Promise<never> {
  await once(signal, 'abort');
  await wait(CLOSE_TIMEOUT_MS, undefined, { ref: false });
  throw new ShutdownError('The process is shutting down');
}
