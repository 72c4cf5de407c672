/** Tests the Idempotency-Key on routes that only send a mail: a repeated request sends no other mail. */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { type Answer, type Api, startApi } from '../helper.ts';
import { NO_MAIL_SERVER } from '../mailbox.ts';

const SECRET = 'the secret of this test, which is long enough';
const api = await startApi(t, { ...NO_MAIL_SERVER, SECRET });
const { app, person } = api;
const { db } = app.accounts;
const other = await startApi(t, {
  ...NO_MAIL_SERVER,
  SECRET,
  DATABASE_URL: api.databaseUrl,
  DATA_DIR: app.config.dataDir,
});
const admin = await person(2);

const withKey = (key: string) => ({ headers: { 'idempotency-key': key } });
const resend = (key: string, id: string, { ask }: Api = api) =>
  ask('POST', `/invitations/${id}/resend`, { token: admin.token, ...withKey(key) });

async function invite(email: string): Promise<string> {
  const { status, body } = await api.ask('POST', '/invitations', { token: admin.token, body: { email } });
  t.equal(status, 201);
  return body.id;
}

/** Lists the mails that were written, sent or not. */
const mailsTo = (recipient: string) => db.mail.count({ where: { recipient } });

t.test('A repeated request sends no second mail and gets the same answer', async (t) => {
  const owner = await person(1);
  const [invited, wanted] = ['invited@example.com', 'wanted@example.com'];
  const id = await invite(invited);
  const requests: [
    what: string,
    recipient: string,
    mails: number,
    send: (key: string, at: Api) => Promise<Answer>,
  ][] = [
    ['an invitation again', invited, 2, (key, at) => resend(key, id, at)],
    [
      'a forgotten password',
      owner.email,
      1,
      (key, { ask }) => ask('POST', '/password/forgot', { body: { email: owner.email }, ...withKey(key) }),
    ],
    [
      'another address',
      wanted,
      1,
      (key, { ask }) =>
        ask('PUT', '/me/email', {
          token: owner.token,
          body: { email: wanted },
          ...withKey(key),
        }),
    ],
  ];
  for (const [what, recipient, mails, send] of requests) {
    const key = randomUUID();
    const first = await send(key, api);
    t.ok(first.status === 200 || first.status === 202, what);
    for (const at of [api, other]) {
      const again = await send(key, at);
      t.strictSame([again.status, again.text], [first.status, first.text], what);
    }
    t.equal(await mailsTo(recipient), mails, what);
    await send(randomUUID(), api);
    t.equal(await mailsTo(recipient), mails + 1, `${what}: another key is another request`);
  }
});

t.test('The parameters of the path are part of an idempotent request', async (t) => {
  const [a, b] = [await invite('a@example.com'), await invite('b@example.com')];
  const key = randomUUID();
  t.equal((await resend(key, a)).status, 200);
  const answer = await resend(key, b);
  t.match(answer.body, { status: 422, type: /idempotency-key-reused$/ });
  t.equal(await mailsTo('b@example.com'), 1);
});
