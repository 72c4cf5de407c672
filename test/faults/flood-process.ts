/** The process of {@link flood}: bytes on many connections, which stay open as long as the service lets them. */
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

interface Flood {
  readonly url: string;
  readonly connections: number;
  readonly bytes: string;
  readonly times: number;
}

/** Milliseconds for which they stay after the last byte was sent or answered. */
const SILENCE_MS = 5_000;

/** Times that the bytes are written at once. */
const AT_ONCE = 1_000;

let lastSign = performance.now();
const sign = () => {
  lastSign = performance.now();
};

process.on('disconnect', () => process.exit());
process.once('message', async (flood: Flood) => {
  const sockets = Array.from({ length: flood.connections }, () => open(flood));
  const isOpen = () => sockets.filter(({ destroyed }) => !destroyed).length;
  while (isOpen() > 0 && performance.now() - lastSign < SILENCE_MS) await wait(50);
  process.send?.(isOpen(), () => process.exit());
});

function open({ url, bytes, times }: Flood): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', sign);
  socket.on('close', sign);
  socket.on('data', sign);
  let left = times;
  const write = () => {
    while (left > 0 && !socket.destroyed) {
      const now = Math.min(AT_ONCE, left);
      left -= now;
      sign();
      if (!socket.write(bytes.repeat(now))) return;
    }
  };
  socket.on('drain', write);
  socket.once('connect', write);
  return socket;
}
