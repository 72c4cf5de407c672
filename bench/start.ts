/**
 * `npm run bench:start`: how long `latchkey serve` takes from its start to the first answered request, on a SQLite
 * database that is there already, and how much memory it holds when nothing happens.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const RUNS = 7;
/** Milliseconds without a request before the memory is read. */
const IDLE = 3_000;
/** Milliseconds between two tries at the first request: the error of the figure. */
const PAUSE = 2;

const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
const { PATH = '' } = process.env;

interface Run {
  readonly milliseconds: number;
  /** MB (10^6 bytes) of the process's resident set; 0 when nobody waited for it to be idle. */
  readonly megabytes: number;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function run(idle: number): Promise<Run> {
  const port = await freePort();
  const env = {
    PATH,
    DATA_DIR: folder,
    DATABASE_URL: '',
    PORT: String(port),
    LOG_LEVEL: 'info',
  };
  const started = performance.now();
  const child = spawn(process.execPath, ['bin/latchkey.js', 'serve'], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    await firstAnswer(`http://127.0.0.1:${port}/health/ready`, () => child.exitCode);
    const milliseconds = performance.now() - started;
    if (idle === 0) return { milliseconds, megabytes: 0 };
    await wait(idle);
    const kibibytes = Number(
      execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)], { encoding: 'utf8' }),
    );
    return { milliseconds, megabytes: (kibibytes * 1024) / 1e6 };
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
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

try {
  await run(0); // makes the database
  const runs: Run[] = [];
  for (let i = 0; i < RUNS; i++) runs.push(await run(i === 0 ? IDLE : 0));
  const times = runs.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  const machine = `${availableParallelism()} cores, Node ${process.version}`;
  const range = `${times[0]?.toFixed(0)} to ${times.at(-1)?.toFixed(0)}`;
  console.log(
    `cold start to the first answered request: ${times[RUNS >> 1]?.toFixed(0)} ms (median of ${RUNS}, ${range}; ${machine})`,
  );
  console.log(
    `idle memory: ${runs[0]?.megabytes.toFixed(0)} MB (resident set after ${IDLE / 1000} s; ${machine})`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
