/**
 * Login flood: throughput for other requests while 200 clients send `POST /login` with right and wrong
 * passwords.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Contender, LOAD_CORE, onCore, startContender } from '../tools/contender.ts';
import { type Effort, type Figure, type Part, toFigure, toRatio } from '../tools/figures.ts';
import { load } from '../tools/load.ts';

const CLIENTS = 200;
const USERS = 50;
/** Connections of the readers. */
const CONNECTIONS = 16;
/** Pause between two health checks. */
const PAUSE_MS = 20;

export const loginFlood: Part = {
  name: 'login-flood',
  title: `Guarded reads while ${CLIENTS} clients flood POST /login`,
  measure,
};

async function measure({ rounds, seconds, say }: Effort): Promise<Figure[]> {
  const service = await startContender('service', { BENCH_USERS: String(USERS) });
  if (service === undefined) throw new Error('Latchkey did not start');
  const reads = { 'without the database': '/come-in', 'GET /me': '/me' };
  const measured = Object.entries(reads).map(([name, path]) => ({
    name,
    target: { ...service, url: service.url + path },
    quiet: [] as number[],
    flooded: [] as number[],
    p99: [] as number[],
  }));
  const health: number[] = [];
  const memory: number[] = [];
  try {
    for (const { target } of measured) await load(target, 2, CONNECTIONS);
    for (let round = 1; round <= rounds; round++) {
      for (const { target, quiet } of measured) quiet.push((await load(target, seconds, CONNECTIONS)).rate);
      for (const { target, flooded, p99 } of measured) {
        const stop = await startFlood(service);
        const [found, slowest] = await Promise.all([
          load(target, seconds, CONNECTIONS),
          askHealth(service, seconds),
        ]);
        flooded.push(found.rate);
        p99.push(found.p99);
        health.push(slowest);
        memory.push(service.memory());
        say(`round ${round} of ${rounds}: ${Math.round(found.rate)} reads/s; ${await stop()}`);
      }
    }
  } finally {
    await service.stop();
  }
  return [
    ...measured.flatMap(({ name, quiet, flooded, p99 }) => [
      toRatio(`reads ${name}, of those without the flood`, flooded, quiet, { atLeast: 0.4 }),
      toFigure(`99 of 100 of them answer within`, p99, 'ms', { atMost: 100 }),
    ]),
    toFigure('99 of 100 health checks answer within', health, 'ms', { atMost: 50 }),
    toFigure('memory', memory, 'MB', { atMost: 300 }),
  ];
}

/** @returns a function that stops it, and returns the statuses of the answers */
async function startFlood({ url }: Contender): Promise<() => Promise<string>> {
  const script = join(mkdtempSync(join(tmpdir(), 'latchkey-bench-flood-')), 'flood.mjs');
  writeFileSync(script, floodScript(url));
  const [file = '', ...args] = onCore(LOAD_CORE, [process.execPath, script]);
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const rest = text(child.stdout);
  return async () => {
    child.kill();
    return (await rest).trim();
  };
}

/**
 * Makes the script of the flood. Each client has its own network, else the throttle would refuse them early.
 */
function floodScript(url: string): string {
  return `
import { Agent, request } from 'node:http';
const agent = new Agent({ keepAlive: true, maxSockets: ${CLIENTS} });
const seen = {};
let n = 0;
function attempt(client) {
  n++;
  const isRight = n % 4 === 0;
  const email = isRight ? \`user-\${1 + 2 * (n % ${USERS / 2})}@example.com\` : \`nobody-\${n}@example.com\`;
  const body = JSON.stringify({ email, password: isRight ? 'correct horse battery staple' : 'wrong wrong wrong' });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body),
    'x-forwarded-for': \`10.\${client}.\${(n >> 8) & 255}.\${n & 255}\` };
  const sent = request(${JSON.stringify(`${url}/login`)}, { method: 'POST', agent, headers }, (answer) => {
    seen[answer.statusCode] = (seen[answer.statusCode] ?? 0) + 1;
    answer.resume().on('end', () => attempt(client));
  });
  sent.on('error', () => attempt(client));
  sent.end(body);
}
for (let client = 0; client < ${CLIENTS}; client++) attempt(client);
setTimeout(() => console.log('started'), 500);
process.on('SIGTERM', () => { console.log(JSON.stringify(seen)); process.exit(0); });
`;
}

/** @returns the 99th percentile of the health checks, in milliseconds */
async function askHealth({ url }: Contender, seconds: number): Promise<number> {
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const started = performance.now();
    const { ok } = await fetch(`${url}/health/live`);
    if (!ok) throw new Error('A health check was refused');
    times.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN;
}
