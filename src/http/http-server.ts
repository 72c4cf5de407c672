import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Requests of one connection that may wait for the answer to an earlier request. Browsers send none ahead,
 * other clients a few.
 */
const MAX_PIPELINED = 100;

/**
 * Makes the HTTP server of the service, with a limit on pipelining. A connection that sends more and more
 * requests without waiting for answers is closed. By then, Node.js has read up to 64 KB of its requests. They
 * are dropped before Fastify gets them.
 *
 * @param handle Fastify's request listener
 */
export function createHttpServer(handle: RequestListener, options: ServerOptions): Server {
  const waiting = new WeakMap<Socket, number>();
  const listener: RequestListener = (request, response) => {
    const { socket } = request;
    if (socket.destroyed) return;
    // A response gets its socket when the responses before it have been sent.
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
