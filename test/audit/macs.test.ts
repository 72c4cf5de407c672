/**
 * The MACs of events: the sealer seals only what the service wrote, also after an upgrade from a version
 * without them.
 */
import t from 'tap';
import type { AuditContext } from '#latchkey/audit/chain.ts';
import { readChain } from '#latchkey/audit/chain.ts';
import { AuditSealer, ROLLING_UPGRADE_MS } from '#latchkey/audit/sealer.ts';
import type { Db } from '#latchkey/db/client.ts';
import { newId } from '#latchkey/lib/id.ts';
import { type Api, PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor } from '../mailbox.ts';
import { add, event, openTrail, recordInParts, seal, verify } from './trail.ts';

/** Inserts an event as whoever can write to the database does. */
async function forge(db: Db, count = 1, createdAt = new Date()): Promise<void> {
  const rows = Array.from({ length: count }, () => ({
    id: newId(createdAt),
    action: 'user.access-changed',
    actorId: 'mallory',
    targetId: 'mallory',
    count: 1,
    createdAt,
  }));
  await db.auditEvent.createMany({ data: rows });
}

/** Invites a person, who accepts. */
async function invite(api: Api, token: string, email: string): Promise<{ id: string }> {
  await api.ask('POST', '/invitations', { token, body: { email } });
  const body = { token: await tokenFor(api, email, 'invitation'), name: 'Somebody', password: PASSWORD };
  return (await api.ask('POST', '/invitations/accept', { body })).body;
}

/** An audit whose clock is so much later. */
const later = (audit: AuditContext, milliseconds: number): AuditContext => ({
  ...audit,
  now: async (db) => new Date((await audit.now(db)).getTime() + milliseconds),
});

const sealedBy = ({ db }: AuditContext, actorId: string) =>
  db.auditEvent.count({ where: { actorId, number: { not: null } } });

t.test('An event that was inserted by hand is not sealed, is logged once, and is found', async (t) => {
  const { db, audit } = await openTrail(t);
  await add(db, [event('ada')]);
  await forge(db);
  await add(db, [event('grace')]);
  const lines: object[] = [];
  const log = {
    info: () => {},
    warn: (members: object, text: string) => void lines.push({ ...members, text }),
  };
  const sealer = new AuditSealer(audit, log);
  t.equal(await sealer.run(), 2);
  await add(db, [event('alan')]);
  t.equal(await sealer.run(), 1, 'the others are not held up');
  t.match(lines, [{ events: 1, text: /not sealed: run latchkey audit verify/ }]);
  t.equal(lines.length, 1);
  t.equal(await sealedBy(audit, 'mallory'), 0);
  t.match(await verify(audit), {
    events: 3,
    unsealed: 1,
    found: [{ number: null, id: /^[0-9a-f-]{36}$/, problem: /has no valid MAC: it was inserted/ }],
  });
});

t.test('More events than a batch that are not sealed do not hold up those behind them', async (t) => {
  const { db, audit } = await openTrail(t);
  await add(db, [event('ada')]);
  await forge(db, 1_100);
  await add(db, [event('grace')]);
  t.equal(await new AuditSealer(audit).run(), 2);
  t.equal(await sealedBy(audit, 'grace'), 1);
});

t.test('An event that was altered before it was sealed is not sealed', async (t) => {
  const { db, audit } = await openTrail(t);
  await add(db, [event('ada'), event('grace')]);
  await db.auditEvent.updateMany({ where: { actorId: 'ada' }, data: { after: '{"round":9}' } });
  t.equal(await new AuditSealer(audit).run(), 1);
  t.match((await verify(audit)).found, [{ number: null, problem: /altered before it was sealed/ }]);
});

t.test('After an upgrade, events without a MAC are sealed for an hour, and no longer', async (t) => {
  const { db, audit } = await openTrail(t);
  await forge(db, 3);
  await seal(audit);
  await db.auditChain.updateMany({ data: { macsFrom: null, macsFromCode: null } });
  t.match(await verify(audit), { found: [], events: 4, macsFrom: null }, 'before the first sealer with MACs');

  await forge(db);
  const lines: object[] = [];
  const log = { info: (members: object) => void lines.push(members), warn: () => {} };
  t.equal(await new AuditSealer(audit, log).run(), 2, 'what the version before has left, and this');
  const required = await db.auditEvent.findMany({
    where: { action: 'audit.macs-required' },
    orderBy: { id: 'asc' },
  });
  t.equal(required.length, 2, 'the chain keeps that the hour was given again');
  const { macsFrom } = await db.auditChain.findFirstOrThrow();
  t.strictSame(lines, [{ macsFrom }]);
  t.match(required[1], { number: Number, after: JSON.stringify({ from: macsFrom?.toISOString() }) });
  t.ok(Math.abs((macsFrom?.getTime() ?? 0) - Date.now() - ROLLING_UPGRADE_MS) < 60_000);
  await forge(db);
  t.equal(await new AuditSealer(later(audit, ROLLING_UPGRADE_MS - 60_000)).run(), 1, 'and still writes');
  t.match(await verify(audit), { found: [], events: 7, macsFrom: macsFrom?.toISOString() });

  const after = later(audit, ROLLING_UPGRADE_MS + 60_000);
  await forge(db, 1, new Date(0));
  await add(db, [event('ada')]);
  t.equal(await new AuditSealer(after).run(), 1, 'a date of before does not help');
  t.match(await verify(after), { events: 8, found: [{ number: null, problem: /^has no valid MAC/ }] });
});

t.test('The time of the first MACs cannot be moved under a running sealer', async (t) => {
  const { db, audit } = await openTrail(t);
  await add(db, [event('ada')]);
  const sealer = new AuditSealer(audit);
  await sealer.run();
  await db.auditChain.updateMany({ data: { macsFrom: null, macsFromCode: null } });
  await forge(db);
  t.equal(await sealer.run(), 0);
  t.equal((await readChain(audit))?.macsFrom, null);
  await db.auditChain.updateMany({ data: { macsFrom: new Date('2099-01-01T00:00:00Z') } });
  await t.rejects(sealer.run(), /were changed from outside/);
});

t.test('A service verifies as whole what people did, also those who were invited or deleted', async (t) => {
  const api = await startApi(t, NO_MAIL_SERVER);
  const admin = await api.person(2);
  const [first, second] = [
    await invite(api, admin.token, 'first@example.com'),
    await invite(api, admin.token, 'second@example.com'),
  ];
  await api.ask('POST', '/invitations', {
    token: admin.token,
    body: { email: 'open@example.com' },
  });
  t.equal((await api.ask('DELETE', `/users/${first.id}`, { token: admin.token })).status, 204);
  await api.ask('GET', '/control-panel', { token: await api.sessionToken(second.id) });
  await api.app.eventAggregator.flush(api.app.audit.db, true);
  const { audit } = api.app;
  const expected = { found: [], macsFrom: String };
  t.match(await verify(audit), expected);
  await seal(audit);
  t.match(await verify(audit), { ...expected, unsealed: 0 });

  const { db } = audit;
  await db.personalData.deleteMany({ where: { subjectId: second.id } });
  const { found } = await verify(audit);
  t.ok(found.length >= 2, 'those of the invitation, too');
  t.ok(found.every(({ problem }) => /^has lost its personal data/.test(problem)));
  await db.user.deleteMany({ where: { id: second.id } });
  t.equal((await verify(audit)).found.length, found.length, 'a user who was removed by hand is not deleted');
});

t.test('A deletion, an acceptance or a prune during a verification is no finding', async (t) => {
  const { db, audit } = await openTrail(t);
  await recordInParts(db, [event('ada'), event('grace')]);
  await seal(audit);
  // The first read of personal data comes before the service erases it, and the second one after.
  const findMany = async (...args: Parameters<Db['personalData']['findMany']>) => {
    await db.personalData.deleteMany();
    const rows = await db.personalData.findMany(...args);
    await db.auditEvent.deleteMany();
    return rows;
  };
  const personalData = new Proxy(db.personalData, {
    get: (target, name) => (name === 'findMany' ? findMany : Reflect.get(target, name)),
  });
  const pruned = new Proxy(db, {
    get: (target, name) => (name === 'personalData' ? personalData : Reflect.get(target, name)),
  });
  t.strictSame((await verify({ ...audit, db: pruned })).found, []);
});

t.test('A service whose SECRET does not open the audit does not start', async (t) => {
  const api = await startApi(t, { SECRET: 'the secret of the first start, long enough' });
  await api.app.close();
  const next = { DATABASE_URL: api.databaseUrl, SECRET: 'another secret that is long enough, too' };
  await t.rejects(startApi(t, next), { name: 'ConfigError', message: /^SECRET does not open the key/ });
  const both = { ...next, SECRET_PREVIOUS: 'the secret of the first start, long enough' };
  await t.resolves(startApi(t, both));
});
