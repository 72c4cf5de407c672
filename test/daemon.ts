/** Starts server programs of the operating system for a test. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Daemon {
  /** The end of its standard error. */
  readonly log: () => string;
  stop(): Promise<void>;
}

export interface DaemonOptions {
  readonly cwd: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** Folders of programs that the PATH of a user may leave out. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/** Finds the path of an installed program; undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Starts a program that runs until `stop()`. When this process dies without `stop()`, a shell ends it. */
export function startDaemon(program: string, args: readonly string[], options: DaemonOptions): Daemon {
  // The input of the shell ends with this process, however it ends.
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
