/**
 * Processes that lose their database for 15 s, each in another way, while other processes demote and sign
 * out.
 *
 * @runs once, on Postgres: nothing is between a process and SQLite.
 */
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import type { Db } from '#latchkey/db/client.ts';
import { isUnavailable } from '#latchkey/db/errors.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { PASSWORD } from '../helper.ts';
import { type Ask, createCluster, isAccepted, type Reply, until } from './cluster.ts';
import { startProxy, type TcpProxy } from './proxy.ts';

const OUTAGE_MS = 15_000;
const MAX_STALENESS_MS = 2_000;
const MAX_ANSWER_MS = 10_000;
/** Pause between two rounds of nine parallel requests, which take nearly all connections of a process. */
const PAUSE_MS = 1_000;

interface Sent extends Reply {
  readonly what: string;
}

interface Failure {
  begin(proxy: TcpProxy): void | Promise<void>;
  end(proxy: TcpProxy): void | Promise<void>;
}

const failures: Record<string, Failure> = {
  'no data passes': {
    begin: (proxy) => proxy.pause(),
    end: (proxy) => proxy.resume(),
  },
  'no data passes, and the old connections are dead afterwards': {
    begin: (proxy) => proxy.pause(),
    end: (proxy) => proxy.resume({ forget: true }),
  },
  'connections are refused': {
    begin: (proxy) => proxy.cut(),
    end: (proxy) => proxy.mend(),
  },
};

t.test(`Processes recover after their database was cut off for ${OUTAGE_MS / 1000} s`, async (t) => {
  const cluster = await createCluster(t);
  const { url } = cluster;
  const connected = await cluster.start();
  const admin = await cluster.person(connected, 2);
  const demoted = await cluster.person(connected, 2);
  const signedOut = await cluster.person(connected, 1);
  const unconcerned = await cluster.person(connected, 1);

  const lagging = await Promise.all(
    Object.entries(failures).map(async ([name, failure]) => {
      const proxied = new URL(url);
      const proxy = await startProxy(t, Number(proxied.port));
      proxied.port = String(proxy.port);
      return { name, failure, proxy, member: await cluster.start({ DATABASE_URL: proxied.href }) };
    }),
  );
  for (const { member } of lagging)
    for (const { token } of [demoted, signedOut, unconcerned]) t.ok(await isAccepted(member, token));

  // A transaction in the middle of its work, on the only connection of its pool.
  const { proxy: swallowing } = lagging[1] ?? {};
  const single = new URL(url);
  single.port = String(swallowing?.port);
  single.searchParams.set('connection_limit', '1');
  const database = openDatabase(single.href);
  t.teardown(() => database.close());
  const interrupted = await interrupt(database.db);

  // The other processes do not know of it yet; the connected process revokes a moment later.
  await Promise.all(lagging.map(({ failure, proxy }) => failure.begin(proxy)));
  const body = { access: 1 };
  interrupted.goOn();
  const demotion = await connected.ask('PATCH', `/users/${demoted.id}`, { token: admin.token, body });
  t.equal(demotion.status, 200);
  t.equal((await connected.ask('POST', '/logout', { token: signedOut.token })).status, 204);
  const since = performance.now();

  const asked = lagging.map(async ({ member }) => {
    const sent: Promise<Sent>[] = [];
    const ask = async (what: string, method: string, path: string, options?: Ask): Promise<Sent> => ({
      what,
      ...(await member.ask(method, path, options)),
    });
    const body = { email: admin.email, password: PASSWORD };
    const { refreshToken } = unconcerned;
    while (performance.now() - since < OUTAGE_MS) {
      for (const [who, { token }] of Object.entries({ demoted, 'signed out': signedOut, unconcerned }))
        sent.push(ask(`GET /me/permissions (${who})`, 'GET', '/me/permissions', { token }));
      const { id, token } = demoted;
      sent.push(
        ask('GET /users (demoted)', 'GET', '/users', { token }),
        ask('PATCH /users (demoted)', 'PATCH', `/users/${id}`, { token, body: { access: 2 } }),
        ask('DELETE /sessions (demoted)', 'DELETE', `/users/${admin.id}/sessions`, { token }),
        ask('POST /login', 'POST', '/login', { body }),
        ask('POST /refresh', 'POST', '/refresh', { body: { refreshToken } }),
        ask('GET /health/ready', 'GET', '/health/ready'),
        ask('GET /', 'GET', '/'),
      );
      await wait(PAUSE_MS);
    }
    return Promise.all(sent);
  });
  await wait(Math.max(0, since + OUTAGE_MS - performance.now()));
  await Promise.all(lagging.map(({ failure, proxy }) => failure.end(proxy)));
  const ended = performance.now();

  const recoveries = await Promise.all(
    lagging.map(({ name, member }) =>
      until(name, 30_000, async () => (await member.ask('GET', '/health/ready')).status === 200),
    ),
  );

  for (const [index, { name, member }] of lagging.entries()) {
    await t.test(`A process recovers from an outage in which ${name}`, async (t) => {
      const recovery = recoveries[index];
      t.ok(recovery !== undefined, `ready again by itself after ${Math.round(recovery ?? 0)} ms`);
      const people = [demoted, signedOut, unconcerned];
      t.strictSame(await Promise.all(people.map(({ token }) => isAccepted(member, token))), [
        false,
        false,
        true,
      ]);

      const replies = (await asked[index]) ?? [];
      const slowest = Math.round(Math.max(...replies.map(({ took }) => took)));
      t.ok(slowest < MAX_ANSWER_MS, `every answer came in time, the slowest after ${slowest} ms`);
      const unavailable = replies.filter(({ status }) => status === 503);
      t.ok(unavailable.length > 50);
      t.ok(
        unavailable.every(({ headers }) => /^[1-9]\d*$/.test(headers['retry-after'] ?? '')),
        'Retry-After',
      );

      const late = replies.filter(({ sentAt }) => sentAt - since > MAX_STALENESS_MS);
      const statuses = (of: RegExp, from: readonly Sent[]): readonly number[] =>
        [...new Set(from.filter(({ what }) => of.test(what)).map(({ status }) => status))].sort();
      t.strictSame(
        statuses(/demoted|signed out/, late).filter((status) => ![401, 503].includes(status)),
        [],
      );
      // Requests that were waiting when the outage ended may still succeed.
      const during = late.filter(({ sentAt, took }) => sentAt + took < ended);
      t.strictSame(statuses(/permissions \(unconcerned/, during), [503]);
      t.strictSame(statuses(/ready/, during), [503]);
      t.strictSame(statuses(/login|refresh/, during), [503]);
      t.strictSame(statuses(/^GET \/$/, late), [200], 'what needs no database goes on');
      const idle = late.filter(({ what }) => what === 'GET /');
      t.ok(
        idle.every(({ took }) => took < 1_000),
        'without waiting',
      );
    });
  }
  await t.test(
    'A transaction that was under way during the outage is unavailable and not committed',
    async (t) => {
      const { error, took } = await interrupted.failed;
      t.ok(isUnavailable(error), String(error));
      t.ok(took < OUTAGE_MS, `it ended by itself after ${Math.round(took)} ms`);
      const sentAt = performance.now();
      t.equal(await database.db.accessLevel.count(), 3);
      t.ok(performance.now() - sentAt < 2_000, 'its connection did not go back into the pool');
    },
  );
  const { access } = await cluster.database.db.user.findUniqueOrThrow({ where: { id: demoted.id } });
  t.equal(access, 1);
  for (const { member } of lagging) await member.stop();
});

/** Transaction that has begun, and continues on a signal. */
async function interrupt(db: Db) {
  let goOn = () => {};
  let hasBegun = () => {};
  const told = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const begun = new Promise<void>((resolve) => {
    hasBegun = resolve;
  });
  let since = 0;
  const failed = db
    .transaction(async (tx) => {
      await tx.accessLevel.count();
      hasBegun();
      await told;
      since = performance.now();
      await tx.accessLevel.updateMany({ data: { recordedAt: new Date(0) } });
    })
    .then(
      () => {
        throw new Error('It was committed');
      },
      (error: unknown) => ({ error, took: performance.now() - since }),
    );
  await begun;
  return { failed, goOn };
}
