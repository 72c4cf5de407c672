/** A fleet of three processes behind a proxy, replaced one after the other under load. */
import type { Test } from 'tap';
import { type Service, serve, type Variables } from '../child.ts';
import { PASSWORD, type Teardown } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { type Cluster, createCluster } from '../processes/cluster.ts';
import { startFront } from '../processes/front.ts';
import { type Load, type Step, startLoad } from '../processes/load.ts';

export interface Fleet {
  readonly cluster: Cluster;
  readonly url: string;
  readonly kind: string;
  /**
   * Replaces the processes one after the other: SIGTERM, exit, new process on the same port.
   *
   * @param script script of the new processes; `bin/latchkey.js` by default
   * @returns milliseconds until the exit of each process
   */
  roll(script?: string): Promise<number[]>;
}

/** Number of concurrent clients. */
const CLIENTS = 6;

/** Starts the fleet. @param variables environment variables of all processes */
export async function startFleet(t: Teardown, variables: Variables = {}): Promise<Fleet> {
  const cluster = await createCluster(t, { TRUST_PROXY: '1', RATE_LIMIT: '0', ...variables });
  const ports = await Promise.all(Array.from({ length: 3 }, freePort));
  const start = (port: number, script?: string): Promise<Service> =>
    serve(t, { ...cluster.variables, PORT: String(port) }, script);
  const members = new Map<number, Service>();
  for (const port of ports) members.set(port, await start(port));
  const { url, kind } = await startFront(t, ports);
  return {
    cluster,
    url,
    kind,
    roll: async (script) => {
      const took: number[] = [];
      for (const port of ports) {
        const began = performance.now();
        await members.get(port)?.stop();
        took.push(Math.round(performance.now() - began));
        members.set(port, await start(port, script));
      }
      return took;
    },
  };
}

/**
 * Sends reads and writes. Each POST invites another address, so that one that is executed twice gives a 409.
 * Few requests need password hashing, which would leave no processor for the process that starts.
 */
export async function loadFleet({ cluster, url }: Fleet): Promise<Load> {
  const at: Parameters<Cluster['person']>[0] = {
    ask: (method, path, options) => cluster.askAt(url, method, path, options),
  };
  const admin = await cluster.person(at, 2);
  const { token, email } = await cluster.person(at, 1);
  return startLoad(url, CLIENTS, (turn): Step => {
    if (turn % 50 === 0)
      return { method: 'POST', path: '/login', body: { email, password: PASSWORD }, expected: 200 };
    const steps: Step[] = [
      { method: 'GET', path: '/me', token, expected: 200 },
      { method: 'GET', path: '/users', token, expected: 200 },
      {
        method: 'POST',
        path: '/invitations',
        token: admin.token,
        body: { email: `guest-${turn}@example.com`, access: 1 },
        expected: 201,
      },
      { method: 'PATCH', path: '/me', token, body: { name: `Number ${turn}` }, expected: 200 },
    ];
    return steps[turn % steps.length] ?? steps[0]!;
  });
}

/** Checks that no request failed. */
export function checkFailures(t: Test, { failures }: Load): void {
  t.strictSame(failures, []);
}
