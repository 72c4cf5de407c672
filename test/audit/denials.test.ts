/** Denied requests and failed sign-ins: they are counted, and written soon as few events. */
import t from 'tap';
import { accessDenied } from '#latchkey/access/challenges.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { signIn } from '../accounts/client.ts';
import { type Api, startApi } from '../helper.ts';

/** Format of the id of a request without an own id. */
const REQUEST_ID = /^[0-9a-f]{24}$/;

async function flushed(api: Api, token: string, query: string) {
  await api.app.eventAggregator.flush(api.app.audit.db);
  return (await api.ask('GET', `/audit-events?${query}`, { token })).body.events;
}

t.test('A denied request is recorded with its user, operation, levels and origin', async (t) => {
  const api = await startApi(
    t,
    {},
    {
      routes: async (app) => {
        app.get('/shelf/:id', {
          config: { access: 'user' },
          handler: async () => {
            throw accessDenied(7, 1);
          },
        });
      },
    },
  );
  const [admin, ada] = [await api.person(2), await api.person(1)];
  const denied = await api.ask('GET', '/control-panel', { token: ada.token });
  t.equal(denied.status, 403);
  const query = `actor=${ada.id}&action=access.denied`;
  const [byGuard] = await flushed(api, admin.token, query);
  t.match(byGuard, {
    actorId: ada.id,
    targetId: null,
    before: null,
    after: { method: 'GET', url: '/control-panel', problem: 'access-denied', required: 2, actual: 1 },
    count: 1,
    ip: '127.0.0.1',
    userAgent: 'lightMyRequest',
    requestId: denied.body.requestId,
  });

  await api.ask('DELETE', `/users/${admin.id}`, { token: ada.token });
  t.match((await flushed(api, admin.token, query))[0].after, { method: 'DELETE', url: '/users/:id' });
  await api.app.inject({ url: '/shelf/5', headers: { authorization: `Bearer ${ada.token}` } });
  const after = { method: 'GET', url: '/shelf/:id', problem: 'access-denied', required: 7, actual: 1 };
  t.match((await flushed(api, admin.token, query))[0].after, after, 'by a handler');

  await api.ask('GET', '/control-panel');
  await api.ask('GET', '/control-panel', { token: 'abc' });
  await api.ask('GET', '/nowhere', { token: ada.token });
  t.equal((await flushed(api, admin.token, 'action=access.denied')).length, 3, 'nothing else is a denial');
});

t.test('A denied request is recorded also while the revocations in memory are stale', async (t) => {
  const api = await startApi(t);
  const [admin, ada] = [await api.person(2), await api.person(1)];
  Object.defineProperty(api.app.revocations, 'isFresh', { configurable: true, value: false });
  t.equal((await api.ask('GET', '/control-panel', { token: ada.token })).status, 403);
  t.equal((await flushed(api, admin.token, `actor=${ada.id}&action=access.denied`)).length, 1);
});

t.test(
  'A failed sign-in is recorded, also for an unknown address, and so is a wrong password in a session',
  async (t) => {
    const api = await startApi(t);
    const [admin, ada] = [await api.person(2), await api.person(1)];
    await signIn(api, ada.email, undefined, 'wrong');
    await signIn(api, 'nobody@example.com', undefined, 'wrong');
    const body = { password: 'wrong' };
    t.equal((await api.ask('POST', '/me/reauthenticate', { token: ada.token, body })).status, 403);
    const events = await flushed(api, admin.token, 'action=sign-in.failed');
    const from = { count: 1, ip: '127.0.0.1', requestId: REQUEST_ID };
    t.match(events, [
      { actorId: ada.id, targetId: ada.id, ...from },
      { actorId: null, targetId: null, ...from },
      { actorId: null, targetId: ada.id, ...from },
    ]);
    t.equal(events.length, 3);
    t.notMatch(JSON.stringify(events), 'nobody@example.com', 'what a stranger typed is not kept');
    t.equal(
      (await flushed(api, admin.token, 'action=access.denied')).length,
      0,
      'and is no denial beside it',
    );
  },
);

t.test(
  'A flood of 10,000 denials and 10,000 failed sign-ins adds few rows, with the right counts',
  async (t) => {
    const api = await startApi(t);
    const ada = await api.person(1);
    const { eventAggregator, audit } = api.app;
    const database = openDatabase(api.databaseUrl);
    t.teardown(() => database.close());
    const flood = async (times: number) => {
      for (let round = 0; round < times / 100; round++) {
        const headers = { authorization: `Bearer ${ada.token}` };
        const answers = await Promise.all(
          Array.from({ length: 100 }, () => api.app.inject({ url: '/control-panel', headers })),
        );
        if (answers.some(({ statusCode }) => statusCode !== 403)) throw new Error('not denied');
        // Each would take 25 ms over HTTP.
        for (let i = 0; i < 100; i++) {
          const requestContext = { ip: `192.0.2.${i}`, userAgent: 'flood', requestId: null };
          eventAggregator.add({
            action: 'sign-in.failed',
            actorId: null,
            targetId: i % 2 ? ada.id : null,
            requestContext,
          });
        }
      }
    };
    for (let part = 0; part < 4; part++) {
      await flood(2_500);
      await eventAggregator.flush(audit.db);
    }
    await api.app.close();
    const rows = await database.db.auditEvent.findMany({
      where: { action: { in: ['access.denied', 'sign-in.failed'] } },
    });
    const sum = (action: string) =>
      rows.filter((row) => row.action === action).reduce((total, { count }) => total + count, 0);
    t.equal(sum('access.denied'), 10_000);
    t.equal(sum('sign-in.failed'), 10_000);
    t.ok(
      rows.length <= 3 * 2,
      `${rows.length} rows: the first of each kind at once, the others when closing`,
    );
  },
);

t.test('Events of many kinds are counted together when there are too many kinds', async (t) => {
  const api = await startApi(t);
  const { eventAggregator, audit } = api.app;
  for (let i = 0; i < 10_000; i++) {
    const requestContext = { ip: '192.0.2.1', userAgent: null, requestId: null };
    eventAggregator.add({
      action: 'sign-in.failed',
      actorId: null,
      targetId: `somebody-${i}`,
      requestContext,
    });
  }
  await eventAggregator.flush(audit.db, true);
  const rows = await audit.db.auditEvent.findMany({ where: { action: 'sign-in.failed' } });
  t.equal(rows.length, 201);
  t.equal(
    rows.reduce((total, { count }) => total + count, 0),
    10_000,
  );
});

t.test('Counted events of a user who was deleted in the meantime have no personal data', async (t) => {
  const api = await startApi(t);
  const [admin, ada] = [await api.person(2), await api.person(1)];
  await api.ask('GET', '/control-panel', { token: ada.token });
  t.equal((await api.ask('DELETE', `/users/${ada.id}`, { token: admin.token })).status, 204);
  const [denied] = await flushed(api, admin.token, `actor=${ada.id}&action=access.denied`);
  t.match(denied, { actorId: ada.id, ip: null, userAgent: null, requestId: REQUEST_ID });
  t.equal(await api.app.audit.db.personalData.count({ where: { subjectId: ada.id } }), 0);
});

t.test('No counts are lost while the database is unavailable, and the shutdown is not delayed', async (t) => {
  const api = await startApi(t);
  const ada = await api.person(1);
  const { eventAggregator, audit } = api.app;
  await api.ask('GET', '/control-panel', { token: ada.token });
  const { db } = audit;
  const { transaction } = db;
  db.transaction = (() => Promise.reject(new Error('the database is away'))) as never;
  await t.rejects(eventAggregator.flush(audit.db), /is away/);
  await api.ask('GET', '/control-panel', { token: ada.token });
  db.transaction = transaction;
  await eventAggregator.flush(audit.db);
  t.match(await audit.db.auditEvent.findFirst({ where: { action: 'access.denied' } }), { count: 2 });

  const lines: string[] = [];
  api.app.log.warn = ((_members: object, text: string) => void lines.push(text)) as never;
  await api.ask('GET', '/control-panel', { token: ada.token });
  db.transaction = (() => new Promise(() => {})) as never;
  await api.app.close();
  t.match(lines, [/^The last event counts were not written to the audit$/]);
});
