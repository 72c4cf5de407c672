/** Measurements for the plan: on a separate Postgres, with rows and calls of the service itself. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import pg from 'pg';
import { hashPassword, verifyPassword } from '#latchkey/accounts/passwords/hash.ts';
import type { SessionGrant } from '#latchkey/accounts/sessions/grant.ts';
import { openSession } from '#latchkey/accounts/sessions/sessions.ts';
import { buildApp } from '#latchkey/app.ts';
import { AuditSealer } from '#latchkey/audit/sealer.ts';
import { parseConfig } from '#latchkey/config/index.ts';
import { serviceOf } from '#latchkey/service/service-of.ts';
import { startPostgres } from '../../test/postgres-server.ts';
import { seedUsers } from '../seed-users.ts';
import { load } from '../tools/load.ts';
import type { Costs } from './costs.ts';

const USERS = 100_000;
const SESSIONS = 6_000;
const REFRESHES = 3_000;
const HASHES = 101;
const ROUNDS = 5;
/** Connections of the load on the guard. */
const CONNECTIONS = 16;
const TOKENS = 1_000;
/** Parallel calls: as many as a process has connections. */
const CONCURRENCY = 10;
/** Time for which an idle process is observed. */
const WATCH_MS = 20_000;
/** Time until an idle connection has reported its work to Postgres's statistics (pgstat.c: 10 s). */
const STATISTICS_DELAY_MS = 11_000;

const origin = { ip: '192.0.2.1', userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0)', requestId: null };

/** Measures all costs, which takes some minutes. @param say gets the progress */
export async function measure(say: (text: string) => void): Promise<Costs> {
  const hashMilliseconds = await measureHash();
  say(`one hash: ${hashMilliseconds.toFixed(1)} ms`);
  const server = await startPostgres();
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-plan-'));
  const settings = { DATABASE_URL: server.url, DATA_DIR: folder, LOG_LEVEL: 'silent', RATE_LIMIT: '0' };
  const client = new pg.Client(server.url);
  await client.connect();
  client.on('error', () => {});
  const app = await buildApp(parseConfig(settings), {
    routes: async (routes) => {
      routes.get('/come-in', { config: { access: 'user' } }, async () => ({ welcome: true }));
    },
  });
  try {
    const guardMilliseconds = await measureGuard(app, say);
    return {
      guardMilliseconds,
      hashMilliseconds,
      ...(await measureDatabase(serviceOf(app), server.url, client, say)),
    };
  } finally {
    await app.close();
    await client.end();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Measures CPU time, not elapsed time, so that other work on the machine matters less. */
async function measureGuard(app: FastifyInstance, say: (text: string) => void): Promise<number> {
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const service = serviceOf(app);
  const tokens = Array.from({ length: TOKENS }, () => service.tokens.issue(someone()).accessToken);
  const target = { url: `${url}/come-in`, tokens };
  const costs: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const usage = process.cpuUsage();
    // A measurement fails when other work on the machine delays a request by two seconds.
    const turn = await load(target, 2, CONNECTIONS).catch(() => undefined);
    const { user, system } = process.cpuUsage(usage);
    // The first one is a warm-up: each token is verified in it.
    if (turn !== undefined && round > 0) costs.push((user + system) / 1_000 / turn.count);
  }
  if (costs.length < ROUNDS / 2) throw new Error('The machine is too busy to measure');
  say(`a guarded request: ${(median(costs) * 1_000).toFixed(0)} µs of the processor`);
  return median(costs);
}

function someone() {
  const issuedAt = new Date();
  const expiresAt = new Date(issuedAt.getTime() + 86_400_000);
  const [userId, sessionId] = [crypto.randomUUID(), crypto.randomUUID()];
  const times = { authenticatedAt: issuedAt, issuedAt, expiresAt };
  return {
    access: 1,
    acr: '1' as const,
    amr: ['pwd'],
    generation: 0,
    rotation: 0,
    userId,
    sessionId,
    ...times,
  };
}

async function measureHash(): Promise<number> {
  const hash = await hashPassword('correct horse battery staple');
  const times: number[] = [];
  for (let n = 0; n < HASHES; n++) {
    const usage = process.cpuUsage();
    await verifyPassword(hash, 'correct horse battery staple');
    const { user, system } = process.cpuUsage(usage);
    times.push((user + system) / 1_000);
  }
  return median(times);
}

type DatabaseCosts = Omit<Costs, 'guardMilliseconds' | 'hashMilliseconds'>;

async function measureDatabase(
  app: FastifyInstance,
  url: string,
  client: pg.Client,
  say: (text: string) => void,
): Promise<DatabaseCosts> {
  await pause(STATISTICS_DELAY_MS);
  const idle = await spent(client, () => pause(WATCH_MS - STATISTICS_DELAY_MS));
  say(`an idle process: ${((idle.transactions / WATCH_MS) * 1_000).toFixed(1)} transactions/s`);
  await seedUsers(url, USERS);
  const { rows: users } = await client.query<{ id: string }>(
    'SELECT id FROM "User" WHERE NOT disabled LIMIT $1',
    [SESSIONS],
  );
  say(`${USERS} users, of which ${users.length} sign in`);
  const grants: SessionGrant[] = [];
  const signIn = await spent(client, () =>
    inTurns(users, async ({ id }) => {
      grants.push(await openSession(app.accounts, { id, epoch: 0 }, origin));
    }),
  );
  const sealer = new AuditSealer(app.audit);
  const began = performance.now();
  await sealer.run();
  const { rows: sealed } = await client.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM "AuditEvent" WHERE "number" IS NOT NULL',
  );
  say(`sealed what was left in ${(performance.now() - began).toFixed(0)} ms; ${sealed[0]?.count} in all`);
  const sealedPerSecond = await measureSealer(client, sealer);
  say(`sealer: ${sealedPerSecond.toFixed(0)} events/s`);
  const tokens = grants.slice(0, REFRESHES).map((grant) => app.refreshTokens.write(grant));
  const refresh = await spent(client, () => inTurns(tokens, (token) => exchange(app, token)));
  say(`a refresh: ${(refresh.milliseconds / tokens.length).toFixed(2)} ms of Postgres`);
  await addRevocations(app);
  return {
    sealedPerSecond,
    idleTransactionsPerSecond: (idle.transactions / WATCH_MS) * 1_000,
    idlePostgresMilliseconds: (idle.milliseconds / WATCH_MS) * 1_000,
    signInPostgresMilliseconds: signIn.milliseconds / users.length,
    refreshPostgresMilliseconds: refresh.milliseconds / tokens.length,
    refreshMilliseconds: refresh.ownMilliseconds / tokens.length,
    refreshWalBytes: refresh.walBytes / tokens.length,
    signInWalBytes: signIn.walBytes / users.length,
    userBytes: await bytesPerRow(client, ['User']),
    sessionBytes: await bytesPerRow(client, ['Session']),
    eventBytes: await bytesPerRow(client, ['AuditEvent', 'PersonalData']),
    revocationBytes: await bytesPerRow(client, ['Revocation']),
  };
}

/** Seals all events again; the chain continues. @returns events per second, the median */
async function measureSealer(client: pg.Client, sealer: AuditSealer): Promise<number> {
  const rates: number[] = [];
  // The copies have no MAC, like the events of an earlier version.
  await client.query('UPDATE "AuditChain" SET "macsFrom" = NULL, "macsFromCode" = NULL');
  for (let round = 0; round < ROUNDS; round++) {
    await client.query(`INSERT INTO "AuditEvent" (id, action, "actorId", "targetId", after, count, "actorHash", "createdAt")
      SELECT gen_random_uuid()::text, action, "actorId", "targetId", after, count, "actorHash", "createdAt"
      FROM "AuditEvent" WHERE "number" IS NOT NULL LIMIT 4000`);
    const began = performance.now();
    const sealed = await sealer.run();
    if (sealed >= 2_000) rates.push((sealed / (performance.now() - began)) * 1_000);
  }
  return median(rates);
}

async function exchange(app: FastifyInstance, refreshToken: string): Promise<void> {
  const { statusCode } = await app.inject({ method: 'POST', url: '/refresh', payload: { refreshToken } });
  if (statusCode !== 200) throw new Error(`A refresh was answered with ${statusCode}`);
}

async function addRevocations({ accounts }: FastifyInstance): Promise<void> {
  const createdAt = new Date();
  for (let batch = 0; batch < 20; batch++) {
    const data = Array.from({ length: 1_000 }, () => ({ sessionId: crypto.randomUUID(), createdAt }));
    await accounts.db.revocation.createMany({ data });
  }
}

interface Spent {
  readonly transactions: number;
  /** Milliseconds of work in Postgres's processes. */
  readonly milliseconds: number;
  readonly walBytes: number;
  /** CPU milliseconds of this process. */
  readonly ownMilliseconds: number;
}

type Statistics = Omit<Spent, 'ownMilliseconds'>;

/**
 * Measures the cost of work in Postgres by its own statistics. Other jobs of the process are included; they
 * cost little.
 */
async function spent(client: pg.Client, work: () => Promise<void>): Promise<Spent> {
  const before = await readStatistics(client);
  const usage = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(usage);
  await pause(STATISTICS_DELAY_MS);
  const after = await readStatistics(client);
  return {
    transactions: after.transactions - before.transactions,
    milliseconds: after.milliseconds - before.milliseconds,
    walBytes: after.walBytes - before.walBytes,
    ownMilliseconds: (user + system) / 1_000,
  };
}

async function readStatistics(client: pg.Client): Promise<Statistics> {
  const { rows } = await client.query<Statistics>(`
    SELECT xact_commit::float8 AS transactions, active_time AS milliseconds,
      pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS "walBytes"
    FROM pg_stat_database WHERE datname = current_database()`);
  const [row] = rows;
  if (row === undefined) throw new Error('Postgres keeps no statistics');
  return row;
}

async function bytesPerRow(client: pg.Client, tables: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const table of tables) {
    const name = pg.escapeIdentifier(table);
    const { rows } = await client.query<{ bytes: number }>(
      `SELECT pg_total_relation_size('${name}')::float8 / (SELECT count(*) FROM ${name}) AS bytes`,
    );
    bytes += rows[0]?.bytes ?? Number.NaN;
  }
  return bytes;
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.pop(); item !== undefined; item = rest.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}
