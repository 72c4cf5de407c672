import type { Server } from 'node:http';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Config } from '../config/index.ts';
import { listen } from './listener.ts';
import { measureRequests } from './requests.ts';
import { describeState } from './state.ts';

/**
 * Metrics for Prometheus. All labels are routes, statuses and constant names, so that there are some thousand
 * series at most, and no personal data in them.
 */
async function metrics(app: FastifyInstance, options: NonNullable<Config['metrics']>) {
  const registry = new Registry();
  let server: Server | undefined;
  measureRequests(app, registry);
  app.addHook('onReady', async () => {
    collectDefaultMetrics({ register: registry });
    describeState(app, registry);
    const listening = await listen(options, {
      contentType: registry.contentType,
      read: () => registry.metrics(),
    });
    server = listening.server;
    app.log.info(`Metrics: ${listening.url}`);
  });
  app.addHook('onClose', async () => {
    server?.close();
    server?.closeAllConnections();
  });
}

export default fp(metrics, { name: 'metrics', fastify: '5.x' });
