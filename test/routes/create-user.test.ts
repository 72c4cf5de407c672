/** Tests `POST /users`: users that an admin makes without mail. */
import t from 'tap';
import { PASSWORD, PUBLIC_URL, startApi } from '../helper.ts';
import { NO_MAIL_SERVER } from '../mailbox.ts';

const api = await startApi(t, NO_MAIL_SERVER);
const { ask, app, person } = api;
const { db } = app.accounts;
const admin = await person(2);

let people = 0;
const newPerson = () => ({ name: 'Grace Hopper', email: `grace-${people++}@example.com` });
const create = (body: object, token = admin.token, headers: Record<string, string> = {}) =>
  ask('POST', '/users', { token, body, headers });

t.test('A user who is created with a password can sign in at once', async (t) => {
  const grace = newPerson();
  const answer = await create({ ...grace, access: 0, password: PASSWORD });
  t.match(answer, { status: 201, body: { ...grace, access: 0, permanentAccess: 0, disabled: false } });
  t.equal(answer.headers.location, `${PUBLIC_URL}/users/${answer.body.id}`);
  t.equal(answer.headers['cache-control'], 'no-store');
  const signedIn = await ask('POST', '/login', { body: { email: grace.email, password: PASSWORD } });
  t.equal(signedIn.status, 200);
  const event = await db.auditEvent.findFirstOrThrow({
    where: { targetId: answer.body.id, action: 'user.created' },
  });
  t.match(event, { action: 'user.created', actorId: admin.id, after: '{"access":0}' });
  t.equal(await db.mail.count({ where: { recipient: grace.email } }), 0);
});

t.test('A user without an access gets that of new users', async (t) => {
  t.match((await create({ ...newPerson(), password: PASSWORD })).body, { access: 1, accessName: 'user' });
});

t.test('An invitation to hand over is accepted once, with the token that the answer shows', async (t) => {
  const grace = newPerson();
  const answer = await create({ ...grace, access: 2 });
  const { invitation, token, link } = answer.body;
  t.match(answer, { status: 202, body: { invitation: { ...grace, access: 2, inviterId: admin.id } } });
  t.equal(answer.headers['cache-control'], 'no-store');
  t.match(link, new RegExp(`/accept-invitation#token=${token}$`));
  t.equal(await db.mail.count({ where: { recipient: grace.email } }), 0, 'no mail is written');
  t.notMatch(JSON.stringify(await db.invitation.findMany()), token, 'the token is not stored');
  const { body: page } = await ask('GET', '/invitations', { token: admin.token });
  t.match(page.invitations[0], { id: invitation.id });
  t.notMatch(JSON.stringify(page), token, 'the list does not show the token');

  const accept = () =>
    ask('POST', '/invitations/accept', { body: { token, name: grace.name, password: PASSWORD } });
  t.match(await accept(), { status: 201, body: { ...grace, access: 2 } });
  t.match(await accept(), { status: 403, body: { type: /mail-token-invalid$/ } });
});

t.test('An answer with a token is not repeated for an Idempotency-Key', async (t) => {
  const grace = newPerson();
  const headers = { 'idempotency-key': 'the-same-key' };
  t.equal((await create(grace, admin.token, headers)).status, 202);
  t.match(await create(grace, admin.token, headers), {
    status: 409,
    body: { type: /invitation-exists$/, token: undefined },
  });
  t.equal(await db.idempotentRequest.count(), 0);
});

t.test('A known address is a 409, whatever its case', async (t) => {
  const grace = newPerson();
  await create({ ...grace, password: PASSWORD });
  const upper = { ...grace, email: grace.email.toUpperCase() };
  for (const body of [{ ...upper, password: PASSWORD }, upper])
    t.match(await create(body), { status: 409, body: { type: /email-taken$/ } });
  const invited = newPerson();
  await create(invited);
  for (const body of [{ ...invited, password: PASSWORD }, invited])
    t.match(await create(body), { status: 409, body: { type: /invitation-exists$/ } });
});

t.test('A wrong body is refused, and nothing is made', async (t) => {
  const grace = newPerson();
  const bodies: [object, string][] = [
    [{ ...grace, password: 'passwordpassword' }, '/password'],
    [{ ...grace, password: 'short' }, '/password'],
    [{ ...grace, access: 7 }, '/access'],
    [{ ...grace, accessUntil: null }, '/accessUntil'],
    [{ email: grace.email }, '/name'],
  ];
  for (const [body, pointer] of bodies)
    t.match(await create(body), { status: 400, body: { errors: [{ pointer }] } }, pointer);
  t.equal(await db.user.count({ where: { email: grace.email } }), 0);
  t.equal(await db.invitation.count({ where: { email: grace.email } }), 0);
});

t.test('Only admins create users', async (t) => {
  const user = await person(1);
  t.match(await create({ ...newPerson(), password: PASSWORD }, user.token), {
    status: 403,
    body: { required: 2, actual: 1 },
  });
  t.equal((await ask('POST', '/users', { body: newPerson() })).status, 401);
});
