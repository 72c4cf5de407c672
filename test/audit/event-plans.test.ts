/** The query plans of lists of audit events: no list reads or sorts more events than it shows. */
import t from 'tap';
import type { AuditAction } from '#latchkey/audit/event.ts';
import { type EventFilter, listEvents } from '#latchkey/audit/read.ts';
import { insertRows } from '#latchkey/db/raw/insert.ts';
import { newId } from '#latchkey/lib/id.ts';
import { directUrl } from '../database.ts';
import { recordPlans } from '../db/plans.ts';
import { startApi } from '../helper.ts';

/**
 * Few of them are of the admin or about the user, and almost none are both, or of the action that is frequent
 * elsewhere.
 */
const EVENTS = 30_000;

const [admin, user] = ['0198c000-0000-7000-8000-000000000001', '0198c000-0000-7000-8000-000000000002'];
const [usual, frequent, rare]: readonly AuditAction[] = [
  'user.access-changed',
  'user.created',
  'user.deleted',
];

const { app, databaseUrl } = await startApi(t);
const isSqlite = app.databaseKind === 'sqlite';
const { db } = app.accounts;
const nobody = { number: null, code: null, before: null, after: null, count: 1, requestId: null };
const hashes = { actorHash: null, targetHash: null, mac: null };
const describe = (n: number) => {
  if (n % 20 === 0)
    return {
      action: n % 1_000 === 0 ? frequent! : usual!,
      actorId: admin!,
      targetId: n % 1_000 === 20 ? user! : `user-${n % 89}`,
    };
  if (n % 20 === 1)
    return { action: n % 1_000 === 1 ? usual! : frequent!, actorId: `user-${n % 97}`, targetId: user! };
  const action = n % 100 === 50 ? rare! : n % 2 === 0 ? usual! : frequent!;
  return { action, actorId: `user-${n % 97}`, targetId: `user-${n % 89}` };
};
const events = Array.from({ length: EVENTS }, (_, n) => {
  const createdAt = new Date(Date.now() - n * 1_000);
  return {
    ...{ id: newId(createdAt), ...nobody, ...hashes, createdAt },
    ...describe(n),
  };
});
await insertRows(db, 'AuditEvent', events);
// Before the close: the jobs would seal them.
await app.close();
const plans = recordPlans(isSqlite ? databaseUrl : directUrl(databaseUrl), app.databaseKind);
t.teardown(plans.close);
if (!isSqlite) await plans.db.raw.execute`ANALYZE`;

const lists: Record<string, { readonly filter: EventFilter; readonly by: string }> = {
  'of an actor': { filter: { actor: admin! }, by: 'AuditEvent_actorId_id_idx' },
  'of a target': { filter: { target: user! }, by: 'AuditEvent_targetId_id_idx' },
  'of an action': { filter: { action: rare! }, by: 'AuditEvent_action_id_count_idx' },
  'of an actor and an action': {
    filter: { actor: admin!, action: frequent! },
    by: 'AuditEvent_actorId_action_id_idx',
  },
  'of a target and an action': {
    filter: { target: user!, action: usual! },
    by: 'AuditEvent_targetId_action_id_idx',
  },
  'of an actor and a target': {
    filter: { actor: admin!, target: user! },
    by: 'AuditEvent_actorId_targetId_id_idx',
  },
};

for (const [name, { filter, by }] of Object.entries(lists)) {
  t.test(`A list of the events ${name} reads only these, in order, by an index`, async (t) => {
    for (const page of [
      { limit: 20 },
      { limit: 20, cursor: Buffer.from(newId(new Date())).toString('base64url') },
    ]) {
      plans.take();
      await listEvents(plans.db, filter, page);
      const { plan } = plans.take().find(({ sql }) => /\bAuditEvent\b/.test(sql))!;
      t.match(plan.join('\n'), new RegExp(`\\b${by}\\b`), 'by the index of all conditions');
      t.notMatch(plan.join('\n'), /TEMP B-TREE|\bSort\b|Filter|Seq Scan|Bitmap|^SCAN/, plan.join('\n'));
    }
  });
}

t.test('A list by an action that had another name has the events of both names, in order', async (t) => {
  const at = (n: number) => new Date(Date.now() + n * 1_000);
  const renamed = [1, 2, 3, 4].map((n) => ({
    ...{ id: newId(at(n)), ...nobody, ...hashes, createdAt: at(n), actorId: null, targetId: user! },
    action: n % 2 === 0 ? 'user.elevation-expired' : 'user.access-fell-back',
  }));
  await insertRows(plans.db, 'AuditEvent', renamed);
  const filter = { action: 'user.elevation-expired', target: user! } as const;
  const first = await listEvents(plans.db, filter, { limit: 3 });
  const ids = renamed.map(({ id }) => id).reverse();
  t.strictSame(
    first.events.map(({ id }) => id),
    ids.slice(0, 3),
  );
  t.ok(first.events.every(({ action }) => action === 'user.elevation-expired'));
  const rest = await listEvents(plans.db, filter, { limit: 3, cursor: first.nextCursor ?? '' });
  t.strictSame(
    rest.events.map(({ id }) => id),
    ids.slice(3),
  );
  t.equal(rest.nextCursor, null);
});
