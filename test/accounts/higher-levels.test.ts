/**
 * Admins for a limited time and the users above their permanent level: who could not give a level cannot take
 * it either.
 */
import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { operator } from '#latchkey/accounts/context.ts';
import { endAllSessions } from '#latchkey/accounts/sessions/end-for-others.ts';
import { deleteUser } from '#latchkey/accounts/users/delete.ts';
import { changeUser } from '#latchkey/accounts/users/update.ts';
import { failure } from '../db/failure.ts';
import { type Answer, device, type Person, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor } from '../mailbox.ts';
import { readClaims } from './client.ts';

const api = await startApi(t, NO_MAIL_SERVER);
const { ask, app, person } = api;
const { db } = app.accounts;
const admin = await person(2);
const anyUser = () => {};

const later = (seconds: number) => new Date((Math.floor(Date.now() / 1000) + seconds) * 1000);
const patch = (token: string, id: string, body: object) => ask('PATCH', `/users/${id}`, { token, body });

/** An admin for an hour whose permanent level is 1, with a token of the elevation. */
async function elevatedAdmin(): Promise<Person> {
  const user = await person(1);
  await patch(admin.token, user.id, { access: 2, accessUntil: later(3600).toISOString() });
  return { ...user, token: await api.sessionToken(user.id) };
}

/** The requests of an admin that write to a user. */
const requests: Record<string, (token: string, id: string) => Promise<Answer>> = {
  demote: (token, id) => patch(token, id, { access: 0 }),
  'set the present level of': (token, id) => patch(token, id, { access: 2 }),
  'limit the level of': (token, id) => patch(token, id, { access: 2, accessUntil: later(60).toISOString() }),
  disable: (token, id) => patch(token, id, { disabled: true }),
  enable: (token, id) => patch(token, id, { disabled: false }),
  rename: (token, id) => patch(token, id, { name: 'Nobody' }),
  delete: (token, id) => ask('DELETE', `/users/${id}`, { token }),
  'end the sessions of': (token, id) => ask('DELETE', `/users/${id}/sessions`, { token }),
  'reset the authenticators of': (token, id) => ask('DELETE', `/users/${id}/authenticators`, { token }),
};

/** Everything that the requests could change of a user. */
const stateOf = async (id: string) => ({
  user: await db.user.findUnique({ where: { id } }),
  sessions: await db.session.findMany({ where: { userId: id } }),
  events: await db.auditEvent.count({ where: { targetId: id, action: { not: 'access.denied' } } }),
});

/** Fails unless the request is refused and changes nothing. */
async function isRefused(t: Test, request: (id: string) => Promise<Answer>, id: string, name: string) {
  const before = await stateOf(id);
  const answer = await request(id);
  t.match(answer.body, { status: 403, type: /access-denied$/, required: 2, actual: 1 }, name);
  t.match(answer.headers['www-authenticate'], 'error="insufficient_scope"', name);
  t.strictSame(await stateOf(id), before, `${name}: nothing changed`);
}

for (const [name, request] of Object.entries(requests)) {
  t.test(`An elevated admin cannot ${name} a user above the admin's permanent level`, async (t) => {
    const hour = await elevatedAdmin();
    const disabled = await person(2);
    await patch(admin.token, disabled.id, { disabled: true });
    const send = (id: string) => request(hour.token, id);
    await isRefused(t, send, (await person(2)).id, 'a permanent admin');
    await isRefused(t, send, disabled.id, 'a disabled admin');
    await isRefused(t, send, (await elevatedAdmin()).id, 'another elevated admin');
    t.match((await send(randomUUID())).body, { status: 404, type: /user-not-found$/ }, 'an unknown id');
  });
}

t.test('An elevated admin changes users up to the permanent level', async (t) => {
  const hour = await elevatedAdmin();
  for (const name of ['demote', 'disable', 'enable', 'rename', 'end the sessions of', 'delete']) {
    for (const access of [0, 1]) {
      const { status } = await requests[name]!(hour.token, (await person(access)).id);
      t.ok([200, 204].includes(status), `${name} level ${access}: ${status}`);
    }
  }
  const expired = await person(1);
  await db.user.update({ where: { id: expired.id }, data: { access: 2, accessUntil: later(-5) } });
  t.equal((await patch(hour.token, expired.id, { access: 0 })).status, 200, 'the elevation is over');
});

t.test('A permanent admin changes an elevated admin and another permanent admin', async (t) => {
  for (const name of ['demote', 'disable', 'rename', 'end the sessions of', 'delete']) {
    for (const target of [await elevatedAdmin(), await person(2)]) {
      const { status } = await requests[name]!(admin.token, target.id);
      t.ok([200, 204].includes(status), `${name}: ${status}`);
    }
  }
});

t.test('An elevated admin can end the own elevation, the own sessions and the own account', async (t) => {
  const own: Record<string, (user: Person) => Promise<Answer>> = {
    'end the elevation': ({ token, id }) => patch(token, id, { access: 1 }),
    'take the lowest level': ({ token, id }) => patch(token, id, { access: 0 }),
    rename: ({ token, id }) => patch(token, id, { name: 'Ada' }),
    'end the sessions': ({ token, id }) => ask('DELETE', `/users/${id}/sessions`, { token }),
    disable: ({ token, id }) => patch(token, id, { disabled: true }),
    delete: ({ token, id }) => ask('DELETE', `/users/${id.toUpperCase()}`, { token }),
  };
  for (const [name, request] of Object.entries(own)) {
    const { status } = await request(await elevatedAdmin());
    t.ok([200, 204].includes(status), `${name}: ${status}`);
  }
});

t.test('The operator changes a user of any level', async (t) => {
  const target = await person(2);
  for (const wanted of [{ disabled: true }, { disabled: false }, { access: 0 }, { name: 'Ada' }])
    t.match(await changeUser(app.accounts, operator, target.id, wanted, anyUser), wanted);
});

t.test('An elevated admin cannot revoke or resend an invitation above the permanent level', async (t) => {
  const hour = await elevatedAdmin();
  const offer = async (access: number) => {
    const email = `${randomUUID()}@example.com`;
    const { body } = await ask('POST', '/invitations', { token: admin.token, body: { email, access } });
    return { id: body.id as string, token: await tokenFor(api, email, 'invitation') };
  };
  const { token } = hour;
  const [high, low] = [await offer(2), await offer(1)];
  const refused = { status: 403, type: /access-denied$/, required: 2, actual: 1 };
  t.match((await ask('DELETE', `/invitations/${high.id}`, { token })).body, refused);
  t.match((await ask('POST', `/invitations/${high.id}/resend`, { token })).body, refused);
  t.ok(await db.invitation.findUnique({ where: { id: high.id } }), 'it is still there');
  t.equal((await ask('POST', `/invitations/${low.id}/resend`, { token })).status, 200);
  t.equal((await ask('DELETE', `/invitations/${low.id}`, { token })).status, 204);
  t.equal((await ask('DELETE', `/invitations/${low.id}`, { token })).status, 404);
});

t.test('An elevation that ends during the request gives no more authority', async (t) => {
  const [hour, user] = [await elevatedAdmin(), await person(1)];
  const { sid, gen } = readClaims(hour.token);
  const actor = { userId: hour.id, sessionId: sid, generation: gen, access: 2, requestContext: device };
  await db.user.update({ where: { id: hour.id }, data: { accessUntil: new Date(Date.now() - 1) } });
  const before = await stateOf(user.id);
  const changes = {
    'a level': () => changeUser(app.accounts, actor, user.id, { access: 0 }, anyUser),
    'a state': () => changeUser(app.accounts, actor, user.id, { disabled: true }, anyUser),
    'a deletion': () => deleteUser(app.accounts, actor, user.id, anyUser),
    'an end of sessions': () => endAllSessions(app.accounts, actor, user.id),
  };
  for (const [name, change] of Object.entries(changes))
    t.match(await failure(change), { slug: 'invalid-token' }, name);
  t.strictSame(await stateOf(user.id), before);
});

t.test('Two elevated admins who act on each other at once do not succeed', async (t) => {
  const [a, b] = [await elevatedAdmin(), await elevatedAdmin()];
  const answers = await Promise.all([
    requests.demote!(a.token, b.id),
    requests.disable!(b.token, a.id),
    requests.delete!(a.token, b.id),
    requests['end the sessions of']!(b.token, a.id),
  ]);
  t.strictSame(
    answers.map(({ status }) => status),
    [403, 403, 403, 403],
  );
});

t.test('A demotion by an elevated admin never undoes a promotion at the same moment', async (t) => {
  const hour = await elevatedAdmin();
  for (let round = 0; round < 5; round++) {
    const user = await person(1);
    const [promoted, demoted] = await Promise.all([
      patch(admin.token, user.id, { access: 2 }),
      patch(hour.token, user.id, { access: 0 }),
    ]);
    t.equal(promoted.status, 200);
    t.ok([200, 403].includes(demoted.status), `${demoted.status}`);
    t.match(await db.user.findUnique({ where: { id: user.id } }), { access: 2, permanentAccess: 2 });
  }
});
