/**
 * Three processes on an overloaded Postgres, and on one whose table of users is locked.
 *
 * @runs once, on Postgres: SQLite has no pool.
 */
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import t, { type Test } from 'tap';
import { seedUsers } from '../../bench/seed-users.ts';
import { directUrl } from '../database.ts';
import { type Cluster, createCluster, type Member } from '../processes/cluster.ts';
import { describeBystanders, refusedBystanders, watchBystanders, watchCalm } from './bystanders.ts';

const PROCESSES = 3;
const CLIENTS = 50;
const USERS = 5_000;

/** Durations of the tests, and the interval of the checks. */
const BUSY_MS = 12_000;
const LOCKED_MS = 12_000;
const LOOK_EVERY_MS = 100;

const cluster = await createCluster(t, { RATE_LIMIT: '0', TRUST_PROXY: '1' });
const members = await Promise.all(Array.from({ length: PROCESSES }, () => cluster.start()));
const first = members[0]!;
await seedUsers(directUrl(cluster.url), USERS);
const { token } = await cluster.person(first, 2);

t.test(`Other clients are served while ${CLIENTS} clients list users for ${BUSY_MS / 1_000} s`, async (t) => {
  const calm = await watchCalm(first.url, token);
  const bystanders = await watchBystanders(first.url, token);
  const lookout = lookOut();
  const lists = await listUsers(BUSY_MS);
  checkLookout(t, await lookout.stop());
  const attacked = await bystanders.stop();
  t.comment(describeBystanders(calm, attacked));
  t.strictSame([...new Set(refusedBystanders(attacked))], [], 'others are served');
  checkLists(t, lists);
});

t.test(
  `The processes stay ready while the table of users is locked for ${LOCKED_MS / 1_000} s`,
  async (t) => {
    const lookout = lookOut();
    const free = await lockUsers(t, cluster);
    const listing = listUsers(LOCKED_MS);
    await wait(LOCKED_MS);
    await free();
    checkLists(t, await listing);
    checkLookout(t, await lookout.stop());
  },
);

interface Seen {
  readonly path: string;
  readonly status: number;
  /** Body of the response, when the request was refused. */
  readonly problem: string | undefined;
  readonly tookMs: number;
}

/** Polls the readiness of every process, and a route that needs a token but no table. */
function lookOut(): { stop(): Promise<readonly Seen[]> } {
  const over = new AbortController();
  const seen: Seen[] = [];
  const look = async ({ ask }: Member, path: string) => {
    while (!over.signal.aborted) {
      const { status, body, took: tookMs } = await ask('GET', path, path.startsWith('/me') ? { token } : {});
      seen.push({ path, status, problem: body.type, tookMs });
      await wait(LOOK_EVERY_MS);
    }
  };
  const all = Promise.all(
    members.flatMap((member) => ['/health/ready', '/me/permissions'].map((path) => look(member, path))),
  );
  return {
    stop: async () => {
      over.abort();
      await all;
      return seen;
    },
  };
}

function checkLookout(t: Test, seen: readonly Seen[]): void {
  for (const path of ['/health/ready', '/me/permissions']) {
    const own = seen.filter((one) => one.path === path);
    const times = own.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
    const at = (part: number) => times[Math.floor((times.length - 1) * part)]?.toFixed(1);
    t.comment(
      `GET ${path} of ${PROCESSES} processes: ${own.length} times, median ${at(0.5)} ms, 99th percentile ${at(0.99)} ms`,
    );
    const refused = own.filter(({ status }) => status !== 200);
    t.strictSame(
      refused.map(({ problem }) => problem),
      [],
      `GET ${path} is never refused`,
    );
  }
}

interface Listed {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly tookMs: number;
}

/**
 * Starts clients that send the next request as soon as they have a response, each to one of the processes.
 */
async function listUsers(milliseconds: number): Promise<readonly Listed[]> {
  const listed: Listed[] = [];
  const end = performance.now() + milliseconds;
  const list = async (url: string) => {
    while (performance.now() < end) {
      const sentAt = performance.now();
      const response = await fetch(`${url}/users?limit=100`, {
        headers: { authorization: `Bearer ${token}` },
      });
      await response.arrayBuffer();
      const retryAfter = response.headers.get('retry-after');
      listed.push({ status: response.status, retryAfter, tookMs: performance.now() - sentAt });
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, n) => list(members[n % PROCESSES]?.url ?? '')));
  return listed;
}

function checkLists(t: Test, listed: readonly Listed[]): void {
  const refused = listed.filter(({ status }) => status === 503);
  const slowest = Math.max(...listed.map(({ tookMs }) => tookMs));
  t.comment(
    `${listed.length} lists: ${refused.length} refused with 503, the slowest answer after ${Math.round(slowest)} ms`,
  );
  t.strictSame(
    [...new Set(listed.map(({ status }) => status))].filter((status) => status !== 200 && status !== 503),
    [],
  );
  t.ok(
    refused.every(({ retryAfter }) => /^[1-9]\d*$/.test(retryAfter ?? '')),
    'each 503 says when to come again',
  );
}

/** Locks the table of users. @returns function that unlocks it */
async function lockUsers(t: Test, { url }: Cluster): Promise<() => Promise<unknown>> {
  const client = new pg.Client(directUrl(url));
  await client.connect();
  t.teardown(() => client.end());
  await client.query('BEGIN; LOCK TABLE "User"');
  return () => client.query('COMMIT');
}
