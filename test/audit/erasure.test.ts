/** Personal data of deleted users: hidden at once, and erased in batches where it is much. */
import t from 'tap';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import { ERASE_BATCH, eraseListed, erasePersonalData } from '#latchkey/audit/erase.ts';
import type { AuditRecord } from '#latchkey/audit/event.ts';
import { listEvents } from '#latchkey/audit/read.ts';
import type { Db } from '#latchkey/db/client.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { startApi } from '../helper.ts';
import { holdTimers } from '../hold-timers.ts';
import {
  deletion,
  event,
  openTrail,
  recordAll,
  recorderOf,
  recordInParts,
  seal,
  type Trail,
  verify,
} from './trail.ts';

/** Rows of Ada's personal data: more than two batches. Each event has two of them. */
const ROWS = 2 * ERASE_BATCH + 100;

const manyOf = (id: string) => Array.from({ length: ROWS / 2 }, () => event(id));

const countOf = (db: Db, subjectId: string) => db.personalData.count({ where: { subjectId } });

/** Makes the events of Ada and of another person, and deletes Ada as the service does. */
async function deleteAda(trail: Trail): Promise<void> {
  const { db, audit } = trail;
  await recordInParts(db, [...manyOf('ada'), event('grace'), event('grace', 'ada')]);
  await db.transaction((tx) => erasePersonalData(tx, 'ada'));
  await recordAll(db, [deletion('ada')]);
  await seal(audit);
}

t.test('The data of a user with a long history is hidden from when the user is deleted', async (t) => {
  // The jobs do not run: they would erase what is left.
  holdTimers(t);
  const api = await startApi(t);
  const { db } = api.app.audit;
  const [admin, ada, grace] = [
    await api.person(2, 'Root'),
    await api.person(1, 'Ada'),
    await api.person(1, 'Grace'),
  ];
  const from = { ip: '203.0.113.77', userAgent: 'the browser of Ada', requestId: null };
  const events: AuditRecord[] = manyOf(ada.id).map((one) => ({ ...one, requestContext: from }));
  const about = { personal: { after: { name: 'Hopper' }, reason: 'married' } };
  const byAda = { ...event(ada.id, grace.id), ...about, requestContext: from };
  for (const batch of [events, [byAda]])
    await db.transaction((tx) => api.app.accounts.recorder.record(tx, batch));
  const read = async (url: string, { token }: { token: string }) => {
    const { status, text } = await api.ask('GET', url, { token });
    t.equal(status, 200);
    return text;
  };
  const urls = [`actor=${ada.id}`, `target=${ada.id}`, `actor=${ada.id}&target=${grace.id}`];
  for (const query of urls)
    t.match(await read(`/audit-events?limit=100&${query}`, admin), /browser of Ada/, query);

  const before = await countOf(db, ada.id);
  t.equal((await api.ask('DELETE', `/users/${ada.id}`, { token: admin.token })).status, 204);
  t.equal(await countOf(db, ada.id), before - ERASE_BATCH, 'one batch is erased with the deletion');
  for (const query of urls) {
    const text = await read(`/audit-events?limit=100&${query}`, admin);
    t.ok(JSON.parse(text).events.length > 0);
    t.notMatch(text, /browser of Ada|203\.0\.113\.77|"name":"Ada"/, query);
  }
  t.notMatch(await read('/me/activity?limit=100', grace), /browser of Ada|203\.0\.113\.77/);
  t.match(
    (await listEvents(db, { actor: ada.id, target: grace.id }, { limit: 10 })).events,
    [{ ip: null, userAgent: null, reason: 'married' }],
    'the data of others is shown as before',
  );

  await eraseListed(api.app.audit);
  t.equal(await countOf(db, ada.id), 0);
  t.equal(await db.erasure.count(), 0);
  t.match(await verify(api.app.audit), { found: [] });
});

t.test('A user with a short history has no data left when the deletion is committed', async (t) => {
  const { db } = await openTrail(t);
  await recordInParts(
    db,
    Array.from({ length: 20 }, () => event('ada')),
  );
  await db.transaction((tx) => erasePersonalData(tx, 'ada'));
  t.equal(await db.personalData.count(), 0);
  t.equal(await db.erasure.count(), 0);
});

t.test('Each batch is a transaction, and an interrupted run is continued by the next one', async (t) => {
  const trail = await openTrail(t);
  const { db, audit } = trail;
  await deleteAda(trail);
  t.match(await verify(audit), { found: [] }, 'not erased yet');
  const left = ROWS + 1 - ERASE_BATCH;
  t.equal(await countOf(db, 'ada'), left);
  t.equal(await eraseListed(audit, { maxRows: 1 }), ERASE_BATCH);
  t.equal(await countOf(db, 'ada'), left - ERASE_BATCH);
  t.equal(await db.erasure.count(), 1, 'it is listed until the last of it');
  t.match(await verify(audit), { found: [] }, 'erased in part');
  const stopped = AbortSignal.abort();
  t.equal(await eraseListed(audit, { signal: stopped }), 0);

  // A second process goes on where the first one ended.
  const other = openDatabase(trail.url);
  t.teardown(other.close);
  t.equal(await eraseListed(other), left - ERASE_BATCH);
  t.equal(await countOf(db, 'ada'), 0);
  t.equal(await db.erasure.count(), 0);
  t.equal(await countOf(db, 'grace'), 3, 'and nothing of others');
  t.match(await verify(audit), { found: [] });
  t.equal(await eraseListed(audit), 0);
});

t.test('Several processes erase at the same time', async (t) => {
  const trail = await openTrail(t);
  const { db, audit } = trail;
  const ids = ['ada', 'bob', 'eve'];
  for (const id of ids) await recordInParts(db, manyOf(id));
  await db.transaction(async (tx) => {
    for (const id of ids) await erasePersonalData(tx, id);
  });
  await recordAll(db, ids.map(deletion));
  await recordAll(db, [event('grace')]);
  await seal(audit);
  const others = [openDatabase(trail.url), openDatabase(trail.url)];
  for (const { close } of others) t.teardown(close);
  const erased = await Promise.all([audit, ...others].map((one) => eraseListed(one)));
  t.equal(
    erased.reduce((sum, rows) => sum + rows, 0),
    ids.length * (ROWS - ERASE_BATCH),
    'each row once',
  );
  t.equal(await db.personalData.count(), 2);
  t.equal(await db.erasure.count(), 0);
  t.match(await verify(audit), { found: [] });
});

t.test('The verification finds data of a deleted user that nothing will erase', async (t) => {
  const trail = await openTrail(t);
  const { db, audit } = trail;
  await deleteAda(trail);
  await db.erasure.deleteMany();
  const { found } = await verify(audit);
  t.equal(found.length, ROWS + 1 - ERASE_BATCH);
  for (const { problem } of found)
    t.match(problem, /^has personal data \((actor|target)\) of a person who was deleted, and nothing erases/);
});

t.test('Data that another process writes about a user who is being deleted does not stay', async (t) => {
  const trail = await openTrail(t);
  const { db, audit } = trail;
  const { id } = await db.user.create({
    data: buildUserRow({ name: 'Ada', email: 'ada@example.com', passwordHash: '', access: 1 }),
  });
  await recordInParts(db, manyOf(id));
  const leave = async () => {
    await db.transaction(async (tx) => {
      await tx.user.delete({ where: { id } });
      await erasePersonalData(tx, id);
    });
    await eraseListed(audit);
  };
  // On SQLite, no transaction begins while another one is open.
  const isPostgres = trail.url.startsWith('postgres');
  const other = openDatabase(trail.url);
  t.teardown(other.close);
  const recorder = await recorderOf(db);
  let attempts = 0;
  // As the aggregator of events writes its counts: only about users who are there.
  await other.db.transaction(async (tx) => {
    attempts += 1;
    const user = await tx.user.findUnique({ where: { id } });
    if (attempts === 1 && isPostgres) await leave();
    if (user !== null) await recorder.record(tx, [event(id)]);
  });
  if (!isPostgres) await leave();
  t.equal(attempts, isPostgres ? 2 : 1, 'the database refuses what was decided before the deletion');
  t.equal(await countOf(db, id), 0);
  t.equal(await db.erasure.count(), 0);
});
