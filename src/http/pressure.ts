import { getHeapStatistics } from 'node:v8';
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { Problem } from '../problems/problem.ts';
import { isHealthCheck } from './health-check.ts';

/** Milliseconds that the event loop may be late. */
const EVENT_LOOP_DELAY = 1_000;

/** Part of the heap that may be in use. */
const HEAP = 0.9;

/** Turns requests away before the process falls over. Health checks go on: they tell the load balancer so. */
async function pressure(
  app: FastifyInstance,
  { maxEventLoopDelay = EVENT_LOOP_DELAY }: { readonly maxEventLoopDelay?: number },
) {
  // In a context of its own: its hook looks up every request's route options, where ours reads a flag.
  await app.register(async (scope) => {
    await scope.register(underPressure, {
      maxEventLoopDelay,
      maxHeapUsedBytes: getHeapStatistics().heap_size_limit * HEAP,
      exposeStatusRoute: false,
    });
    app.addHook('onRequest', (request, _reply, done) => {
      if (!scope.isUnderPressure() || isHealthCheck(request)) {
        done();
        return;
      }
      request.log.warn(scope.memoryUsage(), 'Turned away: the process has too much to do');
      done(new Problem('busy', { headers: { 'retry-after': '1' } }));
    });
  });
}

export default fp(pressure, { name: 'pressure', fastify: '5.x' });
