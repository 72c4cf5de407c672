import { setTimeout as wait } from 'node:timers/promises';
import { FastifyOtelInstrumentation } from '@fastify/otel';
import { type Span, SpanStatusCode } from '@opentelemetry/api';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { type Config, version } from '../config/index.ts';
import { openExporter } from './exporter.ts';

/** Time that a shutdown waits for the collector. */
const SHUTDOWN_TIMEOUT_MS = 2_000;

/**
 * A span for each request, sent to an OpenTelemetry collector. It continues the trace of a `traceparent`
 * header. It has the method, route, status and request id, but no user, IP address or user agent. The
 * variables of the SDK itself (such as `OTEL_TRACES_SAMPLER` and `OTEL_EXPORTER_OTLP_HEADERS`) configure
 * sampling, headers for the collector and more.
 */
async function traces(app: FastifyInstance, { endpoint, serviceName }: NonNullable<Config['traces']>) {
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(detectResources({ detectors: [envDetector] }))
      .merge(resourceFromAttributes({ 'service.name': serviceName, 'service.version': version })),
    spanProcessors: [new BatchSpanProcessor(openExporter(endpoint, app.log))],
  });
  // Propagates the trace through asynchronous calls, and reads `traceparent`.
  provider.register();
  const instrumentation = new FastifyOtelInstrumentation({
    instrumentHooks: false,
    instrumentHandler: false,
    recordExceptions: false,
    requestHook: describeSpan,
  });
  instrumentation.setTracerProvider(provider);
  await app.register(instrumentation.plugin());
  app.addHook('onSend', (request, reply, _payload, done) => {
    // Semantic conventions for HTTP servers: a 4xx is not an error of the server.
    if (reply.statusCode >= 500) request.opentelemetry().span?.setStatus({ code: SpanStatusCode.ERROR });
    done();
  });
  app.addHook('onClose', async () => {
    instrumentation.disable();
    await Promise.race([
      provider.shutdown().catch(() => {}),
      wait(SHUTDOWN_TIMEOUT_MS, undefined, { ref: false }),
    ]);
  });
}

/**
 * Removes possible personal data and secrets from a span: the path with its query, and the messages of
 * errors.
 */
function describeSpan(span: Span, request: FastifyRequest): void {
  const route = request.routeOptions.url ?? 'unknown';
  span.updateName(`${request.method} ${route}`);
  span.setAttributes({ 'url.path': route, 'latchkey.request_id': request.id });
  const setStatus = span.setStatus.bind(span);
  span.setStatus = (status) => (status.message === undefined ? setStatus(status) : span);
}

export default fp(traces, { name: 'traces', fastify: '5.x' });
