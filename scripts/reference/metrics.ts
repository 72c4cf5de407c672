import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { Registry } from 'prom-client';
import { buildApp } from '#latchkey/app.ts';
import { parseConfig } from '#latchkey/config/index.ts';
import { serviceOf } from '#latchkey/service/service-of.ts';
import type { Reading } from '#latchkey/telemetry/reading.ts';
import { readingsOf } from '#latchkey/telemetry/readings.ts';
import { measureRequests } from '#latchkey/telemetry/requests.ts';
import { code, type Parts, table } from './fill-in.ts';

/** A label with more values than this is described by its name alone. */
const MAX_VALUES = 8;

/** The tables of the metrics: of requests, and of the state of a process with either database. */
export async function describeMetrics(): Promise<Parts> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-metrics-'));
  const server = await buildApp(parseConfig({ DATA_DIR: folder, LOG_LEVEL: 'silent' }));
  try {
    await server.ready();
    return {
      requests: describeRequests(),
      state: await describeReadings(readingsOf(serviceOf(server))),
    };
  } finally {
    await server.close();
    await rm(folder, { recursive: true });
  }
}

function describeRequests(): string {
  const registry = new Registry();
  measureRequests(Fastify(), registry);
  const rows = registry.getMetricsAsArray().map((metric) => {
    const labels = 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames : [];
    return [code(metric.name), labels.map(code).join(', '), metric.help];
  });
  return table(['metric', 'labels', 'meaning'], rows);
}

async function describeReadings(readings: readonly Reading[]): Promise<string> {
  const rows = await Promise.all(
    readings.map(async (reading) => [
      code(`latchkey_${reading.name}`),
      reading.isCounter === true ? 'counter' : 'gauge',
      await labelOf(reading),
      reading.help + (reading.only === undefined ? '' : ` (${databases[reading.only]} only)`),
    ]),
  );
  return table(['metric', 'type', 'label', 'meaning'], rows);
}

const databases = { sqlite: 'SQLite', postgresql: 'Postgres' } as const;

/** Returns the label with its values, where these are few and always the same. */
async function labelOf({ label, read }: Reading): Promise<string> {
  if (label === undefined) return '';
  const values = await read();
  const names = typeof values === 'object' && label !== 'version' ? Object.keys(values) : [];
  return names.length === 0 || names.length > MAX_VALUES
    ? code(label)
    : `${code(label)}: ${names.map(code).join(', ')}`;
}
