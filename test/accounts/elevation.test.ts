/**
 * Levels with a time limit: they expire by themselves, and they cannot be used to grant more than was given.
 */
import t from 'tap';
import { endAllSessions } from '#latchkey/accounts/sessions/end-for-others.ts';
import { expireElevations } from '#latchkey/accounts/users/expire-elevations.ts';
import { failure } from '../db/failure.ts';
import { device, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, waitingFor } from '../mailbox.ts';
import { until } from '../until.ts';
import { isAccepted, readClaims, refresh } from './client.ts';

const api = await startApi(t, NO_MAIL_SERVER);
const { ask, app, person } = api;
const { db } = app.accounts;
const admin = await person(2);

/** A time in whole seconds, as the database stores it. */
const inSeconds = (seconds: number) =>
  new Date((Math.floor(Date.now() / 1000) + seconds) * 1000).toISOString();
const patch = (token: string, id: string, body: object) => ask('PATCH', `/users/${id}`, { token, body });
const elevate = (id: string, seconds = 3600, access = 2) =>
  patch(admin.token, id, { access, accessUntil: inSeconds(seconds), reason: 'on call' });
const levelOf = async (id: string) => (await ask('GET', `/users/${id}`, { token: admin.token })).body.access;

t.test('A level with a time limit applies at once, and the mail tells its end', async (t) => {
  const ada = await person(1);
  const accessUntil = inSeconds(3600);
  const { status, body } = await patch(admin.token, ada.id, { access: 2, accessUntil, reason: 'on call' });
  t.equal(status, 200);
  t.match(body, { access: 2, accessName: 'admin', permanentAccess: 1, accessUntil });
  t.notOk(await isAccepted(api, ada.token), 'the token of the level before is over');
  const refreshed = await refresh(api, ada.refreshToken);
  t.equal(readClaims(refreshed.body.accessToken).access, 2);
  t.equal((await ask('GET', '/control-panel', { token: refreshed.body.accessToken })).status, 200);
  t.match(await waitingFor(api, ada.email), [
    { template: 'access-changed', values: { access: `admin until ${accessUntil}` } },
  ]);
  t.match(await db.auditEvent.findFirst({ where: { targetId: ada.id, action: 'user.access-changed' } }), {
    actorId: admin.id,
    before: '{"access":1,"accessUntil":null}',
    after: JSON.stringify({ access: 2, accessUntil }),
  });
});

t.test('A token never outlives a level with a time limit, for any token lifetime', async (t) => {
  const ada = await person(1);
  const { body } = await elevate(ada.id, 60);
  const end = Math.floor(Date.parse(body.accessUntil) / 1000);
  const token = await api.sessionToken(ada.id);
  t.equal(readClaims(token).exp, end);
  const capped = await ask('POST', '/login', {
    body: { email: ada.email, password: 'correct horse battery staple', access: 1 },
  });
  t.equal(capped.body.expiresIn, 900, 'a token of the permanent level lives on');
});

t.test('A level with a time limit expires, and every reader sees the permanent level', async (t) => {
  const ada = await person(1);
  await elevate(ada.id, 3);
  const elevated = await refresh(api, ada.refreshToken);
  t.equal(readClaims(elevated.body.accessToken).access, 2);
  t.equal(await levelOf(ada.id), 2);
  await until(async () => (await levelOf(ada.id)) === 1);
  await until(async () => !(await isAccepted(api, elevated.body.accessToken)));
  const after = await refresh(api, elevated.body.refreshToken);
  t.equal(readClaims(after.body.accessToken).access, 1);
  t.equal((await ask('GET', '/control-panel', { token: after.body.accessToken })).status, 403);
  await until(async () => (await db.user.findUnique({ where: { id: ada.id } }))?.accessUntil === null);
  t.match(await db.auditEvent.findMany({ where: { targetId: ada.id, action: 'user.elevation-expired' } }), [
    { actorId: null, before: '{"access":2}', after: '{"access":1}' },
  ]);
});

t.test('Readers use the current level before the expiry of an elevation is stored', async (t) => {
  const ada = await person(1);
  await db.user.update({
    where: { id: ada.id },
    data: { access: 2, permanentAccess: 1, accessUntil: new Date(Date.now() - 1) },
  });
  const [one, me, token] = [
    await ask('GET', `/users/${ada.id}`, { token: admin.token }),
    await ask('GET', '/me', { token: ada.token }),
    await api.sessionToken(ada.id),
  ];
  t.match(one.body, { access: 1, accessUntil: null });
  t.match(me.body, { access: 1, accessUntil: null });
  t.equal(readClaims(token).access, 1);
  const { body } = await ask('GET', '/control-panel', { token: admin.token });
  const admins = body.users.byAccess.find(({ access }: { access: number }) => access === 2).count;
  t.equal(admins, await db.user.count({ where: { access: 2 } }), 'counted when the ends were written down');
});

t.test('A token of an expired level is refused, before and after the expiry is stored', async (t) => {
  const [ada, bob] = [await person(1), await person(1)];
  const accessUntil = new Date(Date.now() - 1);
  // The clock of the process may be behind that of the database: the process then accepts the expired token.
  await db.user.update({ where: { id: ada.id }, data: { access: 2, permanentAccess: 1, accessUntil } });
  const { sid, gen } = readClaims(ada.token);
  const actor = { userId: ada.id, sessionId: sid, generation: gen, access: 2, requestContext: device };
  const endSessions = () => endAllSessions(api.app.accounts, actor, bob.id);
  t.match(await failure(endSessions), { slug: 'invalid-token' }, 'before');
  await expireElevations(api.app.accounts);
  t.match(await failure(endSessions), { slug: 'invalid-token' }, 'afterwards');
});

t.test('A new level without a time limit ends the elevation', async (t) => {
  for (const access of [0, 1, 2]) {
    const ada = await person(1);
    await elevate(ada.id);
    const token = await api.sessionToken(ada.id);
    const { body } = await patch(admin.token, ada.id, { access });
    t.match(body, { access, permanentAccess: access, accessUntil: null }, `${access}`);
    t.notOk(await isAccepted(api, token));
  }
});

t.test('A shorter time limit applies to tokens that were issued before', async (t) => {
  const ada = await person(1);
  await elevate(ada.id, 3600);
  const token = await api.sessionToken(ada.id);
  await elevate(ada.id, 1800);
  t.notOk(await isAccepted(api, token));
});

t.test('A time limit that limits nothing is refused', async (t) => {
  const ada = await person(1);
  const wrong: [object, string][] = [
    [{ access: 1, accessUntil: inSeconds(60) }, '/access'],
    [{ access: 0, accessUntil: inSeconds(60) }, '/access'],
    [{ access: 2, accessUntil: inSeconds(-60) }, '/accessUntil'],
    [{ accessUntil: inSeconds(60) }, '/access'],
    [{ name: 'Ada', accessUntil: null }, '/access'],
    [{ access: 2, accessUntil: 'tomorrow' }, '/accessUntil'],
    // Valid formats of times that cannot be stored: the last leap second, which JavaScript does not know, and
    // the year 10000, which no timestamp can have.
    [{ access: 2, accessUntil: '2016-12-31T23:59:60Z' }, '/accessUntil'],
    [{ access: 2, accessUntil: '9999-12-31T23:59:59-23:59' }, '/accessUntil'],
    [{ reason: 'for nothing' }, ''],
  ];
  for (const [body, pointer] of wrong) {
    const answer = await patch(admin.token, ada.id, body);
    t.match(answer.body, { status: 400 }, JSON.stringify(body));
    t.ok(
      answer.body.errors.some((error: { pointer: string }) => error.pointer === pointer),
      answer.text,
    );
  }
  t.match((await ask('GET', `/users/${ada.id}`, { token: admin.token })).body, {
    access: 1,
    accessUntil: null,
  });
});

t.test('An admin for an hour cannot grant the admin level, not even to himself for good', async (t) => {
  const [hour, other, disabled] = [await person(1), await person(1), await person(2)];
  await patch(admin.token, disabled.id, { disabled: true });
  await elevate(hour.id);
  const token = await api.sessionToken(hour.id);
  const refused = {
    status: 403,
    required: 2,
    actual: 1,
    detail: 'You do not have access to that page. Sorry!',
  };
  t.match((await patch(token, other.id, { access: 2 })).body, refused);
  t.match((await patch(token, other.id, { access: 2, accessUntil: inSeconds(60) })).body, refused);
  t.match((await patch(token, hour.id, { access: 2 })).body, refused);
  t.match(
    (await patch(token, hour.id, { access: 2, accessUntil: inSeconds(9999) })).body,
    refused,
    'nor longer',
  );
  t.match((await patch(token, disabled.id, { disabled: false })).body, refused, 'nor by bringing one back');
  t.equal(
    (await patch(token, other.id, { access: 0 })).status,
    200,
    'what is below his own level he may give',
  );
  t.match((await ask('GET', `/users/${hour.id}`, { token: admin.token })).body, { permanentAccess: 1 });
});

t.test('A user has no other way to change their own level', async (t) => {
  const ada = await person(1);
  for (const body of [{ access: 2 }, { name: 'Ada', access: 2 }, { name: 'Ada', permanentAccess: 2 }])
    t.equal((await ask('PATCH', '/me', { token: ada.token, body })).status, 400);
  t.equal((await patch(ada.token, ada.id, { access: 2 })).status, 403);
  t.equal(await levelOf(ada.id), 1);
});
