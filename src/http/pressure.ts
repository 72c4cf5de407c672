import { getHeapStatistics } from 'node:v8';
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { Problem } from '../problems/problem.ts';

/** Milliseconds that the event loop may be late. */
const EVENT_LOOP_DELAY = 1_000;

/** Part of the heap that may be in use. */
const HEAP = 0.9;

/** Turns requests away before the process falls over. Health checks go on: they tell the load balancer so. */
async function pressure(
  app: FastifyInstance,
  { maxEventLoopDelay = EVENT_LOOP_DELAY }: { readonly maxEventLoopDelay?: number },
) {
  await app.register(underPressure, {
    maxEventLoopDelay,
    maxHeapUsedBytes: getHeapStatistics().heap_size_limit * HEAP,
    exposeStatusRoute: false,
    pressureHandler: (request, _reply, type) => {
      if (request.url.startsWith('/health/')) return;
      request.log.warn({ type }, 'Turned away: the process has too much to do');
      throw new Problem('busy', { headers: { 'retry-after': '1' } });
    },
  });
}

export default fp(pressure, { name: 'pressure', fastify: '5.x' });
