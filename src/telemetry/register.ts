import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';

/** Metrics: loaded where somebody asked for them, and no hook of a request otherwise. To be registered before all routes. */
export async function registerTelemetry(
  app: FastifyInstance,
  { metrics }: Pick<Config, 'metrics'>,
): Promise<void> {
  if (metrics !== undefined) {
    const plugin = await import('./metrics.ts');
    await app.register(plugin.default, metrics);
  }
}
