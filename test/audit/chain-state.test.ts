/** The ends of the chain, as admins read them without a verification. */
import t from 'tap';
import { MAX_COUNTED_UNSEALED, readChainState } from '#latchkey/audit/chain-state.ts';
import { pruneEvents } from '#latchkey/audit/retention.ts';
import { readHead } from '#latchkey/audit/sealer.ts';
import { directUrl } from '../database.ts';
import { recordPlans } from '../db/plans.ts';
import { startApi } from '../helper.ts';
import { until } from '../until.ts';
import { add, event, openTrail, recordInParts, seal } from './trail.ts';

const DAY_MS = 86_400_000;
const people = (count: number) => Array.from({ length: count }, (_, n) => event(`person-${n}`));

t.test('The state of the chain has its head, its oldest event and what waits', async (t) => {
  const { audit, db } = await openTrail(t);
  t.strictSame(await readChainState(audit), {
    head: null,
    oldest: null,
    sealedAt: null,
    unsealed: 0,
    isAuthentic: true,
  });
  await add(db, people(5));
  t.match(await readChainState(audit), { head: null, unsealed: 5 });
  await seal(audit);
  const state = await readChainState(audit);
  t.match(state, { oldest: { number: 1 }, unsealed: 0, isAuthentic: true });
  t.equal(`${state.head?.number}:${state.head?.hash}`, await readHead(audit), 'the head that the log has');
  t.ok(Math.abs(Date.now() - Date.parse(state.sealedAt ?? '')) < 60_000);
  const [first] = await db.auditEvent.findMany({ where: { number: 1 } });
  t.equal(state.oldest?.createdAt, first?.createdAt.toISOString());

  await add(db, people(2));
  const later = { ...audit, now: async () => new Date(Date.now() + 10 * DAY_MS) };
  await pruneEvents(later, 5);
  t.match(await readChainState(audit), { head: { number: 5 }, oldest: null, unsealed: 2 }, 'pruned');
  await seal(audit);
  t.match(await readChainState(audit), { head: { number: 7 }, oldest: { number: 6 } });
  await db.auditChain.updateMany({ data: { headNumber: 6 } });
  t.equal((await readChainState(audit)).isAuthentic, false, 'the ends were changed by hand');
});

t.test('The state is read by indexes, and counts what waits up to a bound', async (t) => {
  const { audit, db, url } = await openTrail(t);
  await recordInParts(db, people(200));
  await seal(audit);
  await recordInParts(db, people(MAX_COUNTED_UNSEALED + 5));
  const isSqlite = process.env.TEST_POSTGRES_URL === undefined;
  if (!isSqlite) await db.raw.execute`ANALYZE`;
  const plans = recordPlans(isSqlite ? url : directUrl(url), isSqlite ? 'sqlite' : 'postgresql');
  t.teardown(plans.close);
  t.equal((await readChainState({ ...audit, db: plans.db })).unsealed, MAX_COUNTED_UNSEALED);
  const lines = plans
    .take()
    .flatMap(({ sql, plan }) => (/\bAuditEvent\b/.test(sql) ? [plan.join('\n')] : []));
  t.equal(lines.length, 2);
  for (const plan of lines) {
    t.notMatch(plan, /TEMP B-TREE|\bSort\b/, plan);
    if (isSqlite) t.match(plan, /AuditEvent_(number_key|unsealed_idx)/);
  }
});

t.test('Admins read the state of the chain', async (t) => {
  const { ask, person, app } = await startApi(t);
  const admin = await person(2);
  const read = () => ask('GET', '/audit-chain', { token: admin.token });
  await until(async () => (await read()).body.unsealed === 0 && (await read()).body.head !== null);
  const { status, body, headers } = await read();
  t.equal(status, 200);
  t.equal(headers['cache-control'], 'no-store');
  t.equal(`${body.head.number}:${body.head.hash}`, await readHead(app.audit));
  t.match(body, { oldest: { number: 1 }, isAuthentic: true });
  t.match((await ask('GET', '/audit-chain', { token: (await person(1)).token })).body, {
    slug: 'access-denied',
  });
});
