/** Invitations: the levels that an admin may offer, and the time for which an invitation is valid. */
import t from 'tap';
import { PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor, waitingFor } from '../mailbox.ts';

const api = await startApi(t, { ...NO_MAIL_SERVER, ACCESS_LEVELS: 'guest:0,user:1,moderator:5,admin:10' });
const { ask, app, person } = api;
const { db } = app.accounts;
const admin = await person(10);
let addresses = 0;
const newAddress = () => `invited-${addresses++}@example.com`;

const invite = (token: string, body: object) => ask('POST', '/invitations', { token, body });
const accept = (token: string, members: object = {}) =>
  ask('POST', '/invitations/accept', { body: { token, name: 'Grace', password: PASSWORD, ...members } });

/** An invitation, and its token. */
async function invited(by = admin.token, offer: object = {}) {
  const email = newAddress();
  const { status, body } = await invite(by, { email, ...offer });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return { email, id: body.id as string, token: await tokenFor(api, email, 'invitation') };
}

t.test('An admin invites a person, and the token of the mail creates a user of that level', async (t) => {
  const email = newAddress();
  const { status, body, headers } = await invite(admin.token, {
    email: ` ${email.toUpperCase()}`,
    name: 'Grace',
    access: 5,
  });
  t.equal(status, 201);
  t.match(body, { email, name: 'Grace', access: 5, accessName: 'moderator', inviterId: admin.id });
  t.equal(headers.location, `http://latchkey.test/invitations/${body.id}`);
  t.equal(Date.parse(body.expiresAt) - Date.parse(body.createdAt), 7 * 86_400_000);
  t.match((await ask('GET', '/invitations', { token: admin.token })).body, { invitations: [body] });
  const token = await tokenFor(api, email, 'invitation');
  const accepted = await accept(token);
  t.equal(accepted.status, 201);
  t.match(accepted.body, { email, name: 'Grace', access: 5, permanentAccess: 5 });
  t.equal((await ask('POST', '/login', { body: { email, password: PASSWORD } })).status, 200);
  t.match((await accept(token)).body, { status: 403, type: /mail-token-invalid$/ }, 'once');
  t.strictSame((await ask('GET', '/invitations', { token: admin.token })).body.invitations, []);
});

t.test('An invitation without a level has the level of new users', async (t) => {
  const { token } = await invited();
  t.match((await accept(token)).body, { access: 1 });
});

t.test('Only admins with a recent sign-in can invite', async (t) => {
  const moderator = await person(5);
  t.match((await invite(moderator.token, { email: newAddress() })).body, {
    status: 403,
    required: 10,
    actual: 5,
  });
  const old = await person(10);
  await db.session.updateMany({ where: { userId: old.id }, data: { authenticatedAt: new Date(0) } });
  const { body } = await ask('POST', '/refresh', { body: { refreshToken: old.refreshToken } });
  t.match((await invite(body.accessToken, { email: newAddress() })).body, {
    status: 401,
    type: /recent-sign-in/,
  });
});

t.test('An address with an account or an invitation is not invited again', async (t) => {
  const user = await person(1);
  t.match((await invite(admin.token, { email: user.email })).body, { status: 409, type: /email-taken$/ });
  const { email, id } = await invited();
  t.match((await invite(admin.token, { email })).body, { status: 409, type: /invitation-exists$/ });
  const twice = newAddress();
  const answers = await Promise.all([1, 2, 3].map(() => invite(admin.token, { email: twice })));
  t.strictSame(answers.map(({ status }) => status).sort(), [201, 409, 409]);
  await db.invitation.update({ where: { id }, data: { expiresAt: new Date(0) } });
  t.equal((await invite(admin.token, { email })).status, 201, 'once it has expired');
});

t.test('An admin cannot offer more than the token and the permanent level allow', async (t) => {
  const hour = await person(5);
  const until = new Date(Date.now() + 3_600_000).toISOString();
  await ask('PATCH', `/users/${hour.id}`, { token: admin.token, body: { access: 10, accessUntil: until } });
  const token = await api.sessionToken(hour.id);
  t.match((await ask('GET', '/me', { token })).body, { access: 10, permanentAccess: 5 });
  t.match((await invite(token, { email: newAddress(), access: 10 })).body, {
    status: 403,
    required: 10,
    actual: 5,
  });
  const moderators = await invited(token, { access: 5 });
  t.equal((await accept(moderators.token)).status, 201);
});

t.test('An invitation is void when its inviter was demoted, disabled or deleted', async (t) => {
  const ends: Record<string, (id: string) => Promise<{ status: number }>> = {
    demoted: (id) => ask('PATCH', `/users/${id}`, { token: admin.token, body: { access: 5 } }),
    disabled: (id) => ask('PATCH', `/users/${id}`, { token: admin.token, body: { disabled: true } }),
    deleted: (id) => ask('DELETE', `/users/${id}`, { token: admin.token }),
    'demoted and promoted again': async (id) => {
      await ask('PATCH', `/users/${id}`, { token: admin.token, body: { access: 1 } });
      return ask('PATCH', `/users/${id}`, { token: admin.token, body: { access: 10 } });
    },
  };
  for (const [name, end] of Object.entries(ends)) {
    const inviter = await person(10);
    const { token, email } = await invited(inviter.token, { access: 1 });
    t.ok([200, 204].includes((await end(inviter.id)).status), name);
    t.match((await accept(token)).body, { status: 403, type: /mail-token-invalid$/ }, name);
    t.strictSame(await waitingFor(api, email), [], `${name}: nor is it mailed`);
  }
  // Rows that were changed by hand are checked again, too.
  const inviter = await person(10);
  const { token } = await invited(inviter.token, { access: 10 });
  await db.user.update({ where: { id: inviter.id }, data: { access: 5, permanentAccess: 5 } });
  t.equal((await accept(token)).status, 403);
});

t.test('Resending replaces the token, and after 3 mails an hour the last token stays valid', async (t) => {
  const { id, email, token: first } = await invited();
  const tokens = [first];
  for (let i = 0; i < 4; i++) {
    t.equal((await ask('POST', `/invitations/${id}/resend`, { token: admin.token })).status, 200);
    tokens.push(await tokenFor(api, email, 'invitation'));
  }
  t.equal(new Set(tokens).size, 3);
  t.equal((await waitingFor(api, email)).length, 1, 'those before are taken back');
  t.equal((await accept(first)).status, 403);
  t.equal((await accept(tokens.at(-1)!)).status, 201);
  t.equal((await ask('POST', `/invitations/${id}/resend`, { token: admin.token })).status, 404);
});

t.test('An invitation that was revoked is void and is not mailed', async (t) => {
  const { id, email, token } = await invited();
  t.equal((await ask('DELETE', `/invitations/${id}`, { token: admin.token })).status, 204);
  t.match((await accept(token)).body, { status: 403, type: /mail-token-invalid$/ });
  t.strictSame(await waitingFor(api, email), []);
  t.match((await ask('DELETE', `/invitations/${id}`, { token: admin.token })).body, {
    status: 404,
    type: /invitation-not-found$/,
  });
});

t.test('One of ten acceptances at the same moment succeeds', async (t) => {
  const { email, token } = await invited();
  const answers = await Promise.all(Array.from({ length: 10 }, () => accept(token)));
  t.equal(answers.filter(({ status }) => status === 201).length, 1);
  for (const { status } of answers) t.ok([201, 403, 409].includes(status), `${status}`);
  t.equal(await db.user.count({ where: { email } }), 1);
});

t.test('An acceptance and a revocation at the same moment do not both succeed', async (t) => {
  for (let i = 0; i < 5; i++) {
    const { id, email, token } = await invited();
    const [accepted, withdrawn] = await Promise.all([
      accept(token),
      ask('DELETE', `/invitations/${id}`, { token: admin.token }),
    ]);
    t.strictSame([accepted.status, withdrawn.status].join(), accepted.status === 201 ? '201,404' : '403,204');
    t.equal(await db.user.count({ where: { email } }), accepted.status === 201 ? 1 : 0);
  }
});

t.test('An acceptance cannot choose the address or the level', async (t) => {
  const { token } = await invited();
  t.match((await accept(token, { email: 'other@example.com' })).body, {
    status: 400,
    errors: [{ pointer: '/email' }],
  });
  t.match((await accept(token, { access: 10 })).body, { status: 400, errors: [{ pointer: '/access' }] });
  t.match((await accept('no token at all')).body, { status: 403 });
});

t.test('The pages of invitations list the newest first', async (t) => {
  const ids = [];
  for (let i = 0; i < 5; i++) ids.push((await invited()).id);
  const seen: string[] = [];
  let cursor = '';
  do {
    const { body } = await ask('GET', `/invitations?limit=2${cursor && `&cursor=${cursor}`}`, {
      token: admin.token,
    });
    seen.push(...body.invitations.map(({ id }: { id: string }) => id));
    cursor = body.nextCursor;
  } while (cursor);
  t.strictSame(seen.slice(0, 5), ids.reverse());
  t.equal(new Set(seen).size, seen.length);
});
