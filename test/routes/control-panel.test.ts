/** Tests that the control panel counts events and pending rows. */
import t from 'tap';
import { openWithTwoFactors } from '../accounts/client.ts';
import { PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor } from '../mailbox.ts';

t.test('Every number of the control panel changes with the rows that it counts', async (t) => {
  const { ask, person, app, ...api } = await startApi(t, NO_MAIL_SERVER);
  const admin = await person(2);
  const read = async () => (await ask('GET', '/control-panel', { token: admin.token })).body;
  const now = async () => {
    // The job does this every few seconds.
    await app.eventAggregator.flush(app.accounts.db, true);
    const { signIns, users, ...rest } = await read();
    const { activeSessions, pendingRegistrations, pendingInvitations, undeliveredMails } = rest;
    const { succeeded, failed, denied } = signIns.at(-1);
    return {
      total: users.total,
      disabled: users.disabled,
      succeeded,
      failed,
      denied,
      activeSessions,
      pendingRegistrations,
      pendingInvitations,
      undeliveredMails,
    };
  };
  const empty = await now();
  t.match(empty, { total: 1, succeeded: 1, failed: 0, denied: 0, activeSessions: 1, undeliveredMails: 0 });

  await ask('POST', '/register', { body: { name: 'Ada', email: 'ada@example.com', password: PASSWORD } });
  await ask('POST', '/invitations', { token: admin.token, body: { email: 'grace@example.com' } });
  t.strictSame(await now(), {
    ...empty,
    pendingRegistrations: 1,
    pendingInvitations: 1,
    undeliveredMails: 2,
  });

  const token = await tokenFor({ app, ask, person, ...api }, 'ada@example.com', 'registration');
  await ask('POST', '/email/verify', { body: { token, password: PASSWORD } });
  for (const password of [PASSWORD, 'wrong', 'wrong too'])
    await ask('POST', '/login', { body: { email: 'ada@example.com', password } });
  await ask('POST', '/login', { body: { email: 'nobody@example.com', password: PASSWORD } });
  const guest = await person(0);
  for (let n = 0; n < 2; n++) await ask('GET', '/control-panel', { token: guest.token });
  t.strictSame(await now(), {
    ...empty,
    total: 3,
    succeeded: 3,
    failed: 3,
    denied: 2,
    activeSessions: 3,
    pendingInvitations: 1,
    undeliveredMails: 1,
  });
  t.match(await read(), { users: { byAccess: [{ count: 1 }, { count: 1 }, { count: 1 }] } });
});

t.test('The control panel lists the last 24 hours one by one, oldest first', async (t) => {
  const { ask, person } = await startApi(t);
  const { token } = await person(2);
  const { signIns } = (await ask('GET', '/control-panel', { token })).body;
  const hours = signIns.map(({ hour }: { hour: string }) => Date.parse(hour));
  t.equal(hours.length, 24);
  for (const [index, hour] of hours.entries()) {
    t.equal(hour % 3_600_000, 0);
    if (index > 0) t.equal(hour - hours[index - 1], 3_600_000);
  }
});

t.test('The control panel counts the people without a second factor where it matters', async (t) => {
  const count = async (variables: Record<string, string>, levels: readonly number[]) => {
    const api = await startApi(t, variables);
    const { db } = api.app.accounts;
    const people = await Promise.all(levels.map((level) => api.person(level)));
    const [first] = people;
    if (first === undefined) throw new Error('nobody');
    const token = (await openWithTwoFactors(api, first.id)).accessToken;
    const read = async () => (await api.ask('GET', '/control-panel', { token })).body.withoutSecondFactor;
    const all = await read();
    await db.user.update({ where: { id: first.id }, data: { secondFactor: true } });
    const less = await read();
    await db.user.updateMany({ where: { id: { not: first.id } }, data: { disabled: true } });
    return [all, less, await read()];
  };
  t.strictSame(await count({}, [2, 2, 1, 0]), [2, 1, 0], 'admins');
  t.strictSame(await count({ SECOND_FACTOR_FROM: 'user' }, [2, 2, 1, 0]), [3, 2, 0], 'users and admins');
  const ACCESS_LEVELS = 'guest:0,user:1,moderator:5,admin:9';
  t.strictSame(
    await count({ ACCESS_LEVELS, SECOND_FACTOR_FROM: 'moderator' }, [9, 5, 5, 1, 0]),
    [3, 2, 0],
    'moderators and admins',
  );
});
