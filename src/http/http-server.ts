import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Requests of one connection that may wait for the answer to a request before them. Browsers send none ahead, other clients a few.
 */
const MAX_PIPELINED = 100;

/**
 * Makes the one HTTP server of the service, with a limit on pipelining: a connection is closed that sends more and more requests
 * without waiting for answers. Node.js has read up to 64 KB of its requests by then. They are dropped before Fastify sees them.
 *
 * @param handle Fastify's request listener
 */
export function createHttpServer(handle: RequestListener, options: ServerOptions): Server {
  const waiting = new WeakMap<Socket, number>();
  const listener: RequestListener = (request, response) => {
    const { socket } = request;
    if (socket.destroyed) return;
    // A response has its socket once those before it are out.
    if (response.socket === null) {
      const count = (waiting.get(socket) ?? 0) + 1;
      if (count > MAX_PIPELINED) {
        socket.destroy();
        return;
      }
      waiting.set(socket, count);
      response.once('close', () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1));
    }
    handle(request, response);
  };
  return createServer(options, listener);
}
