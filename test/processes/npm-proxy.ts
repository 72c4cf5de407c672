/** Proxy from npm with the behaviour of deploy/nginx/nginx.conf, for machines without nginx. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createProxyServer } from 'http-proxy-3';
import type { Teardown } from '../helper.ts';

/** Values of proxy_next_upstream_tries and proxy_next_upstream_timeout. */
const MAX_ATTEMPTS = 3;
const RETRY_TIMEOUT_MS = 10_000;

/**
 * Forwards requests round-robin. A process that refuses the connection is skipped; one that breaks it too,
 * when the request may be repeated.
 */
export async function startNpmProxy(t: Teardown, port: number, ports: readonly number[]): Promise<void> {
  const repeatable = await readRepeatable();
  const proxy = createProxyServer({});
  let turn = 0;
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const began = performance.now();
    const body = await buffer(request);
    addHeaders(request);
    const mayBeRepeated =
      !/^(POST|PATCH|LOCK)$/.test(request.method ?? '') || repeatable.test(request.url?.split('?')[0] ?? '');
    const first = turn++;
    const attempt = (number: number): void => {
      const target = `http://127.0.0.1:${ports[(first + number - 1) % ports.length]}`;
      proxy.web(request, response, { target, buffer: Readable.from([body]) }, (error) => {
        const wasSent = !('code' in error && error.code === 'ECONNREFUSED');
        const isLast =
          number >= Math.min(MAX_ATTEMPTS, ports.length) || performance.now() - began > RETRY_TIMEOUT_MS;
        if (response.headersSent) response.destroy();
        else if (isLast || (wasSent && !mayBeRepeated)) response.writeHead(502).end();
        else attempt(number + 1);
      });
    };
    attempt(1);
  };
  const server = createServer((request, response) => void handle(request, response));
  await once(server.listen(port, '127.0.0.1'), 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
}

/** Reads the paths whose POSTs and PATCHes are repeated too. */
async function readRepeatable(): Promise<RegExp> {
  const text = await readFile('deploy/nginx/nginx.conf', 'utf8');
  const [, paths] = /^ *location ~ (\S+) \{\n *proxy_next_upstream .*non_idempotent;/m.exec(text) ?? [];
  if (paths === undefined) throw new Error('nginx.conf repeats nothing that is not idempotent');
  return new RegExp(paths);
}

function addHeaders({ headers, socket }: IncomingMessage): void {
  const id = randomBytes(16).toString('hex');
  const given = String(headers['x-request-id'] ?? '');
  headers['x-request-id'] = /^[\w.-]{1,64}$/.test(given) ? given : id;
  headers['x-forwarded-for'] = socket.remoteAddress;
  headers['idempotency-key'] ||= id;
}
