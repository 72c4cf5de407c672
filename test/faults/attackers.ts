/** Those who attack the service, in processes of their own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Step } from '../processes/load.ts';

export interface Attack {
  /** Ends it when what is under way is answered. */
  stop(): Promise<Outcome>;
}

export interface Outcome {
  /** Requests that got another answer than was expected, in words. */
  readonly failures: readonly string[];
  /** For the report. */
  readonly line: string;
}

/** Asks one thing after another without pause. @param connections that do so at a time */
export function attack(url: string, connections: number, steps: readonly Step[]): Attack {
  const child = startProcess('attack-process.ts', { url, connections, steps });
  return {
    stop: async () => {
      child.ref();
      child.channel?.ref();
      child.send('stop');
      const [outcome] = await once(child, 'message');
      return outcome;
    },
  };
}

/** A process that lives no longer than this one, and does not keep it. */
function startProcess(script: string, message: object): ChildProcess {
  const child = fork(new URL(script, import.meta.url), { execArgv: [] });
  child.send(message);
  child.unref();
  child.channel?.unref();
  return child;
}

/** What is sent on each of some connections, as fast as it is taken. */
export interface Flood {
  readonly connections: number;
  readonly bytes: string;
  /** How often the bytes are sent on a connection. */
  readonly times: number;
  /** How often all of it is done, with new connections. */
  readonly turns: number;
}

/** @returns when all connections of all turns have ended, or been silent for a while: how many are still open */
export async function flood(url: string, what: Flood): Promise<number> {
  const child = startProcess('flood-process.ts', { url, ...what });
  child.ref();
  child.channel?.ref();
  const [open] = await once(child, 'message');
  return Number(open);
}
