import { setMaxListeners } from 'node:events';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { pruneApiKeys, remindOfExpiry } from './accounts/api-keys/expiry.ts';
import { NOTE_USES_MS, noteApiKeyUses } from './accounts/api-keys/note-uses.ts';
import { pruneChallenges } from './accounts/authenticators/prune.ts';
import { renewTotpEncryption } from './accounts/authenticators/renew-encryption.ts';
import { pruneMailTokens } from './accounts/credentials/prune-mail-tokens.ts';
import { pruneSessions } from './accounts/sessions/end.ts';
import { pruneFailedAttempts } from './accounts/sign-in/attempts.ts';
import { expireElevations } from './accounts/users/expire-elevations.ts';
import { eraseListed } from './audit/erase.ts';
import { HeadLog } from './audit/head-log.ts';
import { pruneEvents } from './audit/retention.ts';
import { AuditSealer } from './audit/sealer.ts';
import { endsWithin } from './db/deadline.ts';
import type { RunOptions } from './db/raw/batches.ts';
import { emptyWal } from './db/sqlite/checkpoint.ts';
import { isHealthCheck } from './http/request-context.ts';
import { Pace } from './jobs/pace.ts';
import { type Job, type JobState, repeat } from './jobs/repeat.ts';
import { pruneMails } from './mail/prune-mails.ts';
import { pruneRevocations } from './tokens/prune-revocations.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly jobs: readonly JobState[];
    readonly pace: Pick<Pace, 'isIdle'>;
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
    { name: 'revocations.poll', intervalMs: SECOND_MS, run: () => pollUnlessFresh(app) },
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
    {
      name: 'challenges.prune',
      intervalMs: 10 * MINUTE_MS,
      run: (options) => pruneChallenges(accounts, options),
    },
    ...(config.secretPrevious === undefined
      ? []
      : [
          {
            name: 'totp.encrypt',
            intervalMs: 10 * MINUTE_MS,
            run: (options: RunOptions) => renewTotpEncryption(accounts, options),
          },
        ]),
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
    {
      name: 'api-keys.note-uses',
      intervalMs: NOTE_USES_MS,
      run: () => noteApiKeyUses(accounts, app.apiKeys),
    },
    {
      name: 'api-keys.remind',
      intervalMs: 10 * MINUTE_MS,
      run: (options) => remindOfExpiry(accounts, options),
    },
    {
      name: 'api-keys.prune',
      intervalMs: 10 * MINUTE_MS,
      run: (options) => pruneApiKeys(accounts, options),
    },
    { name: 'audit.flush', intervalMs: 5 * SECOND_MS, run: () => eventAggregator.flush(audit.db) },
    { name: 'audit.seal', intervalMs: 2 * SECOND_MS, run: (options) => sealer.run(options) },
    { name: 'audit.erase', intervalMs: 2 * SECOND_MS, run: (options) => eraseListed(audit, options) },
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
  const pace = new Pace({
    maxPauseMs: app.config.pollInterval * SECOND_MS,
    isBusy: () =>
      app.revocations.takeAsked() || app.delivery.isRetrying || states.some(({ failing }) => failing),
  });
  app.decorate('pace', pace);
  app.revocations.onConfirm(() => pace.noteActivity());

  app.addHook('onRequest', (request, _reply, done) => {
    if (!isHealthCheck(request)) pace.noteActivity();
    done();
  });

  app.addHook('onReady', async () => {
    await app.revocations.poll();
    for (const job of list(app)) {
      const state = { name: job.name, failing: false };
      states.push(state);
      running.push(repeat({ log: app.log, pace, signal: stop.signal }, job, state));
    }
  });
  // Mails that are being sent are finished while the requests under way are answered.
  app.addHook('preClose', async () => app.delivery.close());
  // Readers of the feed are answered at once, and go on at another process.
  app.addHook('preClose', async () => app.feedReaders.close());
  app.addHook('onClose', async () => {
    stop.abort();
    pace.noteActivity();
    await Promise.all(running);
    await flushAll(app);
    // A use that is lost is no harm: the shutdown does not wait for it.
    await endsWithin(noteApiKeyUses(app.accounts, app.apiKeys), FLUSH_TIMEOUT_MS).catch(() => {});
  });
}

/** Polls the revocations, unless the readers of the feed have had that done just now. */
async function pollUnlessFresh({ revocations }: FastifyInstance): Promise<void> {
  if (revocations.age > SECOND_MS / 2) await revocations.poll();
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

export default fp(jobs, { name: 'jobs', fastify: '5.x', dependencies: ['latchkey-access', 'idempotency'] });
