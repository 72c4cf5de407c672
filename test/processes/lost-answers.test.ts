/**
 * A request that is lost on its way to a process, and one whose answer is lost: the proxy repeats both. The
 * first one is as if it had never been sent; docs/decisions/0010 describes the second one.
 */
import t, { type Test } from 'tap';
import { newMailToken } from '#latchkey/accounts/mail-tokens.ts';
import { PASSWORD } from '../helper.ts';
import { type Ask, createCluster, type Reply } from './cluster.ts';
import { startFront } from './front.ts';
import { type Loot, startThief } from './thief.ts';

const cluster = await createCluster(t, { TRUST_PROXY: '1', RATE_LIMIT: '0' });
const { db } = cluster.database;
const service = await cluster.start();
const thief = await startThief(t, Number(new URL(service.url).port));
const { url, kind } = await startFront(t, thief.ports);
t.comment(`behind ${kind}`);
const admin = await cluster.person(service, 2);

type Lose = (method: string, path: string, options: Ask, statuses: Statuses) => Promise<Reply>;

/** Expected statuses after a lost request and after a lost answer. */
type Statuses = readonly [request: number, answer: number];

/** Runs a check for both kinds of losses. */
function testBothLosses(name: string, check: (t: Test, lose: Lose, loot: Loot) => Promise<void>): void {
  for (const loot of ['request', 'answer'] as const)
    t.test(`After a lost ${loot}, ${name}`, (t) =>
      check(
        t,
        async (method, path, options, [request, answer]) => {
          const before = thief.stolen();
          thief.steal(loot);
          const reply = await cluster.askAt(url, method, path, options);
          t.equal(thief.stolen(), before + 1);
          t.equal(reply.status, loot === 'request' ? request : answer, `${method} ${path}`);
          return reply;
        },
        loot,
      ),
    );
}

let addresses = 0;
const newAddress = () => `lost-${addresses++}@example.com`;
const mailsTo = (recipient: string) => db.mail.count({ where: { recipient } });
const events = (action: string, targetId: string) => db.auditEvent.count({ where: { action, targetId } });
const { token } = admin;

testBothLosses('an account, an invitation or a mail is made only once', async (t, lose) => {
  const email = newAddress();
  const invited = await lose('POST', '/invitations', { token, body: { email } }, [201, 201]);
  const { id } = await db.invitation.findFirstOrThrow({ where: { email } });
  t.equal(invited.body.id, id);
  t.match(invited.headers.location, id);
  t.equal(await mailsTo(email), 1);
  await lose('POST', `/invitations/${id}/resend`, { token }, [200, 200]);
  t.equal(await mailsTo(email), 2);

  const registered = newAddress();
  const body = { name: 'Ada', email: registered, password: PASSWORD };
  const { body: user } = await lose('POST', '/register', { body }, [201, 201]);
  t.equal((await db.user.findUniqueOrThrow({ where: { email: registered } })).id, user.id);

  await lose('POST', '/password/forgot', { body: { email: registered } }, [202, 202]);
  t.equal(await mailsTo(registered), 1);
  const owner = await cluster.person(service, 1);
  const wanted = newAddress();
  const change = { email: wanted };
  await lose('PUT', '/me/email', { token: owner.token, body: change }, [202, 202]);
  t.equal(await mailsTo(wanted), 1);
});

testBothLosses('the token of a mail is used only once', async (t, lose) => {
  const email = newAddress();
  await service.ask('POST', '/invitations', { token, body: { email } });
  const accepted = newMailToken();
  await db.invitation.updateMany({ where: { email }, data: { tokenHash: accepted.tokenHash } });
  const acceptance = { token: accepted.token, name: 'Ada', password: PASSWORD };
  await lose('POST', '/invitations/accept', { body: acceptance }, [201, 403]);
  t.equal(await db.user.count({ where: { email } }), 1);

  const { id, ...owner } = await cluster.person(service, 1);
  const wanted = newAddress();
  const change = { email: wanted };
  await service.ask('PUT', '/me/email', { token: owner.token, body: change });
  const verified = newMailToken();
  await db.emailChange.updateMany({ where: { userId: id }, data: { tokenHash: verified.tokenHash } });
  await lose('POST', '/email/verify', { body: { token: verified.token } }, [200, 403]);
  t.equal(await events('user.email-changed', id), 1);

  await service.ask('POST', '/password/forgot', { body: { email: wanted } });
  const reset = newMailToken();
  await db.passwordReset.updateMany({ where: { userId: id }, data: { tokenHash: reset.tokenHash } });
  const newPassword = `${PASSWORD}, and another`;
  await lose('POST', '/password/reset', { body: { token: reset.token, newPassword } }, [204, 403]);
  t.equal(await events('user.password-reset', id), 1);
});

testBothLosses('a session continues', async (t, lose, loot) => {
  const { id, email, refreshToken } = await cluster.person(service, 1);
  const { body: signedIn } = await lose(
    'POST',
    '/login',
    { body: { email, password: PASSWORD } },
    [200, 200],
  );
  t.equal(await db.session.count({ where: { userId: id } }), loot === 'request' ? 2 : 3);

  const { body: next } = await lose('POST', '/refresh', { body: { refreshToken } }, [200, 200]);
  const after = await service.ask('POST', '/refresh', { body: { refreshToken: next.refreshToken } });
  t.equal(after.status, 200);

  const options = { token: after.body.accessToken, body: { password: PASSWORD } };
  await lose('POST', '/me/reauthenticate', options, [200, 200]);
  const passwords = { currentPassword: PASSWORD, newPassword: `${PASSWORD}, and another` };
  const changed = await lose('PUT', '/me/password', { ...options, body: passwords }, [200, 401]);
  t.equal(await events('user.password-changed', id), 1);
  const credentials = { email, password: passwords.newPassword };
  const again = loot === 'request' ? changed : await service.ask('POST', '/login', { body: credentials });
  t.equal(again.status, 200, 'the new password is in force');

  const { accessToken } = again.body;
  await lose('POST', '/logout', { token: accessToken }, [204, 401]);
  t.equal(await events('session.reuse-detected', id), 0);
  t.type(signedIn.refreshToken, 'string');
});

testBothLosses('a change is made only once', async (t, lose) => {
  const user = await cluster.person(service, 1);
  await lose('PATCH', '/me', { token: user.token, body: { name: 'Ada' } }, [200, 200]);
  t.equal(await events('user.name-changed', user.id), 1);
  const { headers } = await service.ask('GET', '/me', { token: user.token });
  const conditional = {
    token: user.token,
    headers: { 'if-match': headers.etag ?? '' },
    body: { name: 'Grace' },
  };
  await lose('PATCH', '/me', conditional, [200, 412]);
  t.equal((await service.ask('GET', '/me', { token: user.token })).body.name, 'Grace');

  await lose('PATCH', `/users/${user.id}`, { token, body: { access: 0 } }, [200, 200]);
  t.equal(await events('user.access-changed', user.id), 1);
  await lose('DELETE', `/users/${user.id}`, { token }, [204, 404]);
});
