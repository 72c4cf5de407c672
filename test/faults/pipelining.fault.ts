/**
 * An unauthenticated caller who sends requests without waiting for responses (pipelining).
 *
 * @runs once, on SQLite: no request reaches the database.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { createCluster } from '../processes/cluster.ts';
import { flood } from './attackers.ts';
import { describeBystanders, refusedBystanders, watchBystanders, watchCalm } from './bystanders.ts';

const REQUESTS = 200_000;
/** Number of connections, one after the other. */
const CONNECTIONS = 20;

/** Allowed growth of the process in MB: two young generations of the heap. */
const GROWTH_MB = 100;

const SAMPLE_MS = 100;

const request = 'GET / HTTP/1.1\r\nHost: latchkey.test\r\n\r\n';

t.test(`The service survives ${REQUESTS} pipelined requests on one connection`, async (t) => {
  // Rate limits count by network, and the bystanders are in other networks.
  const cluster = await createCluster(t, { TRUST_PROXY: '1' });
  const member = await cluster.start();
  const { token } = await cluster.person(member, 1);
  const calm = await watchCalm(member.url, token);
  const before = await residentMegabytes(member.pid);

  const bystanders = await watchBystanders(member.url, token);
  let most = before;
  const sampling = setInterval(async () => {
    most = Math.max(most, await residentMegabytes(member.pid));
  }, SAMPLE_MS);
  t.teardown(() => clearInterval(sampling));
  await flood(member.url, { connections: 1, bytes: request, times: REQUESTS, turns: CONNECTIONS });
  clearInterval(sampling);
  const seen = await bystanders.stop();

  t.comment(describeBystanders(calm, seen));
  t.comment(`memory: ${before} MB -> ${most} MB`);
  t.ok(most - before < GROWTH_MB, `memory grew from ${before} MB to ${most} MB at most`);
  t.strictSame([...new Set(refusedBystanders(seen))], [], 'nobody else is refused');
  await member.stop();
});

/** Reads the resident memory of a process. */
async function residentMegabytes(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Math.round(Number(stdout) / 1024);
}
