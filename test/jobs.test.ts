/** Tests the periodic jobs: they poll before the first request, run while the app runs, and end with it. */
import { randomUUID } from 'node:crypto';
import timers from 'node:timers/promises';
import t from 'tap';
import { noRequest } from '#latchkey/audit/event.ts';
import { MAX_RUN_ROWS } from '#latchkey/db/raw/batches.ts';
import { RevocationFeed } from '#latchkey/tokens/revocations.ts';
import { isAccepted, open, setTime } from './accounts/client.ts';
import { rewrite } from './audit/trail.ts';
import { type Api, startApi } from './helper.ts';
import { holdTimers } from './hold-timers.ts';

const SECOND_MS = 1000;
/** How long a condition may take on a machine that is busy with other tests. */
const PATIENCE_MS = 30 * SECOND_MS;
const MINUTE_MS = 60 * SECOND_MS;

/** Waits until a condition is true. */
async function until(isSo: () => Promise<boolean> | boolean, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while (!(await isSo())) {
    if (performance.now() > deadline) return false;
    await timers.setTimeout(20);
  }
  return true;
}

/** Collects what the log of the app says of jobs from now on. */
function listen({ app }: Api): string[] {
  const lines: string[] = [];
  for (const level of ['info', 'error'] as const) {
    app.log[level] = ((members: { job?: string }, text: string) => {
      if (members.job !== undefined) lines.push(`${level}: ${members.job}: ${text}`);
    }) as never;
  }
  return lines;
}

t.test('Revocations are known before the first request', async (t) => {
  const before = await startApi(t);
  const user = await before.person(1);
  const { sessionId, accessToken } = await open(before, user.id);
  const { db, now } = before.app.accounts;
  await db.revocation.create({ data: { sessionId, createdAt: await now(db) } });

  const next = await startApi(t, {
    DATABASE_URL: before.databaseUrl,
    DATA_DIR: before.app.config.dataDir,
  });
  t.ok(next.app.revocations.isFresh);
  t.notOk(await isAccepted(next, accessToken));
  t.ok(await isAccepted(next, user.token));
});

t.test('An app that cannot read the revocations does not start', async (t) => {
  const { poll } = RevocationFeed.prototype;
  RevocationFeed.prototype.poll = async () => {
    throw new Error('the revocations cannot be read');
  };
  t.teardown(() => {
    RevocationFeed.prototype.poll = poll;
  });
  await t.rejects(startApi(t), /the revocations cannot be read/);
});

t.test('A revocation by another process takes effect within 2 s, each time', async (t) => {
  const api = await startApi(t);
  const { db, now } = api.app.accounts;
  const { id } = await api.person(1);
  for (let round = 0; round < 2; round++) {
    const { sessionId, accessToken } = await open(api, id);
    t.ok(await isAccepted(api, accessToken));
    await db.revocation.create({ data: { sessionId, createdAt: await now(db) } });
    t.ok(await until(async () => !(await isAccepted(api, accessToken)), 2 * SECOND_MS));
  }
});

t.test('A job that fails is retried and logged once', async (t) => {
  const api = await startApi(t);
  const lines = listen(api);
  const { revocations } = api.app;
  let tries = 0;
  revocations.poll = async () => {
    tries++;
    throw new Error('the database is away');
  };
  t.ok(await until(() => tries >= 3, 10 * SECOND_MS), 'it is tried again');
  t.strictSame(lines, ['error: revocations.poll: A job failed and will be retried']);
  t.ok(await until(() => !revocations.isFresh, PATIENCE_MS));
  t.equal((await api.ask('GET', '/health/ready')).status, 503, 'the process is not ready');
  t.equal((await api.ask('GET', '/health/live')).status, 200);

  Reflect.deleteProperty(revocations, 'poll');
  t.ok(await until(() => revocations.isFresh, PATIENCE_MS), 'it recovers by itself');
  t.equal((await api.ask('GET', '/health/ready')).status, 200);
  t.strictSame(lines.slice(1), ['info: revocations.poll: A job works again']);
});

t.test('A clock that differs by more than 30 s from the database makes the process unready', async (t) => {
  const api = await startApi(t);
  const { revocations } = api.app;
  for (const [seconds, status] of [
    [25, 200],
    [-25, 200],
    [35, 503],
    [-35, 503],
    [0, 200],
  ] as const) {
    // For the measurement, see tokens/revocations.test.ts. SQLite has no clock of its own that could differ.
    Object.defineProperty(revocations, 'clockSkew', { configurable: true, value: seconds * SECOND_MS });
    t.equal((await api.ask('GET', '/health/ready')).status, status, `${seconds} s`);
  }
});

t.test('Closing stops the jobs and waits for the running one', async (t) => {
  const api = await startApi(t);
  const { revocations } = api.app;
  const events: string[] = [];
  let end = () => {};
  revocations.poll = () =>
    new Promise((resolve) => {
      events.push('began');
      end = () => {
        events.push('ended');
        resolve();
      };
    });
  t.ok(await until(() => events.length === 1, PATIENCE_MS));
  const closing = api.app.close().then(() => events.push('closed'));
  await timers.setTimeout(50);
  t.strictSame(events, ['began'], 'the database is not closed under it');
  end();
  await closing;
  t.strictSame(events, ['began', 'ended', 'closed']);
});

t.test('The jobs run at the intervals of the table', async (t) => {
  const clock = holdTimers(t);
  const api = await startApi(t);
  const { db, now } = api.app.accounts;
  const { revocations } = api.app;
  const ofSqlite = api.app.databaseKind === 'sqlite' ? [60] : [];
  const expected = [
    1,
    1,
    1,
    1,
    1,
    2,
    2,
    5,
    30,
    60,
    60,
    ...ofSqlite,
    600,
    600,
    600,
    600,
    600,
    600,
    600,
    600,
    600,
    600,
  ];
  const allWait = () => clock.pauses.length >= expected.length;
  await until(allWait, PATIENCE_MS);
  t.strictSame(
    clock.pauses.map(({ seconds }) => seconds).sort((a, b) => a - b),
    expected,
    'seconds between the beginnings',
  );

  const { id } = await api.person(0);
  const ended = await open(api, id);
  await setTime(api, ended.sessionId, 'idleUntil', -1);
  const old = new Date((await now(db)).getTime() - (25 * 60 + 1) * MINUTE_MS);
  await db.revocation.create({ data: { sessionId: randomUUID(), createdAt: old } });
  const { id: ancient } = await db.auditEvent.findFirstOrThrow({ orderBy: { id: 'asc' } });
  await rewrite(api.app.audit, ancient, { createdAt: new Date(0) });
  const heads: unknown[] = [];
  api.app.log.info = ((members: { head?: string }) => void heads.push(members.head)) as never;
  clock.pass(60);
  await until(allWait, PATIENCE_MS);
  clock.pass(2);
  const isSealed = async () => (await db.auditEvent.count({ where: { number: null } })) === 0;
  t.ok(await until(isSealed, PATIENCE_MS), 'audit events are sealed');
  t.strictSame(heads, [], 'a chain that has no head yet is not logged');
  for (const minute of [1, 2]) {
    await until(allWait, PATIENCE_MS);
    clock.pass(60);
    await until(() => heads.length > 0, PATIENCE_MS);
    await until(allWait, PATIENCE_MS);
    t.match(heads, [/^\d+:[\w-]{43}$/], `its head is logged once, in minute ${minute}`);
    t.equal(heads.length, 1);
  }
  api.app.eventAggregator.add({
    action: 'sign-in.failed',
    actorId: null,
    targetId: id,
    requestContext: noRequest,
  });
  clock.pass(5);
  const isCounted = async () => (await db.auditEvent.count({ where: { action: 'sign-in.failed' } })) === 1;
  t.ok(await until(isCounted, PATIENCE_MS), 'counts are written');
  let forgot = 0;
  revocations.evictExpired = () => void forgot++;
  clock.pass(600);
  const isPruned = async () => (await db.session.count({ where: { id: ended.sessionId } })) === 0;
  t.ok(await until(isPruned, PATIENCE_MS), 'sessions that have ended are pruned');
  t.ok(await until(async () => (await db.revocation.count()) === 0, PATIENCE_MS), 'and old revocations');
  const isGone = async () => (await db.auditEvent.count({ where: { id: ancient } })) === 0;
  t.ok(await until(isGone, PATIENCE_MS), 'and old audit events');
  t.equal(forgot, 0);
  clock.pass(60);
  t.ok(await until(() => forgot === 1, PATIENCE_MS), 'what is old is forgotten');
});

t.test('A run that has reached its maximum of rows is followed by the next at once', async (t) => {
  const clock = holdTimers(t);
  const api = await startApi(t);
  const handled = [MAX_RUN_ROWS, MAX_RUN_ROWS + 1, 3];
  let runs = 0;
  const all = clock.pauses.length;
  api.app.idempotentRequests.prune = async () => handled[runs++] ?? 0;
  clock.pass(600);
  for (const run of [1, 2]) {
    t.ok(await until(() => clock.pauses.some(({ seconds }) => seconds === 0), PATIENCE_MS));
    t.equal(runs, run, 'not without a turn of the event loop, in which the app may be closed');
    clock.pass(0);
  }
  t.ok(await until(() => runs === 3, PATIENCE_MS));
  t.ok(await until(() => clock.pauses.length === all, PATIENCE_MS), 'all jobs wait again');
  t.notOk(
    clock.pauses.some(({ seconds }) => seconds === 0),
    'and when little was left, it has time',
  );
});
