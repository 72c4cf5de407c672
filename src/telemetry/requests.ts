import type { FastifyInstance, FastifyReply } from 'fastify';

/** Seconds. From what the guard takes to what a waiting database may. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Of requests that lead to no route: what they asked for is not ours to repeat. */
const UNKNOWN = { method: 'any', route: 'unknown' };

const measured = Symbol('metrics of a route');

declare module 'fastify' {
  interface FastifyContextConfig {
    [measured]?: RouteMetrics;
  }
}

interface RouteLabels {
  readonly method: string;
  readonly route: string;
}

/** The metrics of one route: a few additions a request, where prom-client would look up labels and put together keys. */
class RouteMetrics {
  readonly labels: RouteLabels;
  readonly #byStatus = new Map<number, number>();
  /** How many took at most so long, and more than the bound before; the last has no bound. */
  readonly #byDuration = new Float64Array(BUCKETS.length + 1);
  #seconds = 0;

  constructor(labels: RouteLabels) {
    this.labels = labels;
  }

  add({ statusCode, elapsedTime }: Pick<FastifyReply, 'statusCode' | 'elapsedTime'>): void {
    const seconds = elapsedTime / 1_000;
    let bucket = 0;
    while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] ?? 0)) bucket++;
    this.#byDuration[bucket] = (this.#byDuration[bucket] ?? 0) + 1;
    this.#byStatus.set(statusCode, (this.#byStatus.get(statusCode) ?? 0) + 1);
    this.#seconds += seconds;
  }

  counts(): string[] {
    return [...this.#byStatus].map(([status, count]) =>
      sample('latchkey_http_requests_total', { ...this.labels, status: String(status) }, count),
    );
  }

  durations(): string[] {
    if (this.#byStatus.size === 0) return [];
    const name = 'latchkey_http_request_duration_seconds';
    let count = 0;
    const buckets = [...BUCKETS, '+Inf'].map((bound, index) => {
      count += this.#byDuration[index] ?? 0;
      return sample(`${name}_bucket`, { le: String(bound), ...this.labels }, count);
    });
    return [
      ...buckets,
      sample(`${name}_sum`, this.labels, this.#seconds),
      sample(`${name}_count`, this.labels, count),
    ];
  }
}

/**
 * Measures each request when it has been answered.
 *
 * @returns what has been measured so far, as Prometheus reads it:
 *   https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function measureRequests(app: FastifyInstance): () => string {
  const unknown = new RouteMetrics(UNKNOWN);
  // By method and route: of two samples with the same labels, Prometheus takes neither.
  const known = new Map<string, RouteMetrics>();
  app.addHook('onRoute', (route) => {
    const method = [route.method].flat().join(',');
    const key = `${method} ${route.url}`;
    const metrics = known.get(key) ?? new RouteMetrics({ method, route: route.url });
    known.set(key, metrics);
    route.config = { ...route.config, [measured]: metrics };
  });
  app.addHook('onResponse', (request, reply, done) => {
    (request.routeOptions.config[measured] ?? unknown).add(reply);
    done();
  });
  return () => {
    const all = [unknown, ...known.values()];
    return [
      '# HELP latchkey_http_requests_total Requests that were answered, by method, route and status',
      '# TYPE latchkey_http_requests_total counter',
      ...all.flatMap((metrics) => metrics.counts()),
      '# HELP latchkey_http_request_duration_seconds Time from a request to its answer, by method and route',
      '# TYPE latchkey_http_request_duration_seconds histogram',
      ...all.flatMap((metrics) => metrics.durations()),
      '',
    ].join('\n');
  };
}

function sample(name: string, labels: Readonly<Record<string, string>> | RouteLabels, value: number): string {
  const list = Object.entries(labels).map(
    ([label, text]) => `${label}="${text.replace(/["\\\n]/g, '\\$&')}"`,
  );
  return `${name}{${list.join(',')}} ${value}`;
}
