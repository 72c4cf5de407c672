/** Clients that do more than read a page: separate processes, on the core of the load. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { LOAD_CORE, onCore } from './contender.ts';

/** Result of a measurement. */
export interface Work {
  /** Operations per second. */
  readonly rate: number;
  /** Milliseconds per operation. */
  readonly median: number;
}

export interface Client {
  work(seconds: number): Promise<Work>;
  stop(): Promise<void>;
}

/**
 * Starts bench/clients/<name>.js.
 *
 * @param settings environment of the client
 * @throws {Error} from `work` when an answer was not the expected one
 */
export async function startClient(name: string, settings: Readonly<Record<string, string>>): Promise<Client> {
  const script = join(resolve('bench/clients'), `${name}.js`);
  const [command = '', ...args] = onCore(LOAD_CORE, [process.execPath, script]);
  const { PATH = '' } = process.env;
  const child = spawn(command, args, { env: { PATH, ...settings }, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<Work> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`The client ${name} has ended`);
    return JSON.parse(value);
  };
  await next();
  return {
    work: async (seconds) => {
      child.stdin.write(`${seconds}\n`);
      return next();
    },
    stop: async () => {
      const ended = child.exitCode === null ? once(child, 'exit') : undefined;
      child.kill();
      await ended;
    },
  };
}
