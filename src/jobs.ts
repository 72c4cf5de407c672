import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { pruneMailTokens } from './accounts/credentials/prune-mail-tokens.ts';
import { pruneSessions } from './accounts/sessions/end.ts';
import { pruneFailedAttempts } from './accounts/sign-in/attempts.ts';
import { expireElevations } from './accounts/users/expire-elevations.ts';
import { pruneEvents } from './audit/retention.ts';
import { AuditSealer, readHead } from './audit/sealer.ts';
import { endsWithin } from './db/deadline.ts';
import { MAX_RUN_ROWS, type RunOptions } from './db/raw/batches.ts';
import { emptyWal } from './db/sqlite/checkpoint.ts';
import { pruneMails } from './mail/prune-mails.ts';
import { pruneRevocations } from './tokens/prune-revocations.ts';

/** Periodic work. */
interface Job {
  readonly name: string;
  /** Milliseconds from the beginning of one run to the beginning of the next. */
  readonly every: number;
  /**
   * Handles a bounded number of rows, in batches between which others have their turn.
   *
   * @param options whose signal says that the app is closing
   * @returns how many rows it handled, where it counts them: with {@link MAX_RUN_ROWS} there may be more, and it runs again at once
   */
  readonly run: (options: RunOptions) => Promise<unknown>;
}

/** How a job is doing. */
export interface JobState {
  readonly name: string;
  /** Whether its last run failed. */
  failing: boolean;
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly jobs: readonly JobState[];
  }
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Milliseconds that closing waits for the counts of the audit to be written: a database that is away must not hold it up. */
const LAST_FLUSH = 2 * SECOND;

function list(app: FastifyInstance): readonly Job[] {
  const {
    revocations,
    accounts,
    delivery,
    idempotentRequests,
    audit,
    eventAggregator,
    config,
    databaseKind,
  } = app;
  const sealer = new AuditSealer(audit);
  const days = config.auditRetentionDays;
  return [
    { name: 'revocations.poll', every: SECOND, run: () => revocations.poll() },
    { name: 'revocations.evict', every: MINUTE, run: async () => revocations.evictExpired() },
    { name: 'elevations.expire', every: SECOND, run: (options) => expireElevations(accounts, options) },
    { name: 'mails.send', every: SECOND, run: () => delivery.run() },
    { name: 'mails.prune', every: 10 * MINUTE, run: (options) => pruneMails(accounts, options) },
    {
      name: 'mail-tokens.prune',
      every: 10 * MINUTE,
      run: (options) => pruneMailTokens(accounts, options),
    },
    { name: 'attempts.refund', every: SECOND, run: () => accounts.throttle.flushRefunds() },
    { name: 'attempts.prune', every: 10 * MINUTE, run: (options) => pruneFailedAttempts(accounts, options) },
    {
      name: 'idempotent-requests.prune',
      every: 10 * MINUTE,
      run: (options) => idempotentRequests.prune(options),
    },
    {
      name: 'revocations.prune',
      every: 10 * MINUTE,
      run: (options) => pruneRevocations(accounts, options),
    },
    { name: 'sessions.prune', every: 10 * MINUTE, run: (options) => pruneSessions(accounts, options) },
    { name: 'audit.flush', every: 5 * SECOND, run: () => eventAggregator.flush(audit.db) },
    { name: 'audit.seal', every: 2 * SECOND, run: (options) => sealer.run(options) },
    { name: 'audit.log-head', every: HOUR, run: () => logHead(app) },
    {
      name: 'audit.prune',
      every: 10 * MINUTE,
      run: (options) => pruneEvents(audit, days, options),
    },
    ...(databaseKind === 'sqlite'
      ? [{ name: 'database.checkpoint', every: MINUTE, run: () => emptyWal(accounts.db) }]
      : []),
  ];
}

/** Does the periodic work from when the app is ready until it is closed. What is polled is read once before that. */
async function jobs(app: FastifyInstance) {
  const stop = new AbortController();
  // One for each job that waits: more than the ten that Node.js takes for a leak.
  setMaxListeners(0, stop.signal);
  const running: Promise<void>[] = [];
  const states: JobState[] = [];
  app.decorate('jobs', states);

  app.addHook('onReady', async () => {
    await app.revocations.poll();
    for (const job of list(app)) {
      const state = { name: job.name, failing: false };
      states.push(state);
      running.push(repeat(app, job, state, stop.signal));
    }
  });
  // While the requests under way are finished, the mail server may finish too.
  app.addHook('preClose', async () => app.delivery.close());
  app.addHook('onClose', async () => {
    stop.abort();
    await Promise.all(running);
    await flushAll(app);
  });
}

/** The log is where a head is safe from whoever can change the database: `latchkey audit verify --head` compares them. */
async function logHead({ audit, log }: FastifyInstance): Promise<void> {
  const head = await readHead(audit);
  if (head !== undefined) log.info({ head }, 'Audit chain head');
}

async function flushAll({ audit, eventAggregator, log }: FastifyInstance): Promise<void> {
  const warn = (reason: string) =>
    log.warn({ reason }, 'Refused requests that were counted last are not in the audit');
  try {
    const isWritten = await endsWithin(eventAggregator.flush(audit.db, true), LAST_FLUSH);
    if (!isWritten) warn('the database was too slow');
  } catch (error) {
    warn(error instanceof Error ? error.message : String(error));
  }
}

async function repeat(
  app: FastifyInstance,
  { name, every, run }: Job,
  state: JobState,
  signal: AbortSignal,
): Promise<void> {
  let due = performance.now() + every;
  while (await pause(Math.max(0, due - performance.now()), signal)) {
    const began = performance.now();
    due = began + every;
    try {
      const rows = await run({ signal });
      if (typeof rows === 'number' && rows >= MAX_RUN_ROWS) due = began;
      if (state.failing) app.log.info({ job: name }, 'A job works again');
      state.failing = false;
    } catch (error) {
      // Once, not at every try: a database that is away would fill the log.
      if (!state.failing) app.log.error({ err: error, job: name }, 'A job failed and is tried again');
      state.failing = true;
    }
  }
}

/** @returns false when the signal ended the pause */
async function pause(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await wait(milliseconds, undefined, { signal, ref: false });
    return true;
  } catch {
    return false;
  }
}

export default fp(jobs, { name: 'jobs', fastify: '5.x', dependencies: ['access', 'idempotency'] });
