/** Programs of the operating system that serve, started by a test. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Daemon {
  /** The end of what it wrote to standard error. */
  readonly log: () => string;
  stop(): Promise<void>;
}

export interface DaemonOptions {
  readonly cwd: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** Where programs are that a user's PATH may leave out. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/** The path of an installed program; undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Starts a program that serves until `stop()`; when this process dies without, a shell ends it. */
export function startDaemon(program: string, args: readonly string[], options: DaemonOptions): Daemon {
  // Its input ends when we do, however that happens.
  const script = '"$0" "$@" & read -r line; kill -TERM $! 2>/dev/null; wait $!';
  const child = spawn('sh', ['-c', script, program, ...args], {
    ...options,
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let log = '';
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.stdin.on('error', () => {});
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-10_000);
  });
  return {
    log: () => log,
    stop: async () => {
      child.stdin.end();
      await gone;
    },
  };
}
