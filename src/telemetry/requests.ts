import type { FastifyInstance } from 'fastify';
import { Counter, Histogram, type Registry } from 'prom-client';

/** Upper bounds of the histogram, from a guarded request to one that waits for the database. */
const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Labels of requests without a route: a path that a client chose must not become a label. */
const UNKNOWN_ROUTE = { method: 'any', route: 'unknown' };

/** Counts and times each request after its response. */
export function measureRequests(app: FastifyInstance, registry: Registry): void {
  const answers = new Counter({
    name: 'latchkey_http_requests_total',
    help: 'Requests that were answered, by method, route and status',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'latchkey_http_request_duration_seconds',
    help: 'Time from a request to its answer, by method and route',
    labelNames: ['method', 'route'],
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  });
  app.addHook('onResponse', ({ routeOptions }, { statusCode, elapsedTime }, done) => {
    const { url, method } = routeOptions;
    const labels = url === undefined ? UNKNOWN_ROUTE : { method: String(method), route: url };
    answers.inc({ ...labels, status: statusCode });
    durations.observe(labels, elapsedTime / 1_000);
    done();
  });
}
