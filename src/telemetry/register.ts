import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/index.ts';

/** Metrics and traces: loaded where somebody asked for them, and no hook of a request otherwise. To be registered before all routes. */
export async function registerTelemetry(
  app: FastifyInstance,
  { metrics, traces }: Pick<Config, 'metrics' | 'traces'>,
): Promise<void> {
  if (traces !== undefined) {
    const plugin = await import('./traces.ts');
    await app.register(plugin.default, traces);
  }
  if (metrics !== undefined) {
    const plugin = await import('./metrics.ts');
    await app.register(plugin.default, metrics);
  }
}
