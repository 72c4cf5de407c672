/**
 * The process of {@link watchBystanders}: sends requests at a steady rate, and reports the responses at the
 * end.
 */
import { Agent, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Observation } from './bystanders.ts';

/** Interval between two requests to one route. */
const PACE_MS = 20;

/** Timeout of a request. */
const PATIENCE_MS = 30_000;

/**
 * Keep-alive connections per route. A request that waits for a connection waits in this process, and that
 * time counts.
 */
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
  // Warm-up: all connections are open, and the routes compiled, before the first request that counts.
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

/** Sends a request. @param due scheduled time: a delay of this process itself counts too */
async function ask(url: string, route: string, token: string, due = performance.now()): Promise<void> {
  const headers = {
    // Where proxies are trusted, each request comes from another network.
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
