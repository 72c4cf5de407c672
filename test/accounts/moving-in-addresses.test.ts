/** The addresses of docs/guides/moving-in.md: internationalized domains (UTS 46). */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { openTransport } from '#latchkey/mail/transport.ts';
import { latchkey, temporaryFolder } from '../child.ts';
import { installation } from '../cli/installation.ts';
import { PASSWORD, startApi } from '../helper.ts';
import { importLines } from '../importing.ts';
import { tableOf } from '../moving-in.ts';

const accepted = tableOf('given', 'stored', 'shown').map(([given = '', stored = '', shown = '']) => ({
  given,
  stored,
  shown,
}));
const refused = tableOf('given', 'because').map(([given = '']) => given);

const shared = await startApi(t);

t.test('Each address of the guide is stored and shown as the guide says', async (t) => {
  t.ok(accepted.length >= 10);
  for (const { given, stored, shown } of accepted) {
    const { app, ask } = shared;
    await app.accounts.db.user.deleteMany();
    const registered = await ask('POST', '/register', {
      body: { name: 'Ada', email: given, password: PASSWORD },
    });
    t.match(registered, { status: 201, body: { email: shown } }, given);
    t.match(await app.accounts.db.user.findMany(), [{ email: stored }], given);
    for (const email of [given, stored, shown, ` ${given.toUpperCase()} `.replace('SS', 'ß')]) {
      const signedIn = await ask('POST', '/login', { body: { email, password: PASSWORD } });
      t.equal(signedIn.status, 200, `signs in with ${email}`);
      const { body } = await ask('GET', '/me', { token: signedIn.body.accessToken });
      t.equal(body.email, shown);
      const again = await ask('POST', '/register', { body: { name: 'Ada', email, password: PASSWORD } });
      t.equal(again.status, 409, `${email} is taken`);
    }
    t.match(await importLines(app.accounts, [{ name: 'Ada', email: shown }]), { skipped: 1, problems: [] });
  }
});

t.test('The addresses that the guide calls refused are refused by every operation', async (t) => {
  t.ok(refused.length >= 7);
  const { app, ask, person } = shared;
  const admin = await person(2);
  for (const email of refused) {
    const [{ token }, wanted] = [admin, { status: 400, body: { errors: [{ pointer: '/email' }] } }];
    const answers = [
      await ask('POST', '/register', { body: { name: 'Ada', email, password: PASSWORD } }),
      await ask('POST', '/password/forgot', { body: { email } }),
      await ask('POST', '/invitations', { token, body: { email } }),
      await ask('PUT', '/me/email', { token, body: { email } }),
    ];
    for (const answer of answers) {
      t.match(answer, wanted, email);
      t.equal(answer.body.errors.length, 1, 'one error for one address');
      t.match(answer.body.errors[0].message, /^must be an email address, in ASCII characters before the @$/);
    }
    t.equal((await ask('POST', '/login', { body: { email, password: PASSWORD } })).status, 401, email);
    t.match(await importLines(app.accounts, [{ name: 'Ada', email }]), {
      failed: 1,
      problems: [{ problems: [/^email must be an email address/] }],
    });
  }
});

t.test('An internationalized address is one at invitations, mails, searches and changes', async (t) => {
  const { app, ask, person } = await startApi(t);
  const { db } = app.accounts;
  const { token } = await person(2);
  const [shown, stored] = ['test@exümple.org', 'test@xn--exmple-4ya.org'];
  const invited = await ask('POST', '/invitations', { token, body: { email: shown } });
  t.match(invited, { status: 201, body: { email: shown } });
  t.match(await db.mail.findMany({ where: { template: 'invitation' } }), [{ recipient: stored }]);
  const again = await ask('POST', '/invitations', { token, body: { email: stored } });
  t.match(again.body.type, /invitation-exists$/);

  await ask('POST', '/register', { body: { name: 'Ada', email: stored, password: PASSWORD } });
  for (const q of ['test@', shown, 'TEST@EXÜMPLE', 'test@exümple.', stored]) {
    const found = await ask('GET', `/users?sort=email&q=${encodeURIComponent(q)}`, { token });
    t.match(found.body.users, [{ email: shown }], q);
  }
  const none = await ask('GET', `/users?sort=email&q=${encodeURIComponent('test@exömple.org')}`, { token });
  t.strictSame(none.body.users, []);

  await ask('POST', '/password/forgot', { body: { email: shown } });
  t.match(await db.mail.findMany({ where: { template: 'password-reset' } }), [
    { recipient: stored, outcome: null },
  ]);
  const { body: signedIn } = await ask('POST', '/login', { body: { email: shown, password: PASSWORD } });
  const change = { token: signedIn.accessToken, body: { email: 'test@Bücher.example' } };
  t.equal((await ask('PUT', '/me/email', change)).status, 202);
  t.match(await db.emailChange.findMany(), [{ email: 'test@xn--bcher-kva.example' }]);
});

t.test('The commands take an internationalized address in both forms', async (t) => {
  const { variables, db, folder } = await installation(t);
  const file = join(folder, 'users.jsonl');
  await writeFile(file, JSON.stringify({ name: 'Ada', email: 'ada@exümple.org' }));
  t.equal((await latchkey(['import', file], { variables })).code, 0);
  t.match(await db.user.findMany(), [{ email: 'ada@xn--exmple-4ya.org' }]);
  for (const email of ['ada@exümple.org', 'ada@xn--exmple-4ya.org']) {
    const { code, stdout } = await latchkey(['user', 'disable', '--email', email], { variables });
    t.match({ code, stdout }, { code: 0, stdout: /ada@exümple\.org/ }, email);
  }
  t.match((await latchkey(['user', 'list'], { variables })).stdout, /ada@exümple\.org/);
});

t.test('A mail to an internationalized address has the A-label in its header', async (t) => {
  const dataDir = await temporaryFolder(t);
  const transport = openTransport({ dataDir, smtpUrl: undefined, mailFrom: 'a@example.com' });
  const recipient = 'ada@xn--exmple-4ya.org';
  const contents = { subject: 'Hello', text: 'Hello', html: '<p>Hello</p>' };
  const file = await transport.send({ id: 'one', recipient, createdAt: new Date(), ...contents });
  transport.close();
  t.match(await readFile(file, 'utf8'), /^To: ada@xn--exmple-4ya\.org\r?$/m);
});
