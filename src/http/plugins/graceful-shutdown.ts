import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { Server, type Socket } from 'node:net';
import { setImmediate as afterPoll, setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';

/**
 * Milliseconds for which connections that are silent stay open: a client that sends its next request meanwhile gets its answer,
 * with `Connection: close`. Nothing else ends them without the risk that a request crosses the end of its connection.
 */
const SILENCE = 1_000;

/** Milliseconds after which the connections are ended that are left. What follows has the rest of the ten seconds. */
const PATIENCE = 7_000;

/** Turns of the event loop after which it is not quiet and will not be. */
const TURNS = 100;

/** Milliseconds between two looks. */
const PAUSE = 25;

/** How the process takes leave of its clients. */
export interface Drain {
  /** Whether it has begun: `/health/ready` says so. */
  readonly hasBegun: boolean;
  /** From now on the process is not ready, and each answer ends its connection. Requests are answered as before. */
  begin(): void;
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly drain: Drain;
  }
}

/**
 * Lets `app.close()` wait until all that was asked is answered. First no more connections are accepted, then those that are there
 * come to their end: with the next answer, by {@link SILENCE}, or when clients have had {@link PATIENCE}.
 */
async function drain(app: FastifyInstance) {
  let hasBegun = false;
  const begin = () => {
    if (hasBegun) return;
    hasBegun = true;
    app.server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
      response.shouldKeepAlive = false;
    });
  };
  app.decorate('drain', {
    get hasBegun() {
      return hasBegun;
    },
    begin,
  });

  const sockets = new Set<Socket>();
  let accepted = 0;
  app.server.on('connection', (socket: Socket) => {
    accepted++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  app.addHook('preClose', async () => {
    begin();
    if (!app.server.listening) return;
    await quietTurn(() => accepted);
    await finish(app.server, sockets);
  });
}

/**
 * Waits for a turn of the event loop in which nobody came. Connections that the kernel has made and this process has not yet taken
 * are reset when it stops listening: right after such a turn there are none.
 */
async function quietTurn(accepted: () => number): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) {
    const before = accepted();
    await afterPoll();
    if (accepted() === before) return;
  }
}

async function finish(server: HttpServer, sockets: ReadonlySet<Socket>): Promise<void> {
  const began = performance.now();
  const count = promisify(server.getConnections.bind(server));
  // The one of http.Server also ends the silent connections, at once.
  Server.prototype.close.call(server);
  while ((await count()) > 0) {
    const passed = performance.now() - began;
    if (passed > PATIENCE) {
      server.closeAllConnections();
      return;
    }
    if (passed > SILENCE) {
      // Right after what has arrived was read. An answer that is still on its way out is no silence, which Node.js takes it for.
      await afterPoll();
      if ([...sockets].every(({ writableLength }) => writableLength === 0)) server.closeIdleConnections();
    }
    await wait(PAUSE);
  }
}

export default fp(drain, { name: 'drain', fastify: '5.x' });
