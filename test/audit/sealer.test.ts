/**
 * The sealer: several processes make one chain, its key survives a change of SECRET, and tampering stops it.
 */

import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import { openSession } from '#latchkey/accounts/sessions/sessions.ts';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import { beginChain } from '#latchkey/audit/chain.ts';
import { pruneEvents } from '#latchkey/audit/retention.ts';
import { AuditSealer, readHead } from '#latchkey/audit/sealer.ts';
import { rawSql } from '#latchkey/db/client.ts';
import { device, startApi } from '../helper.ts';
import { add, event, openTrail, recordAll, recordInParts, rewrite, SECRET, seal, verify } from './trail.ts';

/** Pause between two runs: on SQLite, two connections of one process block each other's thread. */
const PAUSE_MS = 50;

const people = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => event(`person-${from + index}`));

t.test('Two processes seal one chain without gaps or duplicates while others add events', async (t) => {
  const first = await openTrail(t);
  const second = await openTrail(t, { url: first.url });
  const sealers = [first, second].map(({ audit }) => new AuditSealer(audit));
  let isOver = false;
  const sealing = sealers.map(async (sealer) => {
    let sealed = 0;
    while (!isOver) sealed += await sealer.run();
    return sealed;
  });
  try {
    await Promise.all([
      add(first.db, people(0, 30)),
      add(second.db, people(30, 30)),
      recordAll(first.db, people(60, 250)),
    ]);
  } finally {
    isOver = true;
  }
  const sealed = await Promise.all(sealing);
  await seal(first.audit);
  const numbers = await first.db.auditEvent.findMany({
    orderBy: { number: 'asc' },
    select: { number: true },
  });
  t.strictSame(
    numbers.map(({ number }) => number),
    Array.from({ length: 310 }, (_, index) => index + 1),
  );
  t.ok(sealed.every((count) => count <= 310));
  t.match(await verify(second.audit), { found: [], events: 310, unsealed: 0 });
});

t.test('A backlog does not block the event loop, and a run ends by a signal or by itself', async (t) => {
  const { db, audit } = await openTrail(t);
  await recordInParts(db, people(0, 1_700));
  const stop = new AbortController();
  setImmediate(() => stop.abort());
  t.equal(await new AuditSealer(audit).run({ signal: stop.signal }), 500, 'one batch');
  t.equal(await new AuditSealer(audit).run({ maxRows: 600 }), 1_000, 'what goes beyond ends with its batch');
  t.equal(await new AuditSealer(audit).run(), 200);
  t.match(await verify(audit), { found: [], events: 1_700, unsealed: 0 });
});

t.test('A chain that another process has just created and sealed is not changed', async (t) => {
  const { db, audit } = await openTrail(t);
  await add(db, people(0, 2));
  await seal(audit);
  const head = await readHead(audit);
  await beginChain(audit);
  t.equal(await readHead(audit), head);
  t.match(await verify(audit), { found: [], events: 2 });
});

t.test('No sign-in waits for the chain: 300 sign-ins beside two sealers are all sealed', async (t) => {
  const api = await startApi(t);
  const other = await openTrail(t, { url: api.databaseUrl });
  const { db } = api.app.accounts;
  const sealer = new AuditSealer({ ...api.app.audit, db: other.db });
  const users = Array.from({ length: 300 }, (_, index) =>
    buildUserRow({ name: 'Somebody', email: `p${index}@example.com`, passwordHash: '', access: 1 }),
  );
  await db.user.createMany({ data: users });
  const signInAll = async () => {
    // 50 at a time: a transaction waits at most 5 s to begin, and the machine may be slow.
    for (let first = 0; first < users.length; first += 50) {
      const wave = users.slice(first, first + 50);
      await Promise.all(wave.map(({ id }) => openSession(api.app.accounts, { id, epoch: 0 }, device)));
    }
  };
  let isOver = false;
  const sealing = async () => {
    while (!isOver) {
      await sealer.run();
      await wait(PAUSE_MS);
    }
  };
  const signedIn = signInAll().finally(() => {
    isOver = true;
  });
  await Promise.all([sealing(), signedIn]);
  await seal(api.app.audit);
  t.equal(await db.auditEvent.count({ where: { action: 'session.opened', number: { not: null } } }), 300);
  t.match(await verify(api.app.audit), { found: [], unsealed: 0 });
});

t.test(
  'Events are sealed in the order of their ids, and one that is committed late is sealed later',
  async (t) => {
    const { db, audit } = await openTrail(t);
    t.equal(await readHead(audit), undefined, 'nothing is sealed yet');
    await add(db, people(0, 3));
    await seal(audit);
    const early = await db.auditEvent.findFirstOrThrow({ where: { number: 1 } });
    const late = {
      ...early,
      id: '00000000-0000-7000-8000-000000000001',
      number: null,
      code: null,
      actorHash: null,
      targetHash: null,
    };
    await db.auditEvent.create({ data: late });
    await rewrite(audit, late.id, {});
    await add(db, people(3, 1));
    await seal(audit);
    const rows = await db.auditEvent.findMany({ orderBy: { number: 'asc' } });
    t.strictSame(
      rows.map(({ actorId }) => actorId),
      ['person-0', 'person-1', 'person-2', 'person-0', 'person-3'],
    );
    t.match(await readHead(audit), /^5:[\w-]{43}$/);
    t.match(await verify(audit), { found: [], events: 5 });
  },
);

t.test('A change of SECRET does not break the chain', async (t) => {
  const { db, audit, url } = await openTrail(t);
  await add(db, people(0, 2));
  await seal(audit);
  const before = await db.auditChain.findFirstOrThrow();
  const NEXT = 'the next secret, which is long enough as well';

  const alone = await openTrail(t, { url, current: NEXT });
  await t.rejects(new AuditSealer(alone.audit).run(), {
    name: 'ConfigError',
    message:
      /^SECRET does not open the key of the audit chain: set SECRET, or SECRET_PREVIOUS, to the secret/,
  });
  await t.rejects(pruneEvents(alone.audit, 1), { name: 'ConfigError' });

  const announced = await openTrail(t, { url, previous: NEXT });
  await new AuditSealer(announced.audit).run();
  t.equal(
    (await db.auditChain.findFirstOrThrow()).key,
    before.key,
    'the next secret is not used before its time',
  );

  const both = await openTrail(t, { url, current: NEXT, previous: SECRET });
  t.match(await verify(both.audit), { found: [], events: 2 });
  await new AuditSealer(both.audit).run();
  t.not(
    (await db.auditChain.findFirstOrThrow()).key,
    before.key,
    'the key is encrypted anew, with nothing to seal too',
  );
  await add(both.db, people(2, 1));
  await seal(both.audit);
  await add(alone.db, people(3, 1));
  await seal(alone.audit);
  t.match(
    await verify(alone.audit),
    { found: [], events: 4, unsealed: 0 },
    'the old secret is not needed any more',
  );
  await t.rejects(verify(audit), { name: 'ConfigError' }, 'and does not open it');
});

t.test('A chain whose ends were changed from outside is neither sealed nor pruned', async (t) => {
  const { db, audit } = await openTrail(t);
  await add(db, people(0, 3));
  await seal(audit);
  const { headCode } = await db.auditChain.findFirstOrThrow();
  const second = await db.auditEvent.findFirstOrThrow({ where: { number: 2 } });
  await db.auditChain.updateMany({ data: { headNumber: 2, headCode: second.code ?? '' } });
  await add(db, people(3, 1));
  await t.rejects(new AuditSealer(audit).run(), /were changed from outside: run latchkey audit verify/);
  await t.rejects(readHead(audit), /were changed from outside/);
  await t.rejects(pruneEvents(audit, -1), /were changed from outside/);
  t.equal(await db.auditEvent.count({ where: { number: null } }), 1);

  await db.auditChain.updateMany({ data: { headNumber: 3, headCode } });
  await seal(audit);
  t.match(await verify(audit), { found: [], events: 4 });

  await add(db, people(4, 1));
  await db.auditChain.deleteMany();
  await t.rejects(new AuditSealer(audit).run(), /The row of the audit chain is gone/);
});

t.test(
  'A chain whose secret is lost can be replaced by a new one, as docs/security/audit.md says',
  async (t) => {
    const { db, audit, url } = await openTrail(t);
    await add(db, people(0, 3));
    await seal(audit);
    const { audit: next } = await openTrail(t, {
      url,
      current: 'another secret, for the one before is lost',
    });
    const [, statements = ''] =
      /`(UPDATE "AuditEvent" [^`]+)`/.exec(await readFile('docs/security/audit.md', 'utf8')) ?? [];
    for (const statement of statements.split(';').filter((text) => text.trim() !== ''))
      await db.raw.execute`${rawSql(statement)}`;
    await seal(next);
    t.match(await verify(next), { found: [], events: 4, head: /^4:/ });
  },
);
