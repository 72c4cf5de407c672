import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { pruneMailTokens } from './accounts/credentials/prune-mail-tokens.ts';
import { pruneSessions } from './accounts/sessions/end.ts';
import { pruneFailedAttempts } from './accounts/sign-in/attempts.ts';
import { expireElevations } from './accounts/users/expire-elevations.ts';
import { HeadLog } from './audit/head-log.ts';
import { pruneEvents } from './audit/retention.ts';
import { AuditSealer } from './audit/sealer.ts';
import { endsWithin } from './db/deadline.ts';
import { MAX_RUN_ROWS, type RunOptions } from './db/raw/batches.ts';
import { emptyWal } from './db/sqlite/checkpoint.ts';
import { pruneMails } from './mail/prune-mails.ts';
import { pruneRevocations } from './tokens/prune-revocations.ts';

/** A periodic job. */
interface Job {
  readonly name: string;
  /** Milliseconds from the beginning of one run to the beginning of the next. */
  readonly intervalMs: number;
  /**
   * Handles a bounded number of rows, in batches between which other transactions can run.
   *
   * @param options whose signal says that the app is closing
   * @returns the number of rows, when the job counts them: with {@link MAX_RUN_ROWS} there may be more, and
   *   the job runs again at once
   */
  readonly run: (options: RunOptions) => Promise<unknown>;
}

/** The state of a job. */
export interface JobState {
  readonly name: string;
  /** True when its last run failed. */
  failing: boolean;
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly jobs: readonly JobState[];
  }
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/**
 * Milliseconds that closing waits for the event counts of the audit to be written. A database that is
 * unavailable must not block the shutdown.
 */
const FLUSH_TIMEOUT_MS = 2 * SECOND_MS;

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
  const sealer = new AuditSealer(audit, app.log);
  const headLog = new HeadLog(audit, app.log);
  const days = config.auditRetentionDays;
  return [
    { name: 'revocations.poll', intervalMs: SECOND_MS, run: () => revocations.poll() },
    { name: 'revocations.evict', intervalMs: MINUTE_MS, run: async () => revocations.evictExpired() },
    {
      name: 'elevations.expire',
      intervalMs: SECOND_MS,
      run: (options) => expireElevations(accounts, options),
    },
    { name: 'mails.send', intervalMs: SECOND_MS, run: () => delivery.run() },
    { name: 'mails.prune', intervalMs: 10 * MINUTE_MS, run: (options) => pruneMails(accounts, options) },
    {
      name: 'mail-tokens.prune',
      intervalMs: 10 * MINUTE_MS,
      run: (options) => pruneMailTokens(accounts, options),
    },
    { name: 'attempts.refund', intervalMs: SECOND_MS, run: () => accounts.throttle.flushVerdicts() },
    {
      name: 'attempts.prune',
      intervalMs: 10 * MINUTE_MS,
      run: (options) => pruneFailedAttempts(accounts, options),
    },
    {
      name: 'idempotent-requests.prune',
      intervalMs: 10 * MINUTE_MS,
      run: (options) => idempotentRequests.prune(options),
    },
    {
      name: 'revocations.prune',
      intervalMs: 10 * MINUTE_MS,
      run: (options) => pruneRevocations(accounts, options),
    },
    {
      name: 'sessions.prune',
      intervalMs: 10 * MINUTE_MS,
      run: (options) => pruneSessions(accounts, options),
    },
    { name: 'audit.flush', intervalMs: 5 * SECOND_MS, run: () => eventAggregator.flush(audit.db) },
    { name: 'audit.seal', intervalMs: 2 * SECOND_MS, run: (options) => sealer.run(options) },
    { name: 'audit.log-head', intervalMs: MINUTE_MS, run: () => headLog.run() },
    {
      name: 'audit.prune',
      intervalMs: 10 * MINUTE_MS,
      run: (options) => pruneEvents(audit, days, options),
    },
    { name: 'database.disk', intervalMs: SECOND_MS, run: () => requireRoom(app) },
    ...(databaseKind === 'sqlite'
      ? [{ name: 'database.checkpoint', intervalMs: MINUTE_MS, run: () => emptyWal(accounts.db) }]
      : []),
  ];
}

/**
 * Runs the periodic jobs from when the app is ready until it is closed. The revocations are polled once
 * before that.
 */
async function jobs(app: FastifyInstance) {
  const stop = new AbortController();
  // Each job adds a listener: more than the ten that Node.js reports as a leak.
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
  // Mails that are being sent are finished while the requests under way are answered.
  app.addHook('preClose', async () => app.delivery.close());
  app.addHook('onClose', async () => {
    stop.abort();
    await Promise.all(running);
    await flushAll(app);
  });
}

async function requireRoom({ database }: FastifyInstance): Promise<void> {
  if (await database.disk.check()) throw new Error('The disk of the database is full');
}

async function flushAll({ audit, eventAggregator, log }: FastifyInstance): Promise<void> {
  const warn = (reason: string) =>
    log.warn({ reason }, 'The last event counts were not written to the audit');
  try {
    const isWritten = await endsWithin(eventAggregator.flush(audit.db, true), FLUSH_TIMEOUT_MS);
    if (!isWritten) warn('the database was too slow');
  } catch (error) {
    warn(error instanceof Error ? error.message : String(error));
  }
}

async function repeat(
  app: FastifyInstance,
  { name, intervalMs, run }: Job,
  state: JobState,
  signal: AbortSignal,
): Promise<void> {
  let due = performance.now() + intervalMs;
  while (await pause(Math.max(0, due - performance.now()), signal)) {
    const began = performance.now();
    due = began + intervalMs;
    try {
      const rows = await run({ signal });
      if (typeof rows === 'number' && rows >= MAX_RUN_ROWS) due = began;
      if (state.failing) app.log.info({ job: name }, 'A job works again');
      state.failing = false;
    } catch (error) {
      // Logged once, not at every attempt: an unavailable database would fill the log.
      if (!state.failing) app.log.error({ err: error, job: name }, 'A job failed and will be retried');
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
