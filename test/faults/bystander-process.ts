/** The process of {@link watchBystanders}: asks at a steady pace, whatever comes back, and tells what came when it is asked to stop. */
import { Agent, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Observation } from './bystanders.ts';

/** Milliseconds between two requests of one route. */
const PACE_MS = 20;

/** Milliseconds after which nobody waits any more. */
const PATIENCE_MS = 30_000;

/** Connections of each route, that are kept: what has to wait for one waits at our side, and counts. */
const CONNECTIONS = 4;

const guarded = '/me';
const routes = ['/health/live', guarded];

const agents = new Map(
  routes.map((route) => [route, new Agent({ keepAlive: true, maxSockets: CONNECTIONS })]),
);
const observations: Observation[] = [];
const underWay = new Set<Promise<void>>();
const stop = new AbortController();
let turn = 0;

process.on('disconnect', () => process.exit());
process.on('message', async (message: { readonly url: string; readonly token: string } | 'stop') => {
  if (message !== 'stop') {
    await watch(message.url, message.token);
    return;
  }
  stop.abort();
  await Promise.all(underWay);
  process.send?.(observations, () => process.disconnect());
});

async function watch(url: string, token: string): Promise<void> {
  // All are connected, and what they ask for compiled, before the first that counts.
  await Promise.all(
    routes.flatMap((route) => Array.from({ length: CONNECTIONS }, () => ask(url, route, token))),
  );
  observations.length = 0;
  process.send?.('ready');
  const began = performance.now();
  for (let round = 0; !stop.signal.aborted; round++) {
    const due = began + round * PACE_MS;
    await wait(Math.max(0, due - performance.now()));
    for (const route of routes) begin(ask(url, route, token, due));
  }
}

function begin(asked: Promise<void>): void {
  underWay.add(asked);
  asked.finally(() => underWay.delete(asked));
}

/** @param due when it was to be sent: a process that is late itself hides nothing */
async function ask(url: string, route: string, token: string, due = performance.now()): Promise<void> {
  const headers = {
    // Where proxies are believed, each comes from a network of its own.
    'x-forwarded-for': `198.51.100.${turn++ % 250}`,
    ...(route === guarded && { authorization: `Bearer ${token}` }),
  };
  const outcome = await send(url, route, headers);
  observations.push({ route, outcome, tookMs: performance.now() - due });
}

function send(url: string, route: string, headers: Record<string, string>): Promise<Observation['outcome']> {
  return new Promise((resolve) => {
    const agent = agents.get(route);
    const sent = request(url + route, { ...(agent && { agent }), headers }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
      response.once('error', ({ message }) => resolve(message));
    });
    sent.setTimeout(PATIENCE_MS, () => sent.destroy(new Error('no answer')));
    sent.once('error', ({ message }) => resolve(message));
    sent.end();
  });
}
