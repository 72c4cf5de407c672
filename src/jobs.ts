import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { fallBack } from './accounts/fall-back.ts';
import { pruneMailTokens } from './accounts/prune-mail-tokens.ts';
import { pruneSessions } from './accounts/session-endings.ts';
import { pruneMails } from './mail/prune-mails.ts';
import { pruneRevocations } from './tokens/prune-revocations.ts';

/** Periodic work. */
interface Job {
  readonly name: string;
  /** Milliseconds from the beginning of one run to the beginning of the next. */
  readonly every: number;
  readonly run: () => Promise<unknown>;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function list({ revocations, accounts, delivery, idempotentRequests }: FastifyInstance): readonly Job[] {
  return [
    { name: 'poll the revocations', every: SECOND, run: () => revocations.poll() },
    { name: 'forget old revocations', every: MINUTE, run: async () => revocations.forget() },
    { name: 'let levels fall back', every: SECOND, run: () => fallBack(accounts) },
    { name: 'send the mails', every: SECOND, run: () => delivery.run() },
    { name: 'prune the mails', every: 10 * MINUTE, run: () => pruneMails(accounts) },
    { name: 'prune the tokens of mails', every: 10 * MINUTE, run: () => pruneMailTokens(accounts) },
    { name: 'prune the idempotent requests', every: 10 * MINUTE, run: () => idempotentRequests.prune() },
    { name: 'prune the revocations', every: 10 * MINUTE, run: () => pruneRevocations(accounts) },
    { name: 'prune the sessions', every: 10 * MINUTE, run: () => pruneSessions(accounts) },
  ];
}

/** Does the periodic work from when the app is ready until it is closed. What is polled is read once before that. */
async function jobs(app: FastifyInstance) {
  const stop = new AbortController();
  let running: Promise<void>[] = [];

  app.addHook('onReady', async () => {
    await app.revocations.poll();
    running = list(app).map((job) => repeat(app, job, stop.signal));
  });
  app.addHook('onClose', async () => {
    stop.abort();
    app.delivery.close();
    await Promise.all(running);
  });
}

async function repeat(app: FastifyInstance, { name, every, run }: Job, signal: AbortSignal): Promise<void> {
  let failing = false;
  let began = performance.now();
  while (await pause(Math.max(0, began + every - performance.now()), signal)) {
    began = performance.now();
    try {
      await run();
      if (failing) app.log.info({ job: name }, 'A job works again');
      failing = false;
    } catch (error) {
      // Once, not at every try: a database that is away would fill the log.
      if (!failing) app.log.error({ err: error, job: name }, 'A job failed and is tried again');
      failing = true;
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
