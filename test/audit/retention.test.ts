/**
 * Retention: old events are deleted from the old end of the chain, in order, and only if their code is valid.
 */
import t from 'tap';
import { pruneEvents } from '#latchkey/audit/retention.ts';
import {
  event,
  head,
  openTrail,
  recordAll,
  recordInParts,
  rewrite,
  seal,
  type Trail,
  verify,
} from './trail.ts';

const DAY_MS = 86_400_000;

/** Records events of so many days ago, in the order in which they are sealed. */
async function openChain(t: Parameters<typeof openTrail>[0], ages: readonly number[]): Promise<Trail> {
  const trail = await openTrail(t);
  const events = ages.map((_, index) => event(`person-${index + 1}`));
  await recordAll(trail.db, events);
  const rows = await trail.db.auditEvent.findMany({ orderBy: { id: 'asc' } });
  for (const [index, { id }] of rows.entries()) {
    const createdAt = new Date(Date.now() - (ages[index] ?? 0) * DAY_MS);
    await rewrite(trail.audit, id, { createdAt });
  }
  await seal(trail.audit);
  return trail;
}

async function numbers({ db }: Trail): Promise<(number | null)[]> {
  const rows = await db.auditEvent.findMany({ orderBy: { number: 'asc' }, select: { number: true } });
  return rows.map(({ number }) => number);
}

t.test('Events whose retention is over are deleted with their personal data', async (t) => {
  const trail = await openChain(t, [400, 390, 366, 364, 10, 0]);
  const { db, audit } = trail;
  const logged = await head(audit);
  t.equal(await pruneEvents(audit, 365), 3);
  t.strictSame(await numbers(trail), [4, 5, 6]);
  t.equal(await db.personalData.count(), 6);
  t.equal(await db.personalData.count({ where: { subjectId: 'person-3' } }), 0);
  t.match(await db.auditChain.findFirstOrThrow(), { anchorNumber: 3, headNumber: 6 });
  t.match(await verify(audit, logged), { found: [], events: 3 });
  t.equal(await pruneEvents(audit, 365), 0);
  t.equal(await pruneEvents(audit, 5), 2);
  t.match(await verify(audit, logged), { found: [], events: 1 });
});

t.test('An old event is not deleted before the events before it, nor before it is sealed', async (t) => {
  const trail = await openChain(t, [400, 1, 400]);
  t.equal(await pruneEvents(trail.audit, 365), 1);
  t.strictSame(await numbers(trail), [2, 3]);
  await recordAll(trail.db, [event('somebody')]);
  t.equal(await pruneEvents(trail.audit, -1), 2);
  t.equal(await trail.db.auditEvent.count(), 1, 'one is not in the chain yet');
});

t.test('More old events than one batch has are all deleted', async (t) => {
  const trail = await openTrail(t);
  const many = Array.from({ length: 1_200 }, (_, index) => event(`person-${index}`));
  await recordInParts(trail.db, many);
  await seal(trail.audit);
  t.equal(await pruneEvents(trail.audit, -1), 1_200);
  t.equal(await trail.db.personalData.count(), 0);
  t.match(await verify(trail.audit), { found: [], events: 0, head: /^1200:/ });
});

t.test('Backdated events are not deleted', async (t) => {
  const trail = await openChain(t, [3, 2, 1, 0]);
  await trail.db.auditEvent.updateMany({ data: { createdAt: new Date(0) } });
  t.equal(await pruneEvents(trail.audit, 1.5), 0);
  t.strictSame(await numbers(trail), [1, 2, 3, 4]);
  t.equal((await verify(trail.audit)).findings, 4);
});

t.test('An event that was tampered with does not prevent the deletion of old events', async (t) => {
  const trail = await openChain(t, [400, 400, 400, 400, 1]);
  await trail.db.auditEvent.updateMany({ where: { number: 2 }, data: { createdAt: new Date() } });
  await trail.db.auditEvent.deleteMany({ where: { number: 1 } });
  t.equal((await verify(trail.audit)).findings, 2);
  t.equal(await pruneEvents(trail.audit, 365), 3);
  t.strictSame(await numbers(trail), [5]);
  t.match(await verify(trail.audit), { found: [], events: 1 });
});
