/** An OpenTelemetry collector: receives OTLP over HTTP, and keeps the spans as they were sent. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Teardown } from '../helper.ts';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the root span. */
  readonly parentId: string;
  readonly name: string;
  /** Kind of the span; 2 is a server span. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** Status; code 2 is an error. */
  readonly status: { readonly code: number; readonly message: string };
}

export interface Collector {
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** Attributes of the resource of the spans. */
  readonly resource: Readonly<Record<string, string | number>>;
  /** Returns the bytes of all request bodies. */
  readonly bytes: () => Buffer;
  readonly headers: readonly IncomingHttpHeaders[];
  /** Sets the status of further responses. */
  answerWith(status: number): void;
}

export async function startCollector(t: Teardown): Promise<Collector> {
  const spans: ReceivedSpan[] = [];
  const bodies: Buffer[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const resource: Record<string, string | number> = {};
  let status = 200;
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    if (request.method === 'POST' && request.url === '/v1/traces' && status === 200) {
      bodies.push(body);
      headers.push(request.headers);
      for (const group of all(body, 1)) {
        Object.assign(resource, attributesOf(all(all(group, 1)[0] ?? none, 1)));
        for (const scope of all(group, 2)) spans.push(...all(scope, 2).map(toSpan));
      }
    }
    response.writeHead(request.url === '/v1/traces' ? status : 404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    resource,
    headers,
    bytes: () => Buffer.concat(bodies),
    answerWith: (next) => {
      status = next;
    },
  };
}

const none = Buffer.alloc(0);

/** Decodes spans. The field numbers are those of opentelemetry/proto/trace/v1/trace.proto. */
function toSpan(span: Buffer): ReceivedSpan {
  const status = all(span, 15)[0] ?? none;
  return {
    traceId: all(span, 1)[0]?.toString('hex') ?? '',
    spanId: all(span, 2)[0]?.toString('hex') ?? '',
    parentId: all(span, 4)[0]?.toString('hex') ?? '',
    name: String(all(span, 5)[0] ?? ''),
    kind: integer(span, 6),
    attributes: attributesOf(all(span, 9)),
    status: { code: integer(status, 3), message: String(all(status, 2)[0] ?? '') },
  };
}

function attributesOf(pairs: readonly Buffer[]): Record<string, string | number> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const value = all(pair, 2)[0] ?? none;
      return [String(all(pair, 1)[0] ?? ''), all(value, 1)[0]?.toString() ?? integer(value, 3)];
    }),
  );
}

/** Returns the values of a field of type bytes, string or message. */
function all(message: Buffer, number: number): Buffer[] {
  return fields(message).flatMap((field) =>
    field.number === number && typeof field.value === 'object' ? [field.value] : [],
  );
}

function integer(message: Buffer, number: number): number {
  const field = fields(message).find((field) => field.number === number && typeof field.value === 'number');
  return typeof field?.value === 'number' ? field.value : 0;
}

/** Decodes the wire format of Protocol Buffers: https://protobuf.dev/programming-guides/encoding/ */
function fields(message: Buffer): { readonly number: number; readonly value: number | Buffer }[] {
  const found: { number: number; value: number | Buffer }[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const type = key & 7;
    const length = type === 2 ? varint() : type === 1 ? 8 : type === 5 ? 4 : 0;
    const value = type === 0 ? varint() : message.subarray(at, at + length);
    at += length;
    found.push({ number: key >> 3, value });
  }
  return found;
}
