import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/index.ts';

/**
 * Registers metrics and traces. Call it before the routes are registered. What is not configured is not
 * loaded, and adds no hook.
 */
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
