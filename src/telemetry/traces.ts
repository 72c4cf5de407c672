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

/** Milliseconds that closing waits for the collector. */
const LAST_EXPORT = 2_000;

/**
 * A span for each request, sent to an OpenTelemetry collector. It continues the trace of a `traceparent`, and says method, route,
 * status and request id; not who, where from or with what. Sampling, headers for the collector and the like are what
 * the SDK's own variables (`OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS`) say.
 */
async function traces(app: FastifyInstance, { endpoint, serviceName }: NonNullable<Config['traces']>) {
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(detectResources({ detectors: [envDetector] }))
      .merge(resourceFromAttributes({ 'service.name': serviceName, 'service.version': version })),
    spanProcessors: [new BatchSpanProcessor(openExporter(endpoint, app.log))],
  });
  // Keeps the trace in what a request awaits, and reads `traceparent`.
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
    // As the conventions for servers have it: a 4xx is no error of ours.
    if (reply.statusCode >= 500) request.opentelemetry().span?.setStatus({ code: SpanStatusCode.ERROR });
    done();
  });
  app.addHook('onClose', async () => {
    instrumentation.disable();
    await Promise.race([provider.shutdown().catch(() => {}), wait(LAST_EXPORT, undefined, { ref: false })]);
  });
}

/** Takes out of a span what may be about a person, or a secret: the path and its query, and what errors say. */
function describeSpan(span: Span, request: FastifyRequest): void {
  const route = request.routeOptions.url ?? 'unknown';
  span.updateName(`${request.method} ${route}`);
  span.setAttributes({ 'url.path': route, 'latchkey.request_id': request.id });
  const setStatus = span.setStatus.bind(span);
  span.setStatus = (status) => (status.message === undefined ? setStatus(status) : span);
}

export default fp(traces, { name: 'traces', fastify: '5.x' });
