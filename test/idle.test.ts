/**
 * Tests a process to which no client speaks: it asks the database nothing, and obeys a revocation of another
 * process with its first request.
 *
 * @runs alone: it moves the clock of the process.
 */

import { randomUUID } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import { STATEMENTS_CHANNEL } from '#latchkey/db/adapters/publish-statements.ts';
import { isAccepted, open, readClaims } from './accounts/client.ts';
import { type Api, startApi, type Teardown } from './helper.ts';
import { until } from './until.ts';

const SECOND_MS = 1_000;

/** Lets time pass for code that measures it, but ends no timer. */
const monotonic = performance.now;
let passed = 0;
performance.now = () => monotonic.call(performance) + passed;
t.teardown(() => {
  performance.now = monotonic;
});

/** Statements of all databases of this process since the start of a test. */
const statements: string[] = [];
const note = (message: unknown) => void statements.push((message as { text: string }).text);
subscribe(STATEMENTS_CHANNEL, note);
t.teardown(() => unsubscribe(STATEMENTS_CHANNEL, note));

const start = (t: Teardown) => startApi(t, { POLL_INTERVAL: '3600' });

/** Lets time pass until the process is idle and the revocations in its memory are stale. */
async function becomeIdle({ app }: Api): Promise<void> {
  await whilePassing(() => app.pace.isIdle && !app.revocations.isFresh);
}

/** Waits for a condition, while time passes fast. */
async function whilePassing(isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + 20 * SECOND_MS;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`Not so: ${isSo}`);
    passed += SECOND_MS / 2;
    await wait(20);
  }
}

t.test('An idle process asks the database nothing', async (t) => {
  const api = await start(t);
  await becomeIdle(api);
  await api.app.revocations.poll();
  statements.length = 0;
  t.equal((await api.ask('GET', '/health/live')).status, 200);
  await until(() => !api.app.revocations.isFresh);
  t.strictSame(statements, [], 'for two seconds');
  t.ok(api.app.pace.isIdle, 'a health check does not end it');
});

t.test('An idle process obeys a revocation of another process with its first request', async (t) => {
  const api = await start(t);
  const { db, now } = api.app.accounts;
  const user = await api.person(1);
  const { sessionId, accessToken } = await open(api, user.id);
  t.ok(await isAccepted(api, accessToken));
  await becomeIdle(api);
  await db.revocation.create({ data: { sessionId, createdAt: await now(db) } });
  await db.session.delete({ where: { id: sessionId } });
  t.notOk(await isAccepted(api, accessToken), 'by the rows');
  t.notOk(api.app.pace.isIdle, 'the request ends the pause');
  await until(() => api.app.revocations.isFresh);
  t.notOk(await isAccepted(api, accessToken), 'and then by the memory');
  t.ok(await isAccepted(api, user.token));
});

t.test('The jobs of a process that was idle work with the next request', async (t) => {
  const api = await start(t);
  const { db } = api.app.accounts;
  await becomeIdle(api);
  await db.auditEvent.updateMany({ data: { number: null, code: null } });
  await db.auditChain.deleteMany();
  const { id } = await api.person(1);
  await db.user.update({ where: { id }, data: { access: 2, accessUntil: new Date(0) } });
  t.equal((await api.ask('GET', '/health/live')).status, 200);
  t.equal(
    (await db.user.findUniqueOrThrow({ where: { id } })).access,
    2,
    'a health check does not wake them',
  );
  t.equal((await api.ask('GET', '/')).status, 200);
  await until(async () => (await db.user.findUniqueOrThrow({ where: { id } })).access === 1);
});

t.test('An idle process is ready, and reads the revocations to say so', async (t) => {
  const api = await start(t);
  await becomeIdle(api);
  t.equal((await api.ask('GET', '/health/ready')).status, 200);
  t.ok(api.app.revocations.isFresh);
  await becomeIdle(api);
  api.app.revocations.poll = async () => {
    throw new Error('the database is away');
  };
  t.equal((await api.ask('GET', '/health/ready')).status, 503);
});

t.test('A process with a job that fails is not idle', async (t) => {
  const api = await start(t);
  let polls = 0;
  api.app.revocations.poll = async () => {
    polls++;
    throw new Error(`the database is away, ${randomUUID()}`);
  };
  await whilePassing(() => polls > 3);
  t.notOk(api.app.pace.isIdle);
});

t.test('A process with POLL_INTERVAL=1 polls each second, whether requests come or not', async (t) => {
  const api = await startApi(t, { POLL_INTERVAL: '1' });
  const { revocations } = api.app;
  const { poll } = revocations;
  let polls = 0;
  revocations.poll = () => {
    polls++;
    return poll.call(revocations);
  };
  await whilePassing(() => polls > 3);
  t.notOk(api.app.pace.isIdle);
});

t.test('A guard that is asked outside of our hooks, as in a host app, ends a pause too', async (t) => {
  const api = await start(t);
  const { id } = await api.person(1);
  const { accessToken } = await open(api, id);
  const claims = readClaims(accessToken);
  await becomeIdle(api);
  const { revocations, pace } = api.app;
  t.ok(await revocations.confirm(claims));
  t.notOk(pace.isIdle);
  await until(() => revocations.isFresh);
  let asked = 0;
  await whilePassing(() => {
    revocations.revokes(claims);
    return ++asked > 150;
  });
  t.notOk(pace.isIdle, 'and while it is asked, there is none');
});
