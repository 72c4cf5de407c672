/**
 * Cost of a process to which no client speaks: commits in Postgres, wake-ups, processor time, and bytes
 * written. From /proc, so on Linux only.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '../../test/postgres-server.ts';
import { onEach } from '../tools/databases.ts';
import { type Effort, type Figure, type Part, toFigure } from '../tools/figures.ts';

/** Time after the first answer: the start writes events, seals them, and looks for more. */
const SETTLE_MS = Number(process.env.BENCH_SETTLE_SECONDS ?? 90) * 1_000;
const MEASURED_SECONDS = 60;
const SHORT_SECONDS = 15;

export const idle: Part = { name: 'idle', title: 'A process without requests, per second', measure };

interface Sample {
  readonly at: number;
  /** Waits of all threads of the process; each ends with a wake-up. */
  readonly wakeUps: number;
  readonly cpuMs: number;
  readonly writtenBytes: number;
  readonly commits: number;
  readonly walBytes: number;
}

async function measure({ isShort, say }: Effort): Promise<Figure[]> {
  const seconds = isShort ? SHORT_SECONDS : MEASURED_SECONDS;
  return onEach(async ({ name, create }) => {
    const url = await create('idle');
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
    const port = await freePort();
    const { PATH = '', POLL_INTERVAL } = process.env;
    const settings = { PATH, DATA_DIR: folder, DATABASE_URL: url, PORT: String(port) };
    const child = spawn(process.execPath, ['bin/latchkey.js', 'serve'], {
      cwd: resolve(import.meta.dirname, '../..'),
      env: { ...settings, ...(POLL_INTERVAL !== undefined && { POLL_INTERVAL }) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    try {
      await isListening(`http://127.0.0.1:${port}/health/live`);
      await wait(SETTLE_MS);
      const before = await read(child.pid ?? 0, url);
      await wait(seconds * 1_000);
      const after = await read(child.pid ?? 0, url);
      const rate = (of: keyof Sample) => [(after[of] - before[of]) / ((after.at - before.at) / 1_000)];
      say(`${name}: ${JSON.stringify({ before, after })}`);
      return [
        toFigure(`${name}: wake-ups`, rate('wakeUps'), '/s', { atMost: 20 }),
        toFigure(`${name}: processor time`, rate('cpuMs'), 'ms'),
        toFigure(`${name}: written by the process`, rate('writtenBytes'), 'bytes'),
        ...(name === 'Postgres'
          ? [
              toFigure('Postgres: commits', rate('commits'), '/s', { atMost: 0.5 }),
              toFigure('Postgres: write-ahead log', rate('walBytes'), 'bytes'),
            ]
          : []),
      ];
    } finally {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

async function isListening(url: string): Promise<void> {
  const answers = () =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await answers())) await wait(100);
}

async function read(pid: number, url: string): Promise<Sample> {
  const threads = readdirSync(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}/status`);
  const [user = 0, system = 0] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return {
    at: performance.now(),
    wakeUps: threads
      .map((file) => numberIn(file, /^voluntary_ctxt_switches:\s+(\d+)$/m))
      .reduce((sum, count) => sum + count, 0),
    // In ticks of 10 ms (USER_HZ).
    cpuMs: (user + system) * 10,
    writtenBytes: numberIn(`/proc/${pid}/io`, /^write_bytes: (\d+)$/m),
    ...(url.startsWith('file:') ? { commits: 0, walBytes: 0 } : await readServer(url)),
  };
}

/** Reads the statistics from another database, so that reading them counts nothing. */
async function readServer(url: string): Promise<{ readonly commits: number; readonly walBytes: number }> {
  const { pathname } = new URL(url);
  const client = new pg.Client(Object.assign(new URL(url), { pathname: 'postgres' }).href);
  await client.connect();
  try {
    const { rows } = await client.query<{ commits: string; wal: string }>(
      `SELECT xact_commit AS commits, pg_current_wal_lsn() - '0/0' AS wal
       FROM pg_stat_database WHERE datname = $1`,
      [pathname.slice(1)],
    );
    return { commits: Number(rows[0]?.commits), walBytes: Number(rows[0]?.wal) };
  } finally {
    await client.end();
  }
}

function numberIn(file: string, pattern: RegExp): number {
  return Number(pattern.exec(readFileSync(file, 'utf8'))?.[1] ?? 0);
}
