/** Servers under test: separate processes on one core. Only one of them has work at a time. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

const folder = resolve('bench/contenders');

/** Exit code of contenders whose requirements are missing on the machine (sysexits.h, EX_UNAVAILABLE). */
const UNAVAILABLE = 69;

/** Signing key that all of them share. */
const privateKey = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey;

export interface Contender {
  readonly url: string;
  /** Bearer tokens that it accepts. */
  readonly tokens: readonly string[];
  /** Users of these tokens and their refresh tokens, one per session, for a service with a database. */
  readonly user?: string;
  readonly refreshTokens?: readonly string[];
  /** Megabytes (10^6 bytes) of its resident set. */
  memory(): number;
  stop(): Promise<void>;
}

/** Binds a command to a core, if the machine supports that. */
export function onCore(core: number, command: readonly string[]): string[] {
  const isBound = spawnSync('taskset', ['-c', String(core), 'true']).status === 0;
  return isBound ? ['taskset', '-c', String(core), ...command] : [...command];
}

/**
 * Starts bench/contenders/<name>.js.
 *
 * @param settings environment of the contender
 * @returns undefined when its requirements are missing on the machine
 */
export async function startContender(
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Contender | undefined> {
  const [command = '', ...args] = onCore(SERVER_CORE, [process.execPath, join(folder, `${name}.js`)]);
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(command, args, {
    env: {
      PATH,
      HOME,
      NODE_ENV: 'production',
      SECRET,
      BENCH_PRIVATE_KEY: privateKey,
      UV_THREADPOOL_SIZE,
      ARGON2_PREBUILD,
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = async () => {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.kill();
    await ended;
  };
  children.add(child);
  const line = await firstLine(child);
  if (line === undefined) {
    await stop();
    if (child.exitCode === UNAVAILABLE) return undefined;
    throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}`);
  }
  return { ...line, memory: () => residentSet(child.pid ?? 0), stop };
}

const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill();
});

/** Number of threads that bin/latchkey.js sets on one core. */
const UV_THREADPOOL_SIZE = '2';

/** Binary that bin/latchkey.js chooses on this processor: the default one when it is empty. */
const { chooseBuild }: { chooseBuild(): string | undefined } = createRequire(import.meta.url)(
  '../../bin/argon2-build.js',
);
const ARGON2_PREBUILD = chooseBuild() ?? '';

/** Secret of the service, which production needs. */
const SECRET = 'a secret of the benchmark that is long enough';

/** Installs the packages that only contenders need. */
export function installContenders(say: (text: string) => void): void {
  if (existsSync(join(folder, 'node_modules'))) return;
  say('installing the contenders');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error('The contenders could not be installed');
}

async function firstLine(child: ChildProcess): Promise<Omit<Contender, 'memory' | 'stop'> | undefined> {
  if (child.stdout === null) return undefined;
  for await (const line of createInterface(child.stdout)) {
    if (!line.startsWith('{')) continue;
    const message = JSON.parse(line);
    // The log of a contender is JSON lines too: a warning of its start may come first.
    if (message.tokens !== undefined) return message;
  }
  if (child.exitCode === null) await once(child, 'exit');
  return undefined;
}

/** Reads the memory of a process in megabytes (10^6 bytes) from /proc; 0 when there is none. */
export function residentSet(pid: number): number {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return 0;
  const [, kibibytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8')) ?? [];
  return (Number(kibibytes) * 1024) / 1e6;
}
