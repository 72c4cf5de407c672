/** Invitations of an admin for a limited time: they end with the elevation. */
import t from 'tap';
import { operator } from '#latchkey/accounts/context.ts';
import { expireElevations } from '#latchkey/accounts/users/expire-elevations.ts';
import { changeUser } from '#latchkey/accounts/users/update.ts';
import { PASSWORD, type Person, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor, waitingFor } from '../mailbox.ts';

const api = await startApi(t, { ...NO_MAIL_SERVER, ACCESS_LEVELS: 'guest:0,user:1,moderator:5,admin:10' });
const { ask, app, person } = api;
const { db } = app.accounts;
const admin = await person(10);
let addresses = 0;

const later = (seconds: number) => new Date((Math.floor(Date.now() / 1000) + seconds) * 1000);
const patch = (token: string, id: string, body: object) => ask('PATCH', `/users/${id}`, { token, body });
const elevate = (id: string, seconds = 3600) =>
  patch(admin.token, id, { access: 10, accessUntil: later(seconds).toISOString() });
const accept = (token: string) =>
  ask('POST', '/invitations/accept', { body: { token, name: 'Grace', password: PASSWORD } });
const resend = (id: string) => ask('POST', `/invitations/${id}/resend`, { token: admin.token });

/** Moves the end of an elevation into the past, as if its time were over. */
const letExpire = (id: string) =>
  db.user.update({ where: { id }, data: { accessUntil: new Date(Date.now() - 1000) } });

/** An admin for an hour, with the token of an invitation that this admin has sent. */
async function elevatedInviter(access = 1) {
  const inviter = await person(5);
  await elevate(inviter.id);
  const token = await api.sessionToken(inviter.id);
  const email = `invited-${addresses++}@example.com`;
  const { status, body, text } = await ask('POST', '/invitations', { token, body: { email, access } });
  if (status !== 201) throw new Error(text);
  const invitation = { id: body.id as string, email, token: await tokenFor(api, email, 'invitation') };
  return { inviter: { ...inviter, token } satisfies Person, invitation };
}

const ends: Record<string, { end: (inviter: Person) => Promise<unknown>; by: 'admin' | 'self' | 'none' }> = {
  'expires by time': {
    end: async ({ id }) => {
      await letExpire(id);
      await expireElevations(app.accounts);
    },
    by: 'none',
  },
  'is ended by an admin': { end: ({ id }) => patch(admin.token, id, { access: 5 }), by: 'admin' },
  'is ended by the inviter': { end: ({ id, token }) => patch(token, id, { access: 5 }), by: 'self' },
  'is ended by the operator': {
    end: ({ id }) => changeUser(app.accounts, operator, id, { access: 5 }, () => {}),
    by: 'none',
  },
};

for (const [name, { end, by }] of Object.entries(ends)) {
  t.test(`The invitations of an elevated admin are void when the elevation ${name}`, async (t) => {
    const { inviter, invitation } = await elevatedInviter();
    await end(inviter);
    t.equal(await db.invitation.findUnique({ where: { id: invitation.id } }), null, 'the row is gone');
    t.strictSame(await waitingFor(api, invitation.email), [], 'the mail is taken back');
    const actorId = { admin: admin.id, self: inviter.id, none: null }[by];
    t.match(await db.auditEvent.findMany({ where: { targetId: invitation.id }, orderBy: { id: 'asc' } }), [
      { action: 'invitation.created', actorId: inviter.id },
      { action: 'invitation.revoked', actorId, before: '{"access":1}' },
    ]);
    t.match((await accept(invitation.token)).body, { status: 403, type: /mail-token-invalid$/ });
    await elevate(inviter.id);
    t.equal((await accept(invitation.token)).status, 403, 'another elevation does not bring it back');
  });
}

t.test('An expired elevation ends the invitations of its user only', async (t) => {
  const [expired, other] = [await elevatedInviter(), await elevatedInviter(5)];
  const { body } = await ask('POST', '/invitations', {
    token: admin.token,
    body: { email: `invited-${addresses++}@example.com` },
  });
  await letExpire(expired.inviter.id);
  await expireElevations(app.accounts);
  t.ok(await db.invitation.findUnique({ where: { id: body.id } }));
  t.match((await accept(other.invitation.token)).body, { access: 5 }, 'within the hour');
});

t.test('An acceptance checks the current level of the inviter before the expiry is stored', async (t) => {
  const { inviter, invitation } = await elevatedInviter();
  await letExpire(inviter.id);
  t.match((await accept(invitation.token)).body, { status: 403, type: /mail-token-invalid$/ });
  t.equal(await db.user.count({ where: { email: invitation.email } }), 0);
});

t.test('An acceptance checks that a demoted inviter is still an admin', async (t) => {
  const { inviter, invitation } = await elevatedInviter();
  // A row that was changed by hand: its permanent level would still cover that of the invitation.
  await db.user.update({ where: { id: inviter.id }, data: { access: 5, accessUntil: null } });
  t.equal((await accept(invitation.token)).status, 403);
  t.match((await resend(invitation.id)).body, { status: 404, type: /invitation-not-found$/ });
});

t.test('An invitation is not resent once the elevation of its inviter is over', async (t) => {
  const { inviter, invitation } = await elevatedInviter();
  t.equal((await resend(invitation.id)).status, 200, 'within the hour');
  const mails = await waitingFor(api, invitation.email);
  await letExpire(inviter.id);
  t.match((await resend(invitation.id)).body, { status: 404, type: /invitation-not-found$/ });
  const left = await waitingFor(api, invitation.email);
  t.ok(left.length === 0 || JSON.stringify(left) === JSON.stringify(mails), 'no other token is mailed');
});

t.test('A promotion before the expiry is stored does not keep the invitations', async (t) => {
  for (const body of [{ access: 10 }, { access: 10, accessUntil: later(7200).toISOString() }]) {
    const { inviter, invitation } = await elevatedInviter();
    await letExpire(inviter.id);
    t.equal((await patch(admin.token, inviter.id, body)).status, 200);
    t.equal((await accept(invitation.token)).status, 403, JSON.stringify(body));
  }
});

t.test('An elevation that is prolonged or made permanent keeps the invitations', async (t) => {
  for (const body of [{ access: 10 }, { access: 10, accessUntil: later(7200).toISOString() }]) {
    const { inviter, invitation } = await elevatedInviter();
    t.equal((await patch(admin.token, inviter.id, body)).status, 200);
    t.equal((await accept(invitation.token)).status, 201, JSON.stringify(body));
  }
});

t.test('An acceptance and the end of the elevation at the same moment do not both succeed', async (t) => {
  for (let round = 0; round < 5; round++) {
    const { inviter, invitation } = await elevatedInviter();
    const [accepted, ended] = await Promise.all([
      accept(invitation.token),
      patch(admin.token, inviter.id, { access: 5 }),
    ]);
    t.equal(ended.status, 200);
    t.ok([201, 403].includes(accepted.status), `${accepted.status}`);
    const users = await db.user.count({ where: { email: invitation.email } });
    t.equal(users, accepted.status === 201 ? 1 : 0);
    const revoked = { targetId: invitation.id, action: 'invitation.revoked' };
    t.equal(await db.auditEvent.count({ where: revoked }), 1 - users, 'accepted or revoked');
  }
});
