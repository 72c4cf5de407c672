/** TCP proxy that simulates failures of networks. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Teardown } from '../helper.ts';

export interface TcpProxy {
  readonly port: number;
  /** Stops all data in both directions. Connections stay open, new ones too, and data waits. */
  pause(): void;
  /**
   * Lets the waiting data pass.
   *
   * @param forget the connections of the pause stay silent for ever, as behind a router that has lost its
   *   state; new ones work
   */
  resume(options?: { forget?: boolean }): void;
  /** Resets all connections and refuses new ones. */
  cut(): Promise<void>;
  /** Accepts connections again, on the same port. */
  mend(): Promise<void>;
}

/** @param target port on 127.0.0.1 that it forwards to */
export async function startProxy(t: Teardown, target: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const forgotten = new Set<readonly [Socket, Socket]>();
  let isPaused = false;

  const accept = (client: Socket): void => {
    const upstream = connect(target, '127.0.0.1');
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, [upstream, client] as const]) {
      from.on('data', (bytes) => void to.write(bytes));
      from.on('end', () => void to.end());
      from.on('error', () => {});
      from.on('close', () => {
        to.destroy();
        pairs.delete(pair);
        forgotten.delete(pair);
      });
      if (isPaused) from.pause();
    }
  };
  const endAll = (): void => {
    for (const pair of [...pairs, ...forgotten]) for (const socket of pair) socket.resetAndDestroy();
  };

  let server = await listen(accept, 0);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port');
  const { port } = address;
  t.teardown(() => {
    endAll();
    server.close();
  });

  return {
    port,
    pause: () => {
      isPaused = true;
      for (const pair of pairs) for (const socket of pair) socket.pause();
    },
    resume: ({ forget = false } = {}) => {
      isPaused = false;
      for (const pair of pairs) {
        if (forget) forgotten.add(pair);
        else for (const socket of pair) socket.resume();
      }
      if (forget) pairs.clear();
    },
    cut: async () => {
      const closed = once(server, 'close');
      server.close();
      endAll();
      await closed;
    },
    mend: async () => {
      server = await listen(accept, port);
    },
  };
}

async function listen(accept: (client: Socket) => void, port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, accept);
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return server;
}
