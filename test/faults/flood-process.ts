/**
 * The process of {@link flood}: sends bytes on many connections, which stay open as long as the service
 * allows.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Flood } from './attackers.ts';

/** Time that a connection stays open after the last byte was sent or received. */
const SILENCE_MS = 5_000;

/** Number of copies of the bytes per write. */
const COPIES_PER_WRITE = 1_000;

let lastSign = performance.now();
const sign = () => {
  lastSign = performance.now();
};

process.on('disconnect', () => process.exit());
process.once('message', async ({ url, ...flood }: Flood & { readonly url: string }) => {
  const sockets: Socket[] = [];
  const isOpen = () => sockets.filter(({ destroyed }) => !destroyed).length;
  for (let turn = 0; turn < flood.turns; turn++) {
    sign();
    for (let count = 0; count < flood.connections; count++) sockets.push(open(url, flood));
    while (isOpen() > 0 && performance.now() - lastSign < SILENCE_MS) await wait(50);
  }
  process.send?.(isOpen(), () => process.exit());
});

function open(url: string, { bytes, times }: Flood): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', sign);
  socket.on('close', sign);
  socket.on('data', sign);
  let left = times;
  const write = () => {
    while (left > 0 && !socket.destroyed) {
      const now = Math.min(COPIES_PER_WRITE, left);
      left -= now;
      sign();
      if (!socket.write(bytes.repeat(now))) return;
    }
  };
  socket.on('drain', write);
  socket.once('connect', write);
  return socket;
}
