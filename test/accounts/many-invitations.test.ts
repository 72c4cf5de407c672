/** An inviter with many open invitations is demoted, disabled or deleted by few statements. */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { insertRows } from '#latchkey/db/raw/insert.ts';
import { newId } from '#latchkey/lib/id.ts';
import { type Api, type Person, startApi } from '../helper.ts';
import { holdTimers } from '../hold-timers.ts';
import { NO_MAIL_SERVER } from '../mailbox.ts';
import { listenToStatements } from '../statements.ts';

const INVITATIONS = 3_000;

/** Statements of the change itself, and a few for each thousand of invitations. */
const MAX_STATEMENTS = 80;

const statements = listenToStatements();

/** Inserts open invitations of a user, and the mails that wait for their recipients. */
async function invite({ app }: Api, { id: inviterId }: Person): Promise<void> {
  const { db, now } = app.accounts;
  const createdAt = await now(db);
  const later = new Date(createdAt.getTime() + 86_400_000);
  const emails = Array.from({ length: INVITATIONS }, () => `${randomUUID()}@example.com`);
  const invitations = emails.map((email) => ({
    ...{ id: newId(), tokenHash: randomUUID(), email, access: 1, inviterId, createdAt, expiresAt: later },
  }));
  await insertRows(db, 'Invitation', invitations);
  const mails = emails.map((recipient) => ({
    ...{ id: newId(), recipient, template: 'invitation', values: 'x', limited: false, attempts: 0 },
    ...{ nextAttemptAt: later, notAfter: later, createdAt },
  }));
  await insertRows(db, 'Mail', mails);
}

t.test('Ending an inviter takes back all invitations and their mails by few statements', async (t) => {
  // The jobs would add statements of their own.
  holdTimers(t);
  const api = await startApi(t, { ...NO_MAIL_SERVER, LOG_LEVEL: 'info' });
  const { db } = api.app.accounts;
  const admin = await api.person(2);
  const ends = {
    demoted: (id: string) => api.ask('PATCH', `/users/${id}`, { token: admin.token, body: { access: 1 } }),
    disabled: (id: string) =>
      api.ask('PATCH', `/users/${id}`, { token: admin.token, body: { disabled: true } }),
    deleted: (id: string) => api.ask('DELETE', `/users/${id}`, { token: admin.token }),
  };
  for (const [name, end] of Object.entries(ends)) {
    const inviter = await api.person(2);
    await invite(api, inviter);
    const before = statements.length;
    const { status } = await end(inviter.id);
    const used = statements.length - before;
    t.ok(status === 200 || status === 204, name);
    t.ok(used <= MAX_STATEMENTS, `${name}: ${used} statements`);
    t.equal(await db.invitation.count(), 0, name);
    const waiting = { where: { template: 'invitation', outcome: null } };
    t.equal(await db.mail.count(waiting), 0, name);
    const revoked = { where: { action: 'invitation.revoked', actorId: admin.id } };
    t.equal(await db.auditEvent.count(revoked), INVITATIONS, name);
    await db.auditEvent.deleteMany(revoked);
  }
});
