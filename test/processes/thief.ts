/** In front of a process, and takes what is on its way: a TCP proxy that resets the connection once when it is told to. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Teardown } from '../helper.ts';

/** What it takes: the request, which the process then never sees, or the answer, when it has done what was asked. */
export type Loot = 'request' | 'answer';

export interface Thief {
  /** On 127.0.0.1; they lead to the same process, as if there were several. */
  readonly ports: readonly number[];
  /** Of the next request. */
  steal(loot: Loot): void;
  /** How often it did. */
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
