/**
 * `GET /audit-events`: all filters and pages; and `GET /me/activity`, which shows no data of other people.
 */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { type AuditAction, type AuditRecord, actions } from '#latchkey/audit/event.ts';
import { verifyChain } from '#latchkey/audit/verify.ts';
import { newId } from '#latchkey/lib/id.ts';
import { type Api, device, PUBLIC_URL, startApi } from '../helper.ts';
import { rewrite, seal } from './trail.ts';

const START = Date.parse('2026-11-01T00:00:00.000Z');
const PERIOD_MS = 1_000;

/** Follows `nextCursor` to the end, and checks that the `Link` header agrees. */
async function readAll(api: Api, token: string, path: string, query: URLSearchParams) {
  const events = [];
  let url = `${path}?${query}`;
  for (let pages = 1; ; pages++) {
    const { status, body, headers, text } = await api.ask('GET', url, { token });
    if (status !== 200) throw new Error(`${status}: ${text}`);
    events.push(...body.events);
    if (body.nextCursor === null) {
      if (headers.link !== undefined) throw new Error('The last page has a Link');
      return { events, pages };
    }
    query.set('cursor', body.nextCursor);
    const [, next] = /^<([^>]+)>; rel="next"$/.exec(String(headers.link)) ?? [];
    if (next !== `${PUBLIC_URL}${path}?${query}`) throw new Error(`${headers.link} leads elsewhere`);
    url = next.slice(PUBLIC_URL.length);
  }
}

t.test('Each combination of filters gives the same events as a filtered array, page by page', async (t) => {
  const api = await startApi(t);
  const admin = await api.person(2);
  const { db } = api.app.audit;
  const people = Array.from({ length: 4 }, () => randomUUID());
  const some = actions.slice(0, 4);
  const pick = <T>(from: readonly T[], index: number): T => from[index % from.length] as T;
  // A fixed pseudo-random sequence.
  const at = (index: number, salt: number) =>
    (index * 7_919 + salt * 104_729 + ((index * salt) % 13) * 31) % 9_973;
  const rows = Array.from({ length: 300 }, (_, index) => {
    const createdAt = new Date(START + (at(index, 1) % PERIOD_MS));
    return {
      id: newId(createdAt),
      action: pick(some, at(index, 2)),
      actorId: pick([...people, null], at(index, 3)),
      targetId: pick([...people, null], at(index, 5)),
      count: 1,
      createdAt,
    };
  });
  await db.auditEvent.createMany({ data: rows });
  const newestFirst = rows.toSorted((a, b) => (a.id < b.id ? 1 : -1));

  const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const filters = fc.record({
    actor: optional(fc.constantFrom(...people)),
    target: optional(fc.constantFrom(...people)),
    action: optional(fc.constantFrom(...some)),
    from: optional(fc.integer({ min: -5, max: PERIOD_MS + 5 })),
    until: optional(fc.integer({ min: -5, max: PERIOD_MS + 5 })),
    limit: fc.integer({ min: 15, max: 100 }),
  });
  await fc.assert(
    fc.asyncProperty(filters, async ({ actor, target, action, from, until, limit }) => {
      const query = new URLSearchParams({ limit: String(limit) });
      for (const [name, value] of Object.entries({ actor, target, action }))
        if (value !== undefined) query.set(name, value);
      // The events of the app itself are outside of this period.
      query.set('from', new Date(START + (from ?? 0)).toISOString());
      query.set('until', new Date(START + (until ?? PERIOD_MS)).toISOString());
      const expected = newestFirst.filter(
        (row) =>
          (actor === undefined || row.actorId === actor) &&
          (target === undefined || row.targetId === target) &&
          (action === undefined || row.action === action) &&
          row.createdAt.getTime() >= START + (from ?? 0) &&
          row.createdAt.getTime() < START + (until ?? PERIOD_MS),
      );
      const { events, pages } = await readAll(api, admin.token, '/audit-events', query);
      const ids = events.map(({ id }) => id);
      if (JSON.stringify(ids) !== JSON.stringify(expected.map(({ id }) => id))) throw new Error('others');
      if (pages !== Math.max(1, Math.ceil(expected.length / limit))) throw new Error(`${pages} pages`);
    }),
    { numRuns: 50 },
  );

  const sorted = (await readAll(api, admin.token, '/audit-events', new URLSearchParams('limit=100'))).events;
  const newest = sorted.filter(({ createdAt }) => Date.parse(createdAt) < START + PERIOD_MS);
  t.strictSame(
    newest.map(({ id }) => id),
    newestFirst.map(({ id }) => id),
    'without a filter',
  );
});

t.test('An event has all its details, and its position in the chain when it is sealed', async (t) => {
  const api = await startApi(t);
  const admin = await api.person(2);
  const token = admin.token;
  const { body: before, headers } = await api.ask('GET', '/audit-events?limit=1', { token });
  t.equal(headers['cache-control'], 'no-store');
  t.ok('number' in before.events[0]);
  await seal(api.app.audit);
  const { body } = await api.ask('GET', '/audit-events', { token });
  const { code: _, ...row } = await api.app.audit.db.auditEvent.findFirstOrThrow({ orderBy: { id: 'desc' } });
  t.match(body.events[0], {
    id: row.id,
    number: row.number,
    action: 'session.opened',
    actorId: admin.id,
    targetId: admin.id,
    before: null,
    after: JSON.parse(row.after ?? ''),
    reason: null,
    count: 1,
    ip: device.ip,
    userAgent: device.userAgent,
    requestId: row.requestId,
    createdAt: row.createdAt.toISOString(),
  });
  t.ok(row.number !== null && row.number > 0);
});

t.test(
  'A filter finds a UUID in any notation, and the kid of a key or the name of a level as it is',
  async (t) => {
    const api = await startApi(t);
    const { token, id } = await api.person(2);
    const count = async (query: string) =>
      (await api.ask('GET', `/audit-events?${query}`, { token })).body.events.length;
    t.equal(await count(`actor=${id.toUpperCase()}`), 1);
    t.equal(await count(`target=${id.toUpperCase()}`), 1);
    t.equal(await count(`target=${api.app.keys.signing.kid}`), 1);
    t.equal(await count('target=guest'), 1);
    t.equal(await count('from=2026-01-01T00:00:00%2B02:00&until=1969-01-01T00:00:00Z'), 0);
    t.ok((await count('from=1969-01-01T00:00:00Z')) > 0);
  },
);

t.test('An invalid filter is refused', async (t) => {
  const api = await startApi(t);
  const { token } = await api.person(2);
  for (const query of [
    'limit=0',
    'limit=101',
    'cursor=abc',
    `cursor=${Buffer.from(`${randomUUID()}'`).toString('base64url')}`,
    'actor=somebody',
    'target=a%00b',
    'target=',
    'action=user.vanished',
    'from=yesterday',
    'until=2016-12-31T23:59:60Z',
    'colour=red',
  ]) {
    const { status, body } = await api.ask('GET', `/audit-events?${query}`, { token });
    t.equal(status, 400, query);
    t.equal(body.errors?.[0].in, 'query', query);
  }
});

t.test('Stored JSON that was changed from outside is not shown, and causes no error', async (t) => {
  const api = await startApi(t);
  const { token, id } = await api.person(2);
  const { db } = api.app.audit;
  await db.auditEvent.updateMany({ where: { actorId: id }, data: { after: '{"a":[1]}' } });
  await db.personalData.updateMany({ data: { data: 'no JSON' } });
  const { status, body } = await api.ask('GET', `/audit-events?actor=${id}`, { token });
  t.match({ status, events: body.events }, { status: 200, events: [{ after: null, ip: null }] });
});

t.test(
  'The activity of a user has the events of which the user is actor or target, newest first',
  async (t) => {
    const api = await startApi(t);
    const [admin, ada] = [await api.person(2, 'Grace'), await api.person(0, 'Ada')];
    const token = await api.sessionToken(ada.id);
    await api.ask('PATCH', '/me', { token, body: { name: 'Augusta' } });
    await api.ask('PATCH', `/users/${ada.id}`, {
      token: admin.token,
      body: { disabled: true, reason: 'Grace said so' },
    });
    await api.ask('PATCH', `/users/${ada.id}`, { token: admin.token, body: { disabled: false } });
    await api.ask('PATCH', `/users/${admin.id}`, { token: admin.token, body: { name: 'Grace Hopper' } });
    const again = await api.sessionToken(ada.id);
    await api.ask('GET', '/control-panel', { token: again });
    await api.app.eventAggregator.flush(api.app.audit.db);

    const { body, headers } = await api.ask('GET', '/me/activity', { token: again });
    t.equal(headers['cache-control'], 'no-store');
    t.match(body, { nextCursor: null });
    const own = { actorId: ada.id };
    const others = { actorId: admin.id, ip: null, userAgent: null, reason: null };
    t.match(body.events, [
      { action: 'access.denied', ...own, ip: '127.0.0.1' },
      { action: 'session.opened', ...own, ip: device.ip },
      { action: 'user.enabled', ...others },
      { action: 'user.disabled', ...others },
      { action: 'user.name-changed', ...own, before: { name: 'Ada' }, after: { name: 'Augusta' } },
      { action: 'session.opened', ...own },
      { action: 'session.opened', ...own },
    ]);
    t.equal(body.events.length, 7);
  },
);

t.test('The activity of a user shows no data of other people', async (t) => {
  const api = await startApi(t);
  const { db } = api.app.audit;
  const [admin, ada] = [await api.person(2, 'Grace'), await api.person(1, 'Ada')];
  const marks = {
    ip: '203.0.113.77',
    userAgent: 'their browser',
    name: 'Their Name',
    email: 'theirs@example.com',
  };
  const between = (action: AuditAction, actorId: string | null, targetId: string | null): AuditRecord => ({
    action,
    actorId,
    targetId,
    before: { access: 1 },
    after: { access: 2 },
    // As an actor, Ada may see her IP address; as a target, she may see her name.
    requestContext:
      actorId === ada.id
        ? { ip: '192.0.2.1', userAgent: 'mine', requestId: null }
        : { ip: marks.ip, userAgent: marks.userAgent, requestId: null },
    personal:
      targetId === ada.id
        ? { before: { name: 'Ada' }, after: { name: 'Ada' }, reason: marks.name }
        : { before: { name: marks.name }, after: { email: marks.email }, reason: marks.name },
  });
  const pairs = [
    [ada.id, ada.id],
    [ada.id, admin.id],
    [admin.id, ada.id],
    [null, ada.id],
    [ada.id, null],
    [admin.id, admin.id],
    [null, null],
    [ada.id, 'an-invitation'],
  ] as const;
  const events = actions.flatMap((action) => pairs.map(([actor, target]) => between(action, actor, target)));
  await db.transaction((tx) => api.app.accounts.recorder.record(tx, events));
  const query = new URLSearchParams('limit=9');
  const { events: seen } = await readAll(api, ada.token, '/me/activity', query);
  const expected = await db.auditEvent.findMany({
    where: { OR: [{ actorId: ada.id }, { targetId: ada.id }] },
    orderBy: { id: 'desc' },
  });
  t.strictSame(
    seen.map(({ id }) => id),
    expected.map(({ id }) => id),
    'each once, newest first',
  );
  for (const mark of Object.values(marks)) t.notOk(JSON.stringify(seen).includes(mark), mark);
  const [mine] = seen.filter(({ actorId, targetId }) => actorId === ada.id && targetId === ada.id);
  t.match(mine, { ip: '192.0.2.1', userAgent: 'mine', before: { access: 1, name: 'Ada' } });
});

t.test('An event that is stored under an earlier name of its action has the current name', async (t) => {
  const api = await startApi(t);
  const { token } = await api.person(2);
  const { audit } = api.app;
  const targetId = randomUUID();
  const expiry = {
    action: 'user.elevation-expired',
    actorId: null,
    targetId,
    requestContext: { ip: null, userAgent: null, requestId: null },
  } as const;
  await audit.db.transaction((tx) => api.app.accounts.recorder.record(tx, [expiry, expiry]));
  const [first] = await audit.db.auditEvent.findMany({ where: { targetId }, orderBy: { id: 'asc' } });
  const action = 'user.access-fell-back';
  await rewrite(audit, first!.id, { action });
  await seal(audit);
  for (const query of [
    `target=${targetId}`,
    `target=${targetId}&action=${expiry.action}`,
    `action=${expiry.action}`,
  ]) {
    const { status, body } = await api.ask('GET', `/audit-events?${query}`, { token });
    t.equal(status, 200, query);
    t.strictSame(
      body.events.map((event: { action: string }) => event.action),
      [expiry.action, expiry.action],
      query,
    );
  }
  const { findings } = await verifyChain(audit, async () => {});
  t.equal(findings, 0, 'the code of the event covers the stored name');
  t.match(await audit.db.auditEvent.findUnique({ where: { id: first!.id } }), { action });
});
