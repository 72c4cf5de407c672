/** The numbers of the control panel with many rows: right after each change, at a cost that does not grow. */
import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { operator } from '#latchkey/accounts/context.ts';
import { Overview } from '#latchkey/accounts/overview/overview.ts';
import { importUsers } from '#latchkey/accounts/transfer/import.ts';
import { expireElevations } from '#latchkey/accounts/users/expire-elevations.ts';
import { changeUser } from '#latchkey/accounts/users/update.ts';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { insertRows } from '#latchkey/db/raw/insert.ts';
import { newId } from '#latchkey/lib/id.ts';
import { type Api, device, startApi } from '../helper.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Users of before: two whole ranges, and some. */
const USERS = 11_000;

/** Rows of one statement that inserts many. */
const BATCH = 1_000;

const batches = (rows: number) => Array.from({ length: Math.ceil(rows / BATCH) }, (_, n) => n * BATCH);

/** Inserts users of a hundred days ago, without events, and returns their ids. */
async function seedUsers({ app }: Api, rows = USERS): Promise<string[]> {
  const ids: string[] = [];
  const began = Date.now() - 100 * DAY_MS;
  for (const at of batches(rows)) {
    const users = Array.from({ length: Math.min(BATCH, rows - at) }, (_, n) => ({
      ...buildUserRow({
        name: 'Old',
        email: `old-${at + n}@example.com`,
        passwordHash: '',
        access: (at + n) % 2,
      }),
      id: newId(new Date(began + at + n)),
      disabled: (at + n) % 3 === 0,
    }));
    await insertRows(app.accounts.db, 'User', users);
    ids.push(...users.map(({ id }) => id));
  }
  return ids;
}

/** Opens an overview as another process would have it, which counts its raw statements. */
function openOverview(t: Test, { app, databaseUrl }: Api) {
  const { db, now, close } = openDatabase(databaseUrl);
  t.teardown(close);
  let statements = 0;
  const raw = {
    ...db.raw,
    query: (...args: Parameters<typeof db.raw.query>) => {
      statements += 1;
      return db.raw.query(...args);
    },
  };
  const counted = new Proxy(db, {
    get: (target, name) => {
      if (name === 'raw') return raw;
      const member = Reflect.get(target, name);
      return name === 'transaction' ? member.bind(target) : member;
    },
  });
  const take = () => {
    const taken = statements;
    statements = 0;
    return taken;
  };
  return { overview: new Overview({ ...app.accounts, db: counted as typeof db, now }), take };
}

/** Counts the users as the database has them. */
async function countUsers({ app }: Api) {
  const { db, levels } = app.accounts;
  const byAccess = await Promise.all(
    levels.all.map(async ({ name, number }) => ({
      access: number,
      accessName: name,
      count: await db.user.count({ where: { access: number } }),
    })),
  );
  return {
    total: await db.user.count(),
    byAccess,
    disabled: await db.user.count({ where: { disabled: true } }),
  };
}

/** Holds the monotonic clock until the test ends. @returns a function that lets time pass */
function holdClock(t: Test): (milliseconds: number) => void {
  const { now } = performance;
  let time = now.call(performance);
  performance.now = () => time;
  t.teardown(() => {
    performance.now = now;
  });
  return (milliseconds) => {
    time += milliseconds;
  };
}

t.test('Each change of a user is in the next look of every process', async (t) => {
  const api = await startApi(t);
  const { accounts } = api.app;
  const { db } = accounts;
  const ids = await seedUsers(api);
  const admin = await api.person(2);
  const { overview, take } = openOverview(t, api);
  const other = openOverview(t, api).overview;
  const check = async (message: string) => {
    const expected = await countUsers(api);
    for (const one of [overview, other]) {
      const { newest, ...numbers } = await one.readUsers();
      t.strictSame(numbers, expected, message);
      t.equal(newest[0]?.id, (await db.user.findFirst({ orderBy: { id: 'desc' } }))?.id);
    }
  };
  await check('the first look');
  take();
  await check('nothing has changed');
  const quiet = take();
  t.ok(quiet <= 6, `${quiet} statements, and not one for each range`);

  const [low = '', high = '', disabled = ''] = [ids[1], ids[6_000], ids[9]];
  const change = (id: string, wanted: Parameters<typeof changeUser>[3]) =>
    changeUser(accounts, operator, id, wanted, () => {});
  await change(low, { access: 0 });
  await check('a level');
  const one = take();
  t.ok(one <= quiet + 1, `${one} statements: one range more`);
  await change(high, { access: 2 });
  await change(low, { disabled: true });
  await change(disabled, { disabled: false });
  await check('two levels and two states');

  await change(low, { access: 1, disabled: false });
  await change(low, { access: 2, accessUntil: new Date(Date.now() + HOUR_MS) });
  await check('an elevation');
  await db.user.update({ where: { id: low }, data: { accessUntil: new Date(0) } });
  t.equal(await expireElevations(accounts), 1);
  await check('its end');

  const withToken = await api.ask('DELETE', `/users/${high}`, { token: admin.token });
  t.equal(withToken.status, 204);
  await check('a deletion');
  const body = { name: 'New', email: 'new@example.com', password: 'correct horse battery staple' };
  t.equal((await api.ask('POST', '/users', { token: admin.token, body })).status, 201);
  await check('a new user');
  const id = `${ids[2]?.slice(0, -12)}${randomUUID().slice(-12)}`;
  const line = JSON.stringify({ id, name: 'Moved', email: 'moved@example.com', access: 1 });
  const imported = await importUsers(
    accounts,
    (async function* () {
      yield { number: 1, text: line };
    })(),
    {
      isDryRun: false,
      onProblem: async (_line, problems) => void t.fail(problems.join()),
      onProgress: () => {},
    },
  );
  t.equal(imported.created, 1);
  await check('an imported user with an old id');

  const looks = await Promise.all([
    overview.readUsers(),
    change(ids[4] ?? '', { access: 1 }).then(() => overview.readUsers()),
  ]);
  t.match(
    looks[1].byAccess,
    (await countUsers(api)).byAccess,
    'a look after the change shares no earlier one',
  );
});

t.test('Changes that no event tells of are seen when all users are counted again', async (t) => {
  const api = await startApi(t);
  const { db } = api.app.accounts;
  const ids = await seedUsers(api);
  const { overview, take } = openOverview(t, api);
  const totalOf = async () => (await overview.readUsers()).total;
  const { total } = await countUsers(api);
  const pass = holdClock(t);
  t.equal(await totalOf(), total);
  await db.user.delete({ where: { id: ids[0] ?? '' } });
  t.equal(await totalOf(), total, 'by hand, in the database');
  pass(601_000);
  t.equal(await totalOf(), total - 1, 'after ten minutes');

  // As many changes as an import makes.
  take();
  const events = Array.from({ length: 1_001 }, () => ({
    ...{ id: newId(), action: 'user.created', targetId: ids[3] ?? '', count: 1, createdAt: new Date() },
  }));
  await insertRows(db, 'AuditEvent', events);
  await db.user.delete({ where: { id: ids[8_000] ?? '' } });
  t.equal(await totalOf(), total - 2, 'after more changes than are looked for');
  t.ok(take() > 4, 'all ranges were counted');
});

t.test('A clock that is set back hides no change', async (t) => {
  const api = await startApi(t);
  const ids = await seedUsers(api);
  const { overview } = openOverview(t, api);
  await overview.readUsers();
  const { now } = Date;
  t.teardown(() => {
    Date.now = now;
  });
  Date.now = () => now() - HOUR_MS;
  await api.app.accounts.db.user.delete({ where: { id: ids[0] ?? '' } });
  t.equal((await overview.readUsers()).total, USERS - 1);
});

t.test('The sign-ins of an hour that is over are counted once', async (t) => {
  const api = await startApi(t);
  const { db } = api.app.accounts;
  const { overview, take } = openOverview(t, api);
  const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const insert = (time: number, rows: number, action = 'session.opened', count = 1) =>
    insertRows(
      db,
      'AuditEvent',
      Array.from({ length: rows }, (_, n) => {
        const createdAt = new Date(time + n);
        return { id: newId(createdAt), action, count, createdAt };
      }),
    );
  for (const at of batches(6_000)) await insert(hour - 2 * HOUR_MS + at, BATCH);
  await insert(hour - 3 * HOUR_MS, 1, 'sign-in.failed', 40);
  const read = async () => (await overview.readSignIns()).map(({ succeeded, failed }) => [succeeded, failed]);
  const first = await read();
  const [later, earlier] = [first.at(-3), first.at(-4)];
  t.strictSame(
    [later, earlier],
    [
      [6_000, 0],
      [0, 40],
    ],
    'in several pages, and by their counts',
  );
  const all = take();
  const succeeded = first.at(-1)?.[0] ?? 0;
  await api.person(1);
  const second = await read();
  t.strictSame(second.slice(0, -1), first.slice(0, -1));
  t.equal(second.at(-1)?.[0], succeeded + 1, 'the current hour is counted as of now');
  const again = take();
  t.ok(again <= 8 && again < all, `${again} statements after ${all}`);
});

t.test('Many sessions are not counted at each look, and the answer says when they were', async (t) => {
  const api = await startApi(t);
  const { db } = api.app.accounts;
  const admin = await api.person(2);
  const read = async () => (await api.ask('GET', '/control-panel', { token: admin.token })).body;
  const few = await read();
  await api.sessionToken(admin.id);
  t.equal((await read()).activeSessions, few.activeSessions + 1, 'few are counted each time');

  const time = new Date();
  const later = new Date(time.getTime() + DAY_MS);
  for (const _ of batches(11_000))
    await insertRows(
      db,
      'Session',
      Array.from({ length: BATCH }, () => ({
        ...{ id: newId(), userId: admin.id, epoch: 0, rotation: 0, rotatedAt: time, authenticatedAt: time },
        ...{
          createdAt: time,
          idleUntil: later,
          expiresAt: later,
          ip: device.ip,
          userAgent: device.userAgent,
        },
      })),
    );
  const pass = holdClock(t);
  const many = await read();
  t.equal(many.activeSessions, few.activeSessions + 11_001);
  await db.session.deleteMany({ where: { createdAt: time, id: { gt: newId(time) } } });
  const kept = await read();
  t.match(kept, { activeSessions: many.activeSessions, activeSessionsAsOf: many.activeSessionsAsOf });
  pass(5_000);
  const counted = await read();
  t.equal(counted.activeSessions, await db.session.count());
  t.ok(counted.activeSessionsAsOf > many.activeSessionsAsOf);
});
