/** Attackers of the service, in separate processes. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Step } from '../processes/load.ts';

export interface Attack {
  /** Stops the attack after the responses of the pending requests. */
  stop(): Promise<Outcome>;
}

export interface Outcome {
  /** Descriptions of the requests with an unexpected response. */
  readonly failures: readonly string[];
  /** Summary for the report. */
  readonly line: string;
}

/** Sends one request after another without pause. @param connections number of concurrent connections */
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

/** Starts a process that ends with this one, and does not keep it alive. */
function startProcess(script: string, message: object): ChildProcess {
  const child = fork(new URL(script, import.meta.url), { execArgv: [] });
  child.send(message);
  child.unref();
  child.channel?.unref();
  return child;
}

/** Bytes to send on each of several connections, as fast as the service reads them. */
export interface Flood {
  readonly connections: number;
  readonly bytes: string;
  /** Number of times that the bytes are sent on a connection. */
  readonly times: number;
  /** Number of rounds, each with new connections. */
  readonly turns: number;
}

/**
 * Floods the service until all connections of all rounds have ended or are idle.
 *
 * @returns number of open connections
 */
export async function flood(url: string, what: Flood): Promise<number> {
  const child = startProcess('flood-process.ts', { url, ...what });
  child.ref();
  child.channel?.ref();
  const [open] = await once(child, 'message');
  return Number(open);
}
