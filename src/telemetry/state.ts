import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Reading } from './reading.ts';
import { readingsOf } from './readings.ts';

/** Registers the readings of the process. They are read when Prometheus scrapes. */
export function describeState(app: FastifyInstance, registry: Registry): void {
  for (const reading of readingsOf(app)) {
    const { label, only } = reading;
    if (only !== undefined && only !== app.databaseKind) continue;
    const options = {
      name: `latchkey_${reading.name}`,
      help: reading.help,
      labelNames: label === undefined ? [] : [label],
      registers: [registry],
    };
    if (reading.isCounter === true)
      new Counter({
        ...options,
        async collect() {
          const samples = await samplesOf(reading);
          this.reset();
          for (const [labels, value] of samples) this.inc(labels, value);
        },
      });
    else
      new Gauge({
        ...options,
        async collect() {
          const samples = await samplesOf(reading);
          this.reset();
          // The value is unknown: without this, it would be reported as 0.
          if (samples.length === 0) this.remove();
          for (const [labels, value] of samples) this.set(labels, value);
        },
      });
  }
}

async function samplesOf({ label, read }: Reading): Promise<[Record<string, string>, number][]> {
  const values = await read();
  if (values === undefined) return [];
  if (typeof values === 'number') return [[{}, values]];
  return Object.entries(values).map(([name, value]) => [label === undefined ? {} : { [label]: name }, value]);
}
