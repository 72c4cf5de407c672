import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Config, ConfigError, defaultPublicUrl } from '../config/index.ts';

/** Time in which a request has to arrive. */
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * Connections at a time, enough for some monitoring systems. They must not use up the file descriptors of the
 * API.
 */
const MAX_CONNECTIONS = 50;

/** The page `/metrics`. */
export interface MetricsPage {
  readonly contentType: string;
  read(): Promise<string>;
}

/**
 * Listens for Prometheus, on a port apart from the API: the metrics need no token, so the network has to
 * restrict access.
 *
 * @returns the server, and the URL of the metrics; with the actual port when `port` is 0
 * @throws {ConfigError} when it cannot listen on the port
 */
export async function listen(
  { host, port }: NonNullable<Config['metrics']>,
  page: MetricsPage,
): Promise<{ server: Server; url: string }> {
  const options = { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS };
  const server = createServer(options, (request, response) => void answer(page, request, response));
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    throw new ConfigError(
      `METRICS_PORT ${port} of METRICS_HOST ${host} cannot be listened on (${code}): choose another (example: METRICS_PORT=9464)`,
    );
  }
  // A connection that the system cannot accept (EMFILE) must not end the process.
  server.on('error', () => {});
  const address = server.address();
  const url = defaultPublicUrl(host, typeof address === 'object' && address !== null ? address.port : port);
  return { server, url: `${url}/metrics` };
}

async function answer(
  { contentType, read }: MetricsPage,
  { method, url }: IncomingMessage,
  response: ServerResponse,
) {
  if (url?.split('?', 1)[0] !== '/metrics' || (method !== 'GET' && method !== 'HEAD')) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('There is only GET /metrics.\n');
    return;
  }
  try {
    const text = await read();
    response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(text);
  } catch {
    response.writeHead(500, { 'content-type': 'text/plain' }).end('The metrics cannot be read.\n');
  }
}
