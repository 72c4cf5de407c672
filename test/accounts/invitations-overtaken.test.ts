/** Invitations to addresses that get an account by another way than by accepting them. */
import t from 'tap';
import { createFirstAdmin } from '#latchkey/accounts/invitations/first-admin.ts';
import { inviteFirstAdmin } from '#latchkey/accounts/invitations/first-admin-invitation.ts';
import { createUser } from '#latchkey/accounts/users/users.ts';
import { noRequest } from '#latchkey/audit/event.ts';
import { seal, verify } from '../audit/trail.ts';
import { PASSWORD, startApi } from '../helper.ts';
import { importLines } from '../importing.ts';
import { NO_MAIL_SERVER, tokenFor, waitingFor } from '../mailbox.ts';
import { noteSecret } from '../secret-log.ts';

const api = await startApi(t, NO_MAIL_SERVER);
const { ask, app, person } = api;
const { db } = app.accounts;
const admin = await person(2);
const name = 'Ada';

const register = async (email: string) => {
  await ask('POST', '/register', { body: { name, email, password: PASSWORD } });
  const token = await tokenFor(api, email, 'registration');
  const { body } = await ask('POST', '/email/verify', { body: { token, password: PASSWORD } });
  return body.id;
};

const changeAddress = async (email: string) => {
  const user = await person(1);
  await ask('PUT', '/me/email', { token: user.token, body: { email } });
  const token = await tokenFor(api, email, 'email-change');
  await ask('POST', '/email/verify', { body: { token, password: PASSWORD } });
  return user.id;
};

/** The invitation of the first admin has no address: the one that is given may be invited already. */
const acceptAsFirstAdmin = async (email: string) => {
  await db.user.updateMany({ where: { id: admin.id }, data: { disabled: true } });
  const token = await inviteFirstAdmin(app.accounts);
  noteSecret(token);
  const { body } = await ask('POST', '/invitations/accept', {
    body: { token, name, email, password: PASSWORD },
  });
  await db.user.updateMany({ where: { id: admin.id }, data: { disabled: false } });
  return body.id;
};

const byOperator = async (email: string) => {
  const creation = { action: 'user.created', requestContext: noRequest } as const;
  const { id } = await createUser(app.accounts, { name, email, password: PASSWORD, access: 1 }, creation);
  return id;
};

const byImport = async (email: string) => {
  const { passwordHash } = await db.user.findUniqueOrThrow({ where: { id: admin.id } });
  t.match(await importLines(app.accounts, [{ name, email, passwordHash, access: 1 }]), { created: 1 });
  return (await db.user.findUniqueOrThrow({ where: { email } })).id;
};

const byVariables = async (email: string) => {
  await db.user.updateMany({ where: { access: 2 }, data: { disabled: true } });
  t.ok(await createFirstAdmin(app.accounts, { email, password: PASSWORD }));
  await db.user.updateMany({ where: { id: admin.id }, data: { disabled: false } });
  return (await db.user.findUniqueOrThrow({ where: { email } })).id;
};

const ways: Record<string, (email: string) => Promise<string>> = {
  'a registration': register,
  'a change of address': changeAddress,
  'latchkey user create': byOperator,
  'an import': byImport,
  'the invitation of the first admin': acceptAsFirstAdmin,
  ADMIN_EMAIL: byVariables,
};

for (const [index, [way, makeAccount]] of Object.entries(ways).entries()) {
  t.test(`An invitation ends when its address gets an account by ${way}`, async (t) => {
    const email = `overtaken-${index}@example.com`;
    const { status, body } = await ask('POST', '/invitations', { token: admin.token, body: { email } });
    t.equal(status, 201);
    const invitation = await tokenFor(api, email, 'invitation');
    const userId = await makeAccount(email);
    t.equal((await db.user.findUniqueOrThrow({ where: { email } })).id, userId);

    t.strictSame((await ask('GET', '/invitations', { token: admin.token })).body.invitations, []);
    const resent = await ask('POST', `/invitations/${body.id}/resend`, { token: admin.token });
    t.match(resent.body, { status: 404, type: /invitation-not-found$/ });
    const accepted = await ask('POST', '/invitations/accept', {
      body: { token: invitation, name, password: PASSWORD },
    });
    t.match(accepted.body, { status: 403, type: /mail-token-invalid$/ });
    const left = (await waitingFor(api, email)).filter(({ template }) => template === 'invitation');
    t.strictSame(left, [], 'it is not mailed any more');
    const { body: trail } = await ask('GET', `/audit-events?target=${body.id}`, { token: admin.token });
    t.match(trail.events, [
      { action: 'invitation.revoked', targetId: body.id, before: { access: 1 }, after: { userId } },
      { action: 'invitation.created' },
    ]);
    const invited = trail.events[1].id;
    const personal = await db.personalData.findMany({ where: { eventId: invited, part: 'target' } });
    t.match(personal, [{ subjectId: userId }], 'the address and the name go with the account');
  });
}

t.test('The verification knows whose data it is, also that of earlier versions', async (t) => {
  await seal(app.audit);
  t.strictSame((await verify(app.audit)).found, []);
  const [overtaken] = await db.auditEvent.findMany({ where: { action: 'invitation.revoked' }, take: 1 });
  const subjectId = overtaken?.targetId ?? '';
  const eventId = (
    await db.auditEvent.findFirstOrThrow({ where: { action: 'invitation.created', targetId: subjectId } })
  ).id;
  const where = { eventId, part: 'target' };
  await db.personalData.updateMany({ where, data: { subjectId } });
  t.strictSame((await verify(app.audit)).found, []);
  await db.personalData.updateMany({ where, data: { subjectId: admin.id } });
  t.match((await verify(app.audit)).found, [{ problem: /assigned to another person/ }]);
});
