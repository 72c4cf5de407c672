/**
 * TCP proxy in front of a process that loses one request or one answer on command: it resets the connection.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Teardown } from '../helper.ts';

/**
 * Lost part: the request, which the process then never gets, or the answer, after the request was handled.
 */
export type Loot = 'request' | 'answer';

export interface Thief {
  /** Ports on 127.0.0.1. They lead to the same process, as if there were several. */
  readonly ports: readonly number[];
  /** Loses a part of the next request. */
  steal(loot: Loot): void;
  /** Returns the number of losses. */
  readonly stolen: () => number;
}

/** @param target port of the process on 127.0.0.1 */
export async function startThief(t: Teardown, target: number): Promise<Thief> {
  const open = new Set<Socket>();
  let wanted: Loot | undefined;
  let stolen = 0;

  const accept = (client: Socket): void => {
    const upstream = connect(target, '127.0.0.1');
    const ends = [client, upstream];
    const reset = () => {
      stolen++;
      for (const socket of ends) socket.resetAndDestroy();
    };
    let takesAnswer = false;
    client.on('data', (bytes) => {
      const loot = wanted;
      wanted = undefined;
      if (loot === 'request') return reset();
      takesAnswer ||= loot === 'answer';
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => void (takesAnswer ? reset() : client.write(bytes)));
    for (const socket of ends) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        for (const end of ends) end.destroy();
      });
    }
  };
  const listen = async (): Promise<number> => {
    const server = createServer(accept);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.teardown(() => void server.close());
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The thief has no port');
    return address.port;
  };
  const ports = [await listen(), await listen()];
  t.teardown(() => {
    for (const socket of open) socket.destroy();
  });
  return {
    ports,
    steal: (loot) => {
      wanted = loot;
    },
    stolen: () => stolen,
  };
}
