import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { retryLater } from '../../problems/problem.ts';
import { isHealthCheck } from '../request-context.ts';

/** Milliseconds that the event loop may be late. */
const EVENT_LOOP_DELAY = 1_000;

/** Part of the heap that may be in use. */
const HEAP = 0.9;

/** Milliseconds between two looks at how the process is. */
const SAMPLE_MS = 1_000;

/** Milliseconds between two moments at which the event loop is expected. */
const RESOLUTION_MS = 10;

/**
 * Turns requests away before the process falls over. Health checks go on: they tell the load balancer so.
 *
 * What is looked at asks the system for nothing: `process.memoryUsage()`, which @fastify/under-pressure takes, opens a file, and
 * where no more may be open its timer ends the process.
 */
async function pressure(
  app: FastifyInstance,
  { maxEventLoopDelay = EVENT_LOOP_DELAY }: { readonly maxEventLoopDelay?: number },
) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let eventLoopDelay = 0;
  let heapUsed = 0;
  let isUnderPressure = false;
  const look = () => {
    const { used_heap_size, heap_size_limit } = getHeapStatistics();
    heapUsed = used_heap_size;
    // Without a single moment, it was late for all of the time.
    eventLoopDelay = histogram.count === 0 ? Number.POSITIVE_INFINITY : histogram.mean / 1e6 - RESOLUTION_MS;
    histogram.reset();
    isUnderPressure = eventLoopDelay > maxEventLoopDelay || heapUsed > heap_size_limit * HEAP;
  };
  let timer: NodeJS.Timeout | undefined;
  // What the start does in the event loop is not held against those who come after it.
  app.addHook('onReady', async () => {
    histogram.enable();
    timer = setInterval(look, SAMPLE_MS).unref();
  });
  app.addHook('onClose', async () => {
    clearInterval(timer);
    histogram.disable();
  });
  app.addHook('onRequest', (request, _reply, done) => {
    if (!isUnderPressure || isHealthCheck(request)) {
      done();
      return;
    }
    request.log.warn({ eventLoopDelay, heapUsed }, 'Turned away: the process has too much to do');
    done(retryLater('busy', 1));
  });
}

export default fp(pressure, { name: 'pressure', fastify: '5.x' });
