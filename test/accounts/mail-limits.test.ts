/**
 * The limits on mails that unauthenticated clients can cause: counted by mailbox and by network, with the
 * same answer.
 */
import type { InjectOptions } from 'fastify';
import t from 'tap';
import { type Api, PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER } from '../mailbox.ts';

const OFFICE = '192.0.2.1';

async function askFrom({ app }: Api, remoteAddress: string, url: string, payload: object) {
  const options: InjectOptions = { method: 'POST', url, payload, remoteAddress };
  return (await app.inject(options)).statusCode;
}

const register = (api: Api, from: string, email: string) =>
  askFrom(api, from, '/register', { name: 'Somebody', email, password: PASSWORD });

const mailsTo = ({ app }: Api, recipient: string) =>
  app.accounts.db.mail.count({ where: { recipient: { contains: recipient } } });

t.test('An address is counted without its tag and its case', async (t) => {
  const api = await startApi(t, NO_MAIL_SERVER);
  for (let n = 0; n < 20; n++) t.equal(await register(api, OFFICE, `Victim+${n}@Example.com`), 202);
  t.equal(await mailsTo(api, 'victim'), 3);
  t.equal(await register(api, OFFICE, 'vic.tim@example.com'), 202);
  t.equal(await mailsTo(api, 'vic.tim@'), 1, 'dots are of the provider');
  t.equal(await register(api, OFFICE, '+1@example.com'), 202);
  t.equal(await register(api, OFFICE, '+2@example.com'), 202);
  t.equal(await mailsTo(api, '@example.com'), 3 + 1 + 2, 'what is all tag is no tag');

  for (let n = 0; n < 6; n++)
    t.equal(await askFrom(api, OFFICE, '/password/forgot', { email: `victim+${n}@example.com` }), 202);
  t.equal(await mailsTo(api, 'victim'), 3 + 3, 'a reset is of another kind, and counted alike');

  for (let n = 0; n < 5; n++) {
    const { token } = await api.person(1);
    const body = { email: `target+${n}@example.com` };
    t.equal((await api.ask('PUT', '/me/email', { token, body })).status, 202);
  }
  t.equal(await mailsTo(api, 'target'), 3);
});

t.test('All people of an office get their mails, and a network beyond the limit gets no more', async (t) => {
  const api = await startApi(t, NO_MAIL_SERVER);
  for (let n = 0; n < 30; n++) await register(api, OFFICE, `colleague-${n}@example.com`);
  t.equal(await mailsTo(api, 'colleague'), 30);
  for (let n = 0; n < 120; n++)
    t.equal(await askFrom(api, OFFICE, '/password/forgot', { email: `n${n}@example.org` }), 202);
  const sent = await mailsTo(api, '@example.org');
  t.ok(sent >= 100 && sent < 105, `${sent} of 120`);
  t.equal(await register(api, OFFICE, 'late@example.com'), 202);
  t.equal(await mailsTo(api, 'late@'), 1, 'mails of another kind are counted by themselves');
  await askFrom(api, '192.0.2.2', '/password/forgot', { email: 'neighbour@example.net' });
  t.equal(await mailsTo(api, 'neighbour'), 1, 'another network');
});

t.test('The networks of one /48 are counted together too', async (t) => {
  const api = await startApi(t, NO_MAIL_SERVER);
  for (let n = 0; n < 340; n++)
    await askFrom(api, `2001:db8:7:${n.toString(16)}::1`, '/password/forgot', { email: `n${n}@example.org` });
  const sent = await mailsTo(api, '@example.org');
  t.ok(sent >= 300 && sent < 320, `${sent} of 340`);
});
