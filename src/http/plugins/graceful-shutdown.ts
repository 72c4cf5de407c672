import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { Server, type Socket } from 'node:net';
import { setImmediate as afterPoll, setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';

/**
 * Milliseconds for which idle connections stay open. A client that sends its next request meanwhile gets its
 * answer, with `Connection: close`. Closing them earlier has a risk: a request may be on its way when the
 * connection ends.
 */
const IDLE_TIMEOUT_MS = 1_000;

/**
 * Milliseconds after which the remaining connections are closed. The rest of the ten seconds is for the hooks
 * that follow.
 */
const DRAIN_TIMEOUT_MS = 7_000;

/** Turns of the event loop after which the process no longer waits for a turn without connections. */
const MAX_TURNS = 100;

/** Milliseconds between two checks of the connections. */
const CHECK_INTERVAL_MS = 25;

/** Graceful shutdown: answers the requests under way, then closes. */
export interface Drain {
  /** True when it has begun; `/health/ready` reports it. */
  readonly hasBegun: boolean;
  /**
   * Begins: from now on the process is not ready, and each answer ends its connection. Requests are answered
   * as before.
   */
  begin(): void;
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly drain: Drain;
  }
}

/**
 * Makes `app.close()` wait until all requests are answered. First the server accepts no more connections.
 * Then each open connection ends: with its next answer, after {@link IDLE_TIMEOUT_MS}, or at the latest after
 * {@link DRAIN_TIMEOUT_MS}.
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
 * Waits for a turn of the event loop without a new connection. Connections that the kernel has made and this
 * process has not yet accepted are reset when it stops listening. Right after such a turn there are none.
 */
async function quietTurn(accepted: () => number): Promise<void> {
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const before = accepted();
    await afterPoll();
    if (accepted() === before) return;
  }
}

async function finish(server: HttpServer, sockets: ReadonlySet<Socket>): Promise<void> {
  const began = performance.now();
  const count = promisify(server.getConnections.bind(server));
  // The `close` of http.Server also closes the idle connections at once.
  Server.prototype.close.call(server);
  while ((await count()) > 0) {
    const passed = performance.now() - began;
    if (passed > DRAIN_TIMEOUT_MS) {
      server.closeAllConnections();
      return;
    }
    if (passed > IDLE_TIMEOUT_MS) {
      // Right after the read of all that has arrived. Node.js takes a connection whose answer is still on its
      // way for idle.
      await afterPoll();
      if ([...sockets].every(({ writableLength }) => writableLength === 0)) server.closeIdleConnections();
    }
    await wait(CHECK_INTERVAL_MS);
  }
}

export default fp(drain, { name: 'drain', fastify: '5.x' });
