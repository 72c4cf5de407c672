/** Clients that send requests without pauses, and their results. */
import { Agent, request } from 'node:http';

/** Request of a client's round. */
export interface Step {
  readonly method: string;
  readonly path: string;
  readonly token?: string;
  readonly body?: unknown;
  /** Expected status. */
  readonly expected: number;
}

export interface Load {
  /** Requests by method and by status or error; `longest` has the milliseconds of the slowest. */
  readonly counts: Map<string, number>;
  /** Descriptions of unexpected answers. */
  readonly failures: string[];
  readonly longest: () => number;
  /** Stops after the requests under way are answered. */
  stop(): Promise<void>;
}

/**
 * @param clients number of clients; each has its own keep-alive connection
 * @param next returns a client's next request; `turn` counts from 0
 */
export function startLoad(url: string, clients: number, next: (turn: number) => Step): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const counts = new Map<string, number>();
  const failures: string[] = [];
  let longest = 0;
  let turn = 0;
  let isOver = false;
  const run = async (): Promise<void> => {
    while (!isOver) {
      const step = next(turn++);
      const began = performance.now();
      const got = await send(agent, url, step).catch((error: Error) => error.message);
      longest = Math.max(longest, performance.now() - began);
      const key = `${step.method} ${got}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      if (got !== step.expected) failures.push(`${step.method} ${step.path}: ${got}`);
    }
  };
  const running = Array.from({ length: clients }, run);
  return {
    counts,
    failures,
    longest: () => Math.round(longest),
    stop: async () => {
      isOver = true;
      await Promise.all(running);
      agent.destroy();
    },
  };
}

/** @returns the status, when the answer is complete */
function send(agent: Agent, url: string, { method, path, token, body }: Step): Promise<number> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(text !== undefined && { 'content-type': 'application/json', 'content-length': text.length }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { agent, method, headers, timeout: 15_000 }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
      response.once('error', reject);
    });
    sent.once('error', reject);
    sent.once('timeout', () => sent.destroy(new Error('no answer in 15 s')));
    sent.end(text);
  });
}

/** Formats one line for the report. */
export function describe({ counts, failures, longest }: Load): string {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const parts = [...counts].sort().map(([key, count]) => `${key}: ${count}`);
  return `${total} requests, ${failures.length} failed, the slowest took ${longest()} ms (${parts.join(', ')})`;
}
