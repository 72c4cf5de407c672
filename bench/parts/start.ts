/** How long `latchkey serve` takes to its first answer, and what it holds when nothing happens. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { residentSet } from '../tools/contender.ts';
import { type Effort, type Figure, type Part, toFigure } from '../tools/figures.ts';

/** Milliseconds without a request before the memory is read. */
const IDLE = 3_000;
/** Milliseconds between two tries at the first request: the error of the figure. */
const PAUSE = 2;

export const start: Part = { name: 'start', title: 'latchkey serve on a database that is there', measure };

async function measure({ rounds, say }: Effort): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const times: number[] = [];
  const idle: number[] = [];
  try {
    await serveOnce(folder, 0);
    for (let round = 1; round <= rounds; round++) {
      const { milliseconds, megabytes } = await serveOnce(folder, round <= 3 ? IDLE : 0);
      times.push(milliseconds);
      if (megabytes !== undefined) idle.push(megabytes);
      say(`round ${round} of ${rounds}: ${milliseconds.toFixed(0)} ms`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return [
    toFigure('process start to the first 200', times, 'ms', { atMost: 700 }),
    toFigure(`memory after ${IDLE / 1000} s without a request`, idle, 'MB', { atMost: 110 }),
  ];
}

async function serveOnce(
  folder: string,
  idle: number,
): Promise<{ milliseconds: number; megabytes: number | undefined }> {
  const port = await freePort();
  const { PATH = '' } = process.env;
  const env = { PATH, DATA_DIR: folder, PORT: String(port), LOG_LEVEL: 'info' };
  const started = performance.now();
  const child = spawn(process.execPath, ['bin/latchkey.js', 'serve'], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    await firstAnswer(`http://127.0.0.1:${port}/health/ready`, () => child.exitCode);
    const milliseconds = performance.now() - started;
    if (idle === 0) return { milliseconds, megabytes: undefined };
    await wait(idle);
    return { milliseconds, megabytes: residentSet(child.pid ?? 0) };
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function firstAnswer(url: string, exitCode: () => number | null): Promise<void> {
  while (exitCode() === null) {
    const status = await fetch(url).then(
      (response) => response.status,
      () => undefined,
    );
    if (status === 200) return;
    await wait(PAUSE);
  }
  throw new Error(`latchkey serve ended with ${exitCode()}`);
}
