/**
 * A service that is started with a backlog of audit events: after an import of 60,000 users, and with half a
 * million.
 *
 * @runs once, on SQLite: Postgres answers in its own process.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { rawSql } from '#latchkey/db/client.ts';
import { latchkey, temporaryFolder } from '../child.ts';
import { createCluster, until } from '../processes/cluster.ts';
import { describeBystanders, refusedBystanders, watchBystanders, watchCalm } from './bystanders.ts';

const USERS = 60_000;
const EVENTS = 500_000;

/**
 * Time in which all events have to be sealed. It is generous for slow machines; the actual time is printed.
 */
const PATIENCE_MS = 240_000;

const cluster = await createCluster(t, { RATE_LIMIT: '0', TRUST_PROXY: '1' });
const { db } = cluster.database;
const before = await cluster.start();
const { token } = await cluster.person(before, 1);
const calm = await watchCalm(before.url, token);
await before.stop();

t.test(`A service starts after an import of ${USERS} users and seals the backlog`, async (t) => {
  const file = join(await temporaryFolder(t), 'users.jsonl');
  const line = (n: number) =>
    JSON.stringify({ name: `Number ${n}`, email: `imported-${n}@example.com`, access: 1 });
  await writeFile(file, Array.from({ length: USERS }, (_, n) => `${line(n)}\n`).join(''));
  const imported = await latchkey(['import', file], { variables: cluster.variables });
  t.equal(imported.code, 0, imported.stderr);
  t.ok((await countUnsealed()) >= USERS, 'all of it waits for the sealer');

  const told = await cluster.start();
  await until('it seals', PATIENCE_MS, async () => (await countUnsealed()) < USERS);
  const began = performance.now();
  await told.stop();
  t.comment(`SIGTERM while it seals: ended after ${Math.round(performance.now() - began)} ms`);
  t.ok((await countUnsealed()) > 0, 'and leaves the rest for the next start');
  await sealAll(t);
});

t.test(`A service starts with ${EVENTS} unsealed events and seals them`, async (t) => {
  await addEvents(EVENTS);
  await sealAll(t);
});

/** Starts a process, and watches its clients until the backlog is empty. */
async function sealAll(t: Test): Promise<void> {
  const events = await countUnsealed();
  const member = await cluster.start();
  const bystanders = await watchBystanders(member.url, token);
  const took = await until('all is sealed', PATIENCE_MS, async () => (await countUnsealed()) === 0);
  const attacked = await bystanders.stop();
  t.comment(
    `${events} events sealed in ${(took / 1_000).toFixed(1)} s, ${Math.round((events / took) * 1_000)} a second`,
  );
  t.comment(describeBystanders(calm, attacked));
  t.strictSame([...new Set(refusedBystanders(attacked))], [], 'nobody is refused meanwhile');
  await member.stop();
  const { code, stderr } = await latchkey(['audit', 'verify'], { variables: cluster.variables });
  t.equal(code, 0, stderr);
}

function countUnsealed(): Promise<number> {
  return db.auditEvent.count({ where: { number: null } });
}

/**
 * Inserts events as an import of an earlier version does: without MACs, which the next sealer then seals for
 * an hour. They have no personal data.
 */
async function addEvents(count: number): Promise<void> {
  const from = Date.now();
  await db.auditChain.updateMany({ data: { macsFrom: null, macsFromCode: null } });
  await db.raw.execute`${rawSql(`
    WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count - 1})
    INSERT INTO "AuditEvent" ("id", "action", "targetId", "after", "count", "createdAt")
    SELECT substr(time, 1, 8) || '-' || substr(time, 9) || '-7000-8000-' || printf('%012x', n), 'user.created',
      printf('%032x', n), '{"access":1}', 1, '${new Date(from).toISOString().replace('Z', '+00:00')}'
    FROM (SELECT n, printf('%012x', ${from} + n / 1000) AS time FROM numbers)`)}`;
}
