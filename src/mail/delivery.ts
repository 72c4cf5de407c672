import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Database, Db } from '../db/client.ts';
import { runBatches } from '../db/raw/batches.ts';
import { type Due, expireMails, readDue } from './due.ts';
import type { Outbox } from './outbox.ts';
import { pauseAfter } from './retry-delay.ts';
import type { Templates } from './templates.ts';
import { RefusedMailError, type Transport } from './transport.ts';

const SECOND = 1_000;

/** Milliseconds for which a mail belongs to the process that is sending it; every try is over by then (transport.ts). */
const LEASE = 120 * SECOND;

/** Mails that are read at a time. */
const BATCH = 50;

/** Milliseconds that closing waits for the mail server. */
const CLOSE_PATIENCE = 5 * SECOND;

/** What became of a mail. */
type Outcome = 'sent' | 'refused' | 'expired';

/** As much of a log as delivery needs. */
export interface DeliveryLog {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** What delivery works with. */
export interface DeliveryContext extends Pick<Database, 'db' | 'now'> {
  readonly outbox: Outbox;
  readonly templates: Templates;
  readonly transport: Transport;
  readonly log: DeliveryLog;
}

/**
 * Sends what waits in the outbox: at least once, and a second time only when the process ends between the server's 250 and the
 * note of it. Processes share the work; each mail is leased to one of them.
 */
export class Delivery {
  readonly #context: DeliveryContext;
  /** What became of mails, as far as the database does not know it yet: it was away. */
  readonly #unrecorded = new Map<string, Outcome>();
  readonly #closing = new AbortController();
  /** Rejects some time after the closing has begun. */
  readonly #closed: Promise<never>;
  #isAway = false;

  constructor(context: DeliveryContext) {
    this.#context = context;
    this.#closed = rejectAfter(this.#closing.signal);
    // Nobody may be waiting then.
    this.#closed.catch(() => {});
  }

  /** Sends what is due, until the run is over. @returns how many mails it looked at @throws when the database is away */
  async run(): Promise<number> {
    const { signal } = this.#closing;
    for (const [id, outcome] of this.#unrecorded) await this.#recordOutcome(id, outcome);
    await expireMails(this.#context, signal);
    return runBatches(
      async () => {
        const due = await readDue(this.#context, BATCH);
        for (const mail of due) {
          const goesOn = !signal.aborted && (!(await this.#claim(mail)) || (await this.#deliver(mail)));
          if (!goesOn) return { rows: 0, isLast: true };
        }
        return { rows: due.length, isLast: due.length < BATCH };
      },
      { signal },
    );
  }

  /** Starts no other mail. What is being sent has some seconds. */
  close(): void {
    this.#closing.abort();
    this.#context.transport.close();
  }

  /** Compare-and-swap: of several processes that read a row, one sends it. */
  async #claim({ id, attempts, nextAttemptAt }: Due): Promise<boolean> {
    if (this.#unrecorded.has(id)) return false;
    const { db, now } = this.#context;
    const time = await now(db);
    const { count } = await db.mail.updateMany({
      where: { id, outcome: null, attempts, nextAttemptAt, notAfter: { gt: time } },
      data: { attempts: { increment: 1 }, nextAttemptAt: new Date(time.getTime() + LEASE) },
    });
    return count === 1;
  }

  /** @returns whether the next mail is worth a try: not when there is no mail server */
  async #deliver({ id, recipient, template, values, attempts, createdAt }: Due): Promise<boolean> {
    const { outbox, templates, transport, log } = this.#context;
    const json = values === null ? undefined : outbox.open({ id, values });
    if (json === undefined) {
      log.error(
        { mail: id },
        'A mail cannot be read: SECRET is another one, and SECRET_PREVIOUS is not that of the mail',
      );
      await this.#recordOutcome(id, 'refused');
      return true;
    }
    try {
      const contents = templates.render(template, JSON.parse(json));
      const place = await this.#inTime(transport.send({ id, recipient, createdAt, ...contents }));
      this.#noteServer(undefined);
      log.info({ mail: id, template, place }, 'A mail was sent');
    } catch (error) {
      return this.#fail(id, attempts, error);
    }
    await this.#recordOutcome(id, 'sent');
    return true;
  }

  /** @returns whether the next mail is worth a try */
  async #fail(id: string, attempts: number, error: unknown): Promise<boolean> {
    const { db, now, log } = this.#context;
    if (error instanceof RefusedMailError) {
      log.warn({ mail: id, responseCode: error.responseCode }, 'The mail server refused a mail');
      await this.#recordOutcome(id, 'refused');
      return true;
    }
    this.#noteServer(error);
    const nextAttemptAt = new Date((await now(db)).getTime() + pauseAfter(attempts));
    await db.mail.updateMany({ where: { id, outcome: null }, data: { nextAttemptAt } });
    return false;
  }

  /** The end of a mail. It is remembered until the database knows it: the mail is not to be sent again. */
  async #recordOutcome(id: string, outcome: Outcome): Promise<void> {
    this.#unrecorded.set(id, outcome);
    await recordOutcome(this.#context.db, id, outcome);
    this.#unrecorded.delete(id);
  }

  /** Waits for the mail server, but not for ever when the process is to end. */
  async #inTime<T>(sending: Promise<T>): Promise<T> {
    return Promise.race([sending, this.#closed]);
  }

  /** Once when it goes away, and once when it is back: there may be thousands of mails. */
  #noteServer(error: unknown): void {
    const { log } = this.#context;
    if (error !== undefined && !this.#isAway)
      log.warn(
        { reason: reasonOf(error) },
        'Mails cannot be sent at the moment; they are kept and tried again',
      );
    if (error === undefined && this.#isAway) log.info({}, 'Mails can be sent again');
    this.#isAway = error !== undefined;
  }
}

async function recordOutcome(db: Db, id: string, outcome: Outcome): Promise<void> {
  await db.mail.updateMany({ where: { id }, data: { outcome, values: null } });
}

/** What the mail server, or the way to it, said; not the command that it answered, which has the address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code, responseCode } = { code: undefined, responseCode: undefined, ...error };
  return [code, responseCode].filter((part) => part !== undefined).join(' ') || error.name;
}

async function rejectAfter(signal: AbortSignal): Promise<never> {
  await once(signal, 'abort');
  await wait(CLOSE_PATIENCE, undefined, { ref: false });
  throw new Error('The process ends');
}
