/**
 * Registration by mail: what the answers reveal, and what an attacker gains with the address of another
 * person.
 */
import t from 'tap';
import { type Api, PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor, waitingFor } from '../mailbox.ts';

const api = await startApi(t, NO_MAIL_SERVER);
const { ask, app, person } = api;
const { db } = app.accounts;
const OTHER = 'a stranger types this one';

const register = (email: string, password = PASSWORD, name = 'Ada') =>
  ask('POST', '/register', { body: { name, email, password } });
const verify = (token: string, password = PASSWORD) =>
  ask('POST', '/email/verify', { body: { token, password } });

/** The template names of the mails that wait for an address. */
const kinds = async (email: string) => (await waitingFor(api, email)).map(({ template }) => template);

t.test('An address becomes an account when it confirms', async (t) => {
  const answer = await register(' Ada@Example.com ');
  t.equal(answer.status, 202);
  t.equal(await db.user.count({ where: { email: 'ada@example.com' } }), 0, 'not before');
  t.strictSame(await kinds('ada@example.com'), ['registration']);
  const token = await tokenFor(api, 'ada@example.com', 'registration');
  t.match(token, /^[\w-]{43}$/, '256 bits');
  const verified = await verify(token);
  t.equal(verified.status, 200);
  t.match(verified.body, { email: 'ada@example.com', name: 'Ada', access: 1, disabled: false });
  t.equal(
    (await ask('POST', '/login', { body: { email: 'ada@example.com', password: PASSWORD } })).status,
    200,
  );
  t.match((await verify(token)).body, { status: 403, type: /mail-token-invalid$/ }, 'once');
});

t.test('Known and unknown addresses get the same answer and different mails', async (t) => {
  const known = await person(1);
  const [first, second] = [
    await register(known.email, OTHER),
    await register('nobody-yet@example.com', OTHER),
  ];
  t.equal(first.status, 202);
  t.equal(second.status, 202);
  t.strictSame(first.body, second.body);
  t.strictSame(Object.keys(first.headers).sort(), Object.keys(second.headers).sort());
  t.strictSame(await kinds(known.email), ['account-exists']);
  const [mail] = await waitingFor(api, known.email);
  t.strictSame(Object.keys(mail!.values), ['link'], 'nothing that a stranger typed, and no token');
  t.equal(await db.user.count({ where: { email: known.email } }), 1);
});

t.test('An attacker who registers with the address of another person gains nothing', async (t) => {
  const email = 'grace@example.com';
  await register(email, OTHER, 'Mallory');
  const strangers = await tokenFor(api, email, 'registration');
  await register(email, PASSWORD, 'Grace');
  const own = await tokenFor(api, email, 'registration');
  t.not(own, strangers);

  // Grace follows the first link that she finds, and enters her password.
  const refused = await verify(strangers);
  t.match(refused.body, { status: 403, type: /wrong-password$/ });
  t.equal(await db.user.count({ where: { email } }), 0);
  const verified = await verify(own);
  t.match(verified.body, { email, name: 'Grace' });
  t.match((await verify(strangers, OTHER)).body, { status: 403 }, "the stranger's registration is over");
  t.equal((await ask('POST', '/login', { body: { email, password: OTHER } })).status, 401);
  t.equal((await ask('POST', '/login', { body: { email, password: PASSWORD } })).status, 200);
});

t.test('An address gets at most 3 mails an hour, and the last token stays valid', async (t) => {
  const email = 'flooded@example.com';
  for (let i = 0; i < 5; i++) t.equal((await register(email)).status, 202);
  t.equal((await kinds(email)).length, 3);
  t.equal((await verify(await tokenFor(api, email, 'registration'))).status, 200);
});

t.test('Mails from the future do not count after the clock was set back', async (t) => {
  const email = 'back-in-time@example.com';
  for (let i = 0; i < 4; i++) await register(email);
  t.equal((await kinds(email)).length, 3);
  await db.mail.updateMany({
    where: { recipient: email },
    data: { createdAt: new Date(Date.now() + 3_600_000) },
  });
  await register(email);
  t.equal((await kinds(email)).length, 4);
});

t.test('A registration token is valid for a day', async (t) => {
  const email = 'late@example.com';
  await register(email);
  const { expiresAt, createdAt } = await db.registration.findFirstOrThrow({ where: { email } });
  t.equal(expiresAt.getTime() - createdAt.getTime(), 86_400_000);
  const token = await tokenFor(api, email, 'registration');
  await db.registration.updateMany({ where: { email }, data: { expiresAt: createdAt } });
  t.match((await verify(token)).body, { status: 403, type: /mail-token-invalid$/ });
});

t.test('One of two registrations that confirm an address at the same moment gets the account', async (t) => {
  const email = 'twice@example.com';
  await register(email);
  const first = await tokenFor(api, email, 'registration');
  await register(email);
  const second = await tokenFor(api, email, 'registration');
  const answers = await Promise.all([first, first, second, second].map((token) => verify(token)));
  t.equal(answers.filter(({ status }) => status === 200).length, 1);
  t.equal(await db.user.count({ where: { email } }), 1);
  for (const { status } of answers) t.ok([200, 403, 409].includes(status), `${status}`);
});

t.test('An address that got an account meanwhile is taken', async (t) => {
  await register('meanwhile@example.com');
  const token = await tokenFor(api, 'meanwhile@example.com', 'registration');
  const { id } = await person(1);
  await db.user.update({ where: { id }, data: { email: 'meanwhile@example.com' } });
  t.match((await verify(token)).body, { status: 409, type: /email-taken$/ });
});

t.test('The database stores no token and no password of a registration', async (t) => {
  const email = 'kept@example.com';
  await register(email);
  const token = await tokenFor(api, email, 'registration');
  const rows = JSON.stringify([
    await db.registration.findMany({ where: { email } }),
    await db.mail.findMany({ where: { recipient: email } }),
  ]);
  t.notMatch(rows, token);
  t.notMatch(rows, PASSWORD);
  t.match(rows, /\$argon2id\$/);
});

t.test('A GET request of a link scanner uses no token', async (t) => {
  await register('scanned@example.com');
  const token = await tokenFor(api, 'scanned@example.com', 'registration');
  const [mail] = await waitingFor(api, 'scanned@example.com');
  t.match(mail!.values.link, new RegExp(`^${app.config.frontendUrl}/verify-email#token=${token}$`));
  t.equal((await ask('GET', `/email/verify?token=${token}`)).status, 405);
  t.equal((await verify(token)).status, 200);
});

const closed = async (registration: string): Promise<Api> =>
  startApi(t, { ...NO_MAIL_SERVER, REGISTRATION: registration });

t.test('A service with accounts by invitation only refuses registrations', async (t) => {
  const { ask } = await closed('invite');
  const { body } = await ask('POST', '/register', {
    body: { name: 'Ada', email: 'ada@example.com', password: PASSWORD },
  });
  t.match(body, { status: 403, type: /registration-closed$/ });
});
