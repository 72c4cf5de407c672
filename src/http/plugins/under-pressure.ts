import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { retryLater } from '../../problems/problem.ts';
import { isHealthCheck } from '../request-context.ts';

/** Milliseconds that the event loop may be late. */
const MAX_EVENT_LOOP_DELAY_MS = 1_000;

/** Share of the heap that may be in use. */
const MAX_HEAP_SHARE = 0.9;

/** Milliseconds between two samples of the event loop and the heap. */
const SAMPLE_INTERVAL_MS = 1_000;

/**
 * Resolution of the event loop delay. Each measurement wakes the process up, also when it is idle. A turn of
 * the event loop that is longer is recorded with its whole length.
 */
const RESOLUTION_MS = 100;

/**
 * Rejects requests before the process is overloaded. Health checks are still answered, and tell the load
 * balancer.
 *
 * The samples need no system call: `process.memoryUsage()`, which @fastify/under-pressure uses, opens a file.
 * When no more files may be open, its timer ends the process.
 */
async function pressure(
  app: FastifyInstance,
  { maxEventLoopDelay = MAX_EVENT_LOOP_DELAY_MS }: { readonly maxEventLoopDelay: number | undefined },
) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  // A turn as long as the maximum counts, of which the resolution is not a delay.
  const threshold = Math.max(maxEventLoopDelay - RESOLUTION_MS, maxEventLoopDelay / 2);
  /** The reason of the rejections. One for all of them: problems/plugin.ts logs it once a second. */
  let overload: Error | undefined;
  const sample = () => {
    const { used_heap_size, heap_size_limit } = getHeapStatistics();
    // Without a single sample, the event loop was blocked all the time.
    const eventLoopDelay =
      histogram.count === 0 ? Number.POSITIVE_INFINITY : histogram.mean / 1e6 - RESOLUTION_MS;
    histogram.reset();
    const isUnderPressure = eventLoopDelay > threshold || used_heap_size > heap_size_limit * MAX_HEAP_SHARE;
    overload = isUnderPressure ? new Error(describe(eventLoopDelay, used_heap_size)) : undefined;
  };
  let timer: NodeJS.Timeout | undefined;
  // The work of the start in the event loop does not count against the first requests.
  app.addHook('onReady', async () => {
    histogram.enable();
    timer = setInterval(sample, SAMPLE_INTERVAL_MS).unref();
  });
  app.addHook('onClose', async () => {
    clearInterval(timer);
    histogram.disable();
  });
  app.addHook('onRequest', (request, _reply, done) => {
    if (overload === undefined || isHealthCheck(request)) {
      done();
      return;
    }
    done(retryLater('busy', 1, overload));
  });
}

function describe(eventLoopDelay: number, heapUsed: number): string {
  return `the event loop is ${Math.round(eventLoopDelay)} ms late, and ${Math.round(heapUsed / 2 ** 20)} MiB of the heap are in use`;
}

export default fp(pressure, { name: 'pressure', fastify: '5.x' });
