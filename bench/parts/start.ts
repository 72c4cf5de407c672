/**
 * Time of `latchkey serve` to its first answer, from the sources and from the image's bundle, and its memory
 * when idle.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { residentSet } from '../tools/contender.ts';
import { type Effort, type Figure, type Part, toFigure, toRatio } from '../tools/figures.ts';

const root = resolve(import.meta.dirname, '../..');

/** Time without a request before the memory is read. */
const IDLE_MS = 3_000;
/** Pause between two attempts of the first request, which is the error of the figure. */
const PAUSE_MS = 2;

/** Variables that the image sets (deploy/Dockerfile). */
const IMAGE_ENVIRONMENT = { MALLOC_ARENA_MAX: '1' };

/** Files of the image besides its packages and the bundle. */
const IMAGE_FILES = ['bin', 'templates', 'wordlists', 'package.json', 'prisma/migrations'];

export const start: Part = { name: 'start', title: 'latchkey serve on a database that is there', measure };

async function measure({ rounds, say }: Effort): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const times = { sources: [] as number[], bundle: [] as number[] };
  const idle = { sources: [] as number[], bundle: [] as number[] };
  try {
    const homes = {
      sources: { folder: root, environment: {} },
      bundle: { folder: await makeBundle(folder), environment: IMAGE_ENVIRONMENT },
    };
    const names = ['sources', 'bundle'] as const;
    for (const name of names) await serveOnce(homes[name], folder, 0);
    for (let round = 1; round <= rounds; round++)
      for (const name of names) {
        const { milliseconds, megabytes } = await serveOnce(homes[name], folder, round <= 3 ? IDLE_MS : 0);
        times[name].push(milliseconds);
        if (megabytes !== undefined) idle[name].push(megabytes);
        say(`${name}, round ${round} of ${rounds}: ${milliseconds.toFixed(0)} ms`);
      }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const memory = `memory after ${IDLE_MS / 1000} s without a request`;
  return [
    toFigure('bundle: process start to the first 200', times.bundle, 'ms'),
    toRatio('sources: the same, of the bundle', times.sources, times.bundle, { atMost: 1.5 }),
    toFigure(`bundle: ${memory}`, idle.bundle, 'MB', { atMost: 160 }),
    toFigure(`sources: ${memory}`, idle.sources, 'MB'),
  ];
}

/** Makes a folder with the image's files. */
async function makeBundle(folder: string): Promise<string> {
  const home = join(folder, 'image');
  for (const name of IMAGE_FILES) cpSync(join(root, name), join(home, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'));
  const script = join(root, 'scripts/bundle.ts');
  await promisify(execFile)(process.execPath, [script, join(home, 'dist')], { cwd: root });
  return home;
}

async function serveOnce(
  home: { readonly folder: string; readonly environment: Readonly<Record<string, string>> },
  folder: string,
  idle: number,
): Promise<{ milliseconds: number; megabytes: number | undefined }> {
  const port = await freePort();
  const { PATH = '' } = process.env;
  const env = { PATH, DATA_DIR: folder, PORT: String(port), LOG_LEVEL: 'info', ...home.environment };
  const started = performance.now();
  const child = spawn(process.execPath, ['bin/latchkey.js', 'serve'], {
    cwd: home.folder,
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
    await wait(PAUSE_MS);
  }
  throw new Error(`latchkey serve ended with ${exitCode()}`);
}
