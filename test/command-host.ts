/** A process that runs commands of `latchkey` one after the other (command-process.ts). */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { Command, CommandEnd } from './command-process.ts';

const program = resolve(import.meta.dirname, 'command-process.ts');

/** The result of a command, as that of a process of its own. */
interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Starts at the first command, and ends with the process of the test. It does not keep that process alive.
 */
export class CommandHost {
  #child: ChildProcess | undefined;
  #isBusy = false;

  /** True while a command runs: another one must not wait for it. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /**
   * Runs a command to its end.
   *
   * @throws {Error} when it has left something open that would keep a process of its own alive
   */
  async run(command: Omit<Command, 'endMark'>): Promise<Outcome> {
    this.#isBusy = true;
    const child = this.#child ?? this.#start(command.environment);
    child.ref();
    child.channel?.ref();
    try {
      return await runIn(child, { ...command, endMark: `\0${randomUUID()}\0` });
    } finally {
      child.unref();
      child.channel?.unref();
      this.#isBusy = false;
    }
  }

  #start(environment: Command['environment']): ChildProcess {
    const child = fork(program, { env: environment, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    for (const output of [child.stdout, child.stderr]) if (output instanceof Socket) output.unref();
    child.once('exit', () => {
      this.#child = undefined;
    });
    this.#child = child;
    return child;
  }
}

async function runIn(child: ChildProcess, command: Command): Promise<Outcome> {
  const outputs = [child.stdout, child.stderr].map((stream) => readTo(stream, command.endMark));
  const over = new AbortController();
  const next = (event: 'message' | 'exit') => once(child, event, { signal: over.signal });
  // A command may end the process, by a crash for instance.
  const ends = [next('message'), next('exit')];
  child.send(command);
  const [first, second] = await Promise.race(ends);
  over.abort();
  await Promise.allSettled(ends);
  const [stdout = '', stderr = ''] = await Promise.all(outputs);
  if (!isEnd(first)) return { code: first, signal: second, stdout, stderr };
  if (first.left.length > 0)
    throw new Error(`latchkey ${command.args.join(' ')} left open: ${first.left.join(', ')}\n${stderr}`);
  return { code: first.code, signal: null, stdout, stderr };
}

function isEnd(value: unknown): value is CommandEnd {
  return typeof value === 'object' && value !== null && 'left' in value;
}

/** Reads the text before a mark, or everything when the stream ends before it. */
function readTo(stream: Readable | null, mark: string): Promise<string> {
  return new Promise((found) => {
    let text = '';
    const finish = () => {
      stream?.off('data', look).off('close', finish);
      found(text);
    };
    const look = (part: string) => {
      text += part;
      if (!text.endsWith(mark)) return;
      text = text.slice(0, -mark.length);
      finish();
    };
    stream?.setEncoding('utf8').on('data', look).once('close', finish);
  });
}
