/** Delivery of the outbox: at least once, and exactly once unless a process dies at the wrong moment. */
import t from 'tap';
import { makeChange } from '#latchkey/accounts/change.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { Delivery } from '#latchkey/mail/delivery.ts';
import type { OutgoingMail } from '#latchkey/mail/outbox.ts';
import { pruneMails } from '#latchkey/mail/prune-mails.ts';
import { Templates } from '#latchkey/mail/templates.ts';
import { PostponedMailError } from '#latchkey/mail/transport.ts';
import { serve, temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { type Api, PASSWORD, startApi } from '../helper.ts';
import { startMailServer, tokenIn } from '../mail-server.ts';
import { until } from '../until.ts';

const HOUR_MS = 3_600_000;

const someMail = {
  template: 'account-exists',
  values: { link: 'https://app.example.com' },
  notAfter: new Date(Date.now() + HOUR_MS),
  limited: false,
} as const;

/** Writes a mail into the outbox, as a change does. */
async function send({ app }: Api, mail: Partial<OutgoingMail> & { recipient: string }): Promise<void> {
  await makeChange(app.accounts, async ({ send }) => send({ ...someMail, ...mail }));
}

const rowsOf = ({ app }: Api, recipient: string) =>
  app.accounts.db.mail.findMany({ where: { recipient }, orderBy: { id: 'asc' } });

/** Waits until all mails to an address have an outcome. @returns the outcomes */
async function outcomesOf(api: Api, recipient: string): Promise<(string | null)[]> {
  await until(async () => (await rowsOf(api, recipient)).every(({ outcome }) => outcome !== null));
  return (await rowsOf(api, recipient)).map(({ outcome }) => outcome);
}

t.test('A mail has a text part, an HTML part and a Message-ID', async (t) => {
  const server = await startMailServer(t);
  const api = await startApi(t, {
    SMTP_URL: server.url,
    MAIL_FROM: 'Example <accounts@mail.example.com>',
    FRONTEND_URL: 'https://app.example.com/a',
  });
  await api.ask('POST', '/register', {
    body: { name: '<script>', email: 'ada+1@example.com', password: PASSWORD },
  });
  const [mail] = await server.waitFor('ada+1@example.com');
  const [row] = await rowsOf(api, 'ada+1@example.com');
  t.match(mail, {
    from: { name: 'Example', address: 'accounts@mail.example.com' },
    to: [{ address: 'ada+1@example.com' }],
    subject: 'Confirm your address',
    messageId: `<${row!.id}@mail.example.com>`,
  });
  t.equal(Date.parse(mail!.date!), Math.floor(row!.createdAt.getTime() / 1000) * 1000);
  const link = `https://app.example.com/a/verify-email#token=${tokenIn(mail!)}`;
  t.match(mail!.text, `\n${link}\n`);
  t.match(mail!.html, `<a href="${link}">`);
  t.notMatch(mail!.html, /script/);
  t.strictSame(await outcomesOf(api, 'ada+1@example.com'), ['sent']);
  t.equal((await rowsOf(api, 'ada+1@example.com'))[0]!.values, null, 'the token is erased');
});

t.test('A mail server that hangs delays no request, and gets every mail once when it is back', async (t) => {
  const server = await startMailServer(t);
  const api = await startApi(t, { SMTP_URL: server.url });
  server.behaviour = 'hangs';
  await send(api, { recipient: 'hung@example.com' });
  await until(async () => (await rowsOf(api, 'hung@example.com'))[0]!.attempts > 0);
  const forgotten = await api.ask('POST', '/password/forgot', { body: { email: 'ada@example.com' } });
  t.equal(forgotten.status, 202);
  await server.stop();

  const recipients = Array.from({ length: 30 }, (_, index) => `down-${index}@example.com`);
  for (const recipient of recipients) await send(api, { recipient });
  await until(async () => (await api.app.accounts.db.mail.count({ where: { attempts: { gt: 0 } } })) > 2);
  t.equal(await api.app.accounts.db.mail.count({ where: { outcome: null } }), 31, 'nothing is lost');
  server.behaviour = undefined;
  await server.start();
  for (const recipient of [...recipients, 'hung@example.com']) await server.waitFor(recipient);
  await until(async () => (await api.app.accounts.db.mail.count({ where: { outcome: null } })) === 0);
  t.equal(server.mails.length, 31, 'each once');
});

t.test('Two processes share the outbox, and each mail is sent once', async (t) => {
  const server = await startMailServer(t);
  const first = await startApi(t, { SMTP_URL: server.url });
  const { dataDir } = first.app.config;
  await startApi(t, { SMTP_URL: server.url, DATABASE_URL: first.databaseUrl, DATA_DIR: dataDir });
  for (let i = 0; i < 60; i++) await send(first, { recipient: `shared-${i}@example.com` });
  await until(async () => (await first.app.accounts.db.mail.count({ where: { outcome: null } })) === 0);
  t.equal(server.mails.length, 60);
  t.equal(new Set(server.mails.map(({ messageId }) => messageId)).size, 60);
});

t.test('A permanent refusal of the mail server ends a mail, and a temporary one is retried', async (t) => {
  const server = await startMailServer(t);
  const api = await startApi(t, { SMTP_URL: server.url });
  for (const at of ['recipient', 'message'] as const) {
    server.behaviour = { at, code: 550 };
    await send(api, { recipient: `${at}-550@example.com` });
    t.strictSame(await outcomesOf(api, `${at}-550@example.com`), ['refused'], `550 to the ${at}`);
    t.equal((await rowsOf(api, `${at}-550@example.com`))[0]!.values, null);
    server.behaviour = { at, code: 451 };
    await send(api, { recipient: `${at}-451@example.com` });
    await until(async () => (await rowsOf(api, `${at}-451@example.com`))[0]!.attempts === 2);
    t.ok(api.app.delivery.isRetrying, 'the process goes on looking');
    server.behaviour = undefined;
    t.strictSame(await outcomesOf(api, `${at}-451@example.com`), ['sent'], `451 to the ${at}`);
    await until(() => !api.app.delivery.isRetrying);
  }
  t.equal(server.mails.length, 2);
});

t.test('A connection that closes before the 250 causes a second copy with the same Message-ID', async (t) => {
  const server = await startMailServer(t);
  const api = await startApi(t, { SMTP_URL: server.url });
  server.behaviour = 'closes after the message';
  await send(api, { recipient: 'twice@example.com' });
  await server.waitFor('twice@example.com');
  server.behaviour = undefined;
  const [first, second] = await server.waitFor('twice@example.com', 2);
  t.equal(first!.messageId, second!.messageId);
  t.equal(first!.date, second!.date);
});

t.test('A mail that the server postpones holds no other one back', async (t) => {
  const { url } = await createMigratedDatabase(t);
  const { db, now, close } = openDatabase(url);
  t.teardown(close);
  const { outbox } = (await startApi(t)).app.accounts;
  const context = { db, now, outbox };
  const recipients = ['full@example.com', 'ada@example.com', 'grace@example.com'];
  await db.transaction((tx) =>
    outbox.write(
      tx,
      recipients.map((recipient) => ({ ...someMail, recipient })),
    ),
  );
  const tried: string[] = [];
  const warnings: string[] = [];
  const log = {
    info: () => {},
    warn: (_details: object, message: string) => void warnings.push(message),
    error: (_details: object, message: string) => void t.fail(message),
  };
  const transport = {
    send: async ({ recipient }: { recipient: string }) => {
      tried.push(recipient);
      if (recipient === 'full@example.com') throw new PostponedMailError(452);
      return 'a test';
    },
    close: () => {},
  };
  const templates = new Templates(await temporaryFolder(t));
  const delivery = new Delivery({ ...context, templates, transport, log });
  await delivery.run();
  t.strictSame(tried, recipients, 'in one run');
  t.strictSame(warnings, ['The mail server does not take a mail now']);
  t.ok(delivery.isRetrying);
  await db.mail.updateMany({ data: { notAfter: new Date(0) } });
  await delivery.run();
  t.notOk(delivery.isRetrying, 'nothing is left to be sent again');
});

t.test('An expired mail is never sent', async (t) => {
  const server = await startMailServer(t);
  const api = await startApi(t, { SMTP_URL: server.url });
  await send(api, { recipient: 'late@example.com', notAfter: new Date(Date.now() - 1) });
  await send(api, { recipient: 'early@example.com' });
  t.strictSame(await outcomesOf(api, 'late@example.com'), ['expired']);
  t.equal((await rowsOf(api, 'late@example.com'))[0]!.values, null);
  await server.waitFor('early@example.com');
  t.equal(server.mails.length, 1);
});

t.test('A mail that cannot be decrypted is not retried forever', async (t) => {
  const server = await startMailServer(t);
  const api = await startApi(t, { SMTP_URL: server.url });
  await server.stop();
  await send(api, { recipient: 'old@example.com' });
  await api.app.accounts.db.mail.updateMany({
    data: { values: 'another secret made this', nextAttemptAt: new Date(0) },
  });
  t.strictSame(await outcomesOf(api, 'old@example.com'), ['refused']);
});

t.test('Old mails are pruned, but not those of the last day or those without an outcome', async (t) => {
  const api = await startApi(t, { SMTP_URL: 'smtp://127.0.0.1:9' });
  const { db } = api.app.accounts;
  for (const recipient of ['old', 'new', 'waits']) await send(api, { recipient });
  const old = new Date(Date.now() - 25 * HOUR_MS);
  await db.mail.updateMany({ where: { recipient: { in: ['old', 'waits'] } }, data: { createdAt: old } });
  await db.mail.updateMany({ where: { recipient: { in: ['old', 'new'] } }, data: { outcome: 'sent' } });
  t.equal(await pruneMails(api.app.accounts), 1);
  t.strictSame((await db.mail.findMany({ select: { recipient: true } })).map((row) => row.recipient).sort(), [
    'new',
    'waits',
  ]);
});

t.test(
  'After a SIGKILL before the outcome is recorded, the next process sends the same message again',
  async (t) => {
    const server = await startMailServer(t);
    const { url } = await createMigratedDatabase(t);
    const variables = { DATA_DIR: await temporaryFolder(t), DATABASE_URL: url, SMTP_URL: server.url };
    const first = await serve(t, variables);
    server.behaviour = 'hangs after the message';
    const body = { name: 'Ada', email: 'ada@example.com', password: PASSWORD };
    t.equal((await first.ask('POST', '/register', { body })).status, 202);
    const [mail] = await server.waitFor('ada@example.com');
    first.signal('SIGKILL');
    await first.ended;
    server.behaviour = undefined;

    const { db, close } = openDatabase(url);
    t.teardown(close);
    const row = await db.mail.findFirstOrThrow();
    t.ok(row.nextAttemptAt.getTime() > Date.now() + 60_000, 'it is leased to the process that has died');
    await db.mail.updateMany({ data: { nextAttemptAt: new Date() } });
    const second = await serve(t, variables);
    const mails = await server.waitFor('ada@example.com', 2);
    t.strictSame(
      mails.map(({ messageId }) => messageId),
      [mail!.messageId, mail!.messageId],
    );
    const verified = await second.ask('POST', '/email/verify', {
      body: { token: tokenIn(mails[1]!), password: PASSWORD },
    });
    t.equal(verified.status, 200);
    await until(async () => (await db.mail.findFirstOrThrow()).outcome === 'sent');
    t.notMatch(first.stdout() + second.stdout(), tokenIn(mail!), 'no log has the token');
    t.notMatch(first.stdout() + second.stdout(), 'ada@example.com');
    await second.stop();
  },
);
