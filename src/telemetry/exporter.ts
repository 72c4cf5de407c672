import { ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type { SpanExporter } from '@opentelemetry/sdk-trace-node';
import type { FastifyBaseLogger } from 'fastify';

/**
 * Sends spans to a collector. Logs once when the collector goes down, and once when it is back. Spans that it
 * does not accept are lost.
 */
export function openExporter(endpoint: string, log: Pick<FastifyBaseLogger, 'info' | 'warn'>): SpanExporter {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
  let isDown = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const failed = result.code !== ExportResultCode.SUCCESS;
        if (failed && !isDown)
          log.warn({ reason: result.error?.message }, 'Traces cannot be sent at the moment');
        if (!failed && isDown) log.info('Traces can be sent again');
        isDown = failed;
        done(result);
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}
