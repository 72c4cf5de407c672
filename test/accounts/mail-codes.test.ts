/** Sign-in with a code by mail (F14). */
import type { InjectOptions } from 'fastify';
import t from 'tap';
import { Templates } from '#latchkey/mail/templates.ts';
import { type Api, PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, waitingFor } from '../mailbox.ts';
import { noteSecret } from '../secret-log.ts';
import { pairOf, readClaims, signIn } from './client.ts';
import { codeOf, enrol } from './second-factor.ts';

const ON = { ...NO_MAIL_SERVER, SIGN_IN_METHODS: 'password,passkey,email' };
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0';
const api = await startApi(t, ON);
const { ask, app, person } = api;
const { db } = app.accounts;

const request = (email: string, headers: Record<string, string> = {}) =>
  ask('POST', '/login/email', { body: { email }, headers });
const verify = (flow: string, code: string, more = {}) =>
  ask('POST', '/login/email/verify', { body: { flow, code, ...more } });

/** Sends a code from an IP address. */
async function verifyFrom({ app }: Api, remoteAddress: string, flow: string, code: string) {
  const options: InjectOptions = { method: 'POST', url: '/login/email/verify', payload: { flow, code } };
  const { statusCode, body } = await app.inject({ ...options, remoteAddress });
  return { status: statusCode, slug: JSON.parse(body).slug };
}

/** Asks for a code, and reads it in the mail. */
async function newCode(email: string) {
  const { flow } = (await request(email)).body;
  noteSecret(flow);
  const mails = (await waitingFor(api, email)).filter(({ template }) => template === 'sign-in-code');
  const code = mails.at(-1)?.values.code ?? '';
  noteSecret(code);
  return { flow, code };
}

const wrongFor = (code: string) => String((Number(code) + 1) % 10 ** 8).padStart(8, '0');

/** Ends the wait after the last failure. */
const wait = () => db.failedTries.updateMany({ data: { nextTryAt: 0 } });

t.test('A code opens a session of one factor, once', async (t) => {
  const { id, email } = await person(1);
  const asked = await request(` ${email.toUpperCase()} `);
  t.equal(asked.status, 202);
  t.equal(asked.headers['cache-control'], 'no-store');
  const [mail] = await waitingFor(api, email);
  const code = mail?.values.code ?? '';
  t.match(code, /^\d{8}$/);
  const pair = pairOf(await verify(asked.body.flow, code));
  t.match(readClaims(pair.accessToken), { sub: id, acr: '1', amr: ['email'], access: 1 });
  t.match(await verify(asked.body.flow, code), { status: 401, body: { slug: 'challenge-invalid' } });
  const second = await newCode(email);
  const capped = pairOf(await verify(second.flow, second.code, { access: 0 }));
  t.match(readClaims(capped.accessToken), { access: 0 });
});

t.test('The mail says what to do, and from where the code was asked for', async (t) => {
  const { email } = await person(1);
  await request(email, { 'user-agent': FIREFOX });
  await request(email, { 'user-agent': 'Your account is locked: go to https://evil.example' });
  const [first, second] = await waitingFor(api, email);
  t.match(first?.values, {
    time: /^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/,
    browser: 'Firefox on Windows',
    network: '127.0.0.1',
  });
  t.equal(second?.values.browser, 'an unknown browser', 'nothing that a stranger typed');
  const { text } = new Templates(app.config.dataDir).render('sign-in-code', first?.values ?? {});
  for (const part of [
    first?.values.code ?? '-',
    'within 10 minutes',
    'Firefox on Windows',
    'We never ask you for this code',
    'If you did not start this, ignore this mail',
  ])
    t.ok(text.includes(part), part);
});

t.test('Known, disabled and unknown addresses look the same, and no account is made', async (t) => {
  const known = await person(1);
  const disabled = await person(1);
  await db.user.update({ where: { id: disabled.id }, data: { disabled: true } });
  const before = await db.user.count();
  const histories: unknown[] = [];
  for (const [at, email] of [known.email, disabled.email, 'nobody@example.com'].entries()) {
    const ip = `192.0.2.${10 + at}`;
    const asked = await request(email);
    const history: unknown[] = [asked.status, asked.body.detail, asked.body.flow.length];
    history.push(Object.keys(asked.headers).sort());
    const code = app.accounts.mailCodes.codeOf(asked.body.flow);
    for (let tries = 0; tries < 7; tries++)
      history.push(await verifyFrom(api, ip, asked.body.flow, wrongFor(code)));
    await wait();
    history.push(await verifyFrom(api, ip, asked.body.flow, wrongFor(code)));
    await request(email);
    await request(email);
    const { flow } = (await request(email)).body;
    await wait();
    history.push(await verifyFrom(api, ip, flow, '12345678'));
    histories.push(history);
    t.match(await db.mail.count({ where: { recipient: email } }), 3, 'a row for each, and three an hour');
  }
  t.strictSame(histories[1], histories[0]);
  t.strictSame(histories[2], histories[0]);
  t.match(histories[0], [
    202,
    /mail/,
    43,
    [],
    ...Array(5).fill({ status: 401, slug: 'wrong-code' }),
    ...Array(2).fill({ status: 429, slug: 'too-many-attempts' }),
    { status: 401, slug: 'challenge-invalid' },
    { status: 401, slug: 'challenge-invalid' },
  ]);
  t.equal((await waitingFor(api, 'nobody@example.com')).length, 0, 'no mail is sent');
  t.equal((await waitingFor(api, disabled.email)).length, 0);
  t.equal(await db.user.count(), before, 'no account is made');
  const { flow } = (await request('nobody-2@example.com')).body;
  const right = app.accounts.mailCodes.codeOf(flow);
  t.match(await verify(flow, right), { body: { slug: 'wrong-code' } }, 'not even with the code');
});

t.test('A code is worth nothing without the flow of the client that asked, nor with another', async (t) => {
  const { email } = await person(1);
  const [first, second] = [await newCode(email), await newCode(email)];
  t.match((await verify(second.flow, first.code)).body, { slug: 'wrong-code' });
  t.match((await verify('Zm9yZ2Vk', first.code)).body, { slug: 'challenge-invalid' });
  t.equal((await verify(first.flow, first.code)).status, 200, 'a later flow does not void it');
  t.equal((await verify(second.flow, second.code)).status, 200);
});

t.test('Three flows are alive at most, and none ends another', async (t) => {
  const { id, email } = await person(1);
  const flows = [await newCode(email), await newCode(email), await newCode(email)];
  // The limit on mails is of the address, so it would hide this one.
  await db.mail.updateMany({ where: { recipient: email }, data: { createdAt: new Date(0) } });
  const fourth = (await request(email)).body.flow;
  t.equal(await db.mailCode.count({ where: { userId: id } }), 3);
  t.match((await verify(fourth, app.accounts.mailCodes.codeOf(fourth))).body, { slug: 'challenge-invalid' });
  for (const { flow, code } of flows) t.equal((await verify(flow, code)).status, 200);
});

t.test('Five codes may be tried with a flow, also at once', async (t) => {
  const { id, email } = await person(1);
  const { flow, code } = await newCode(email);
  await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(() => verify(flow, wrongFor(code))));
  await wait();
  while ((await verify(flow, wrongFor(code))).body.slug !== 'challenge-invalid') await wait();
  t.equal((await db.mailCode.findFirst({ where: { userId: id } }))?.tries, 5);
  await wait();
  t.match((await verify(flow, code)).body, { slug: 'challenge-invalid' });
  t.equal(await db.session.count({ where: { userId: id } }), 1, 'the session of before');
});

t.test('Wrong codes and wrong passwords have one count', async (t) => {
  const { id, email } = await person(1);
  await db.knownNetwork.deleteMany({ where: { userId: id } });
  const { flow, code } = await newCode(email);
  for (let i = 0; i < 3; i++) await verify(flow, wrongFor(code));
  for (let i = 0; i < 2; i++) t.equal((await signIn(api, email, undefined, 'wrong')).status, 401);
  t.match((await signIn(api, email)).body, { slug: 'too-many-attempts' });
  t.match((await verify(flow, code)).body, { slug: 'too-many-attempts' });
  await wait();
  t.equal((await verify(flow, code)).status, 200);
  const payload = { email, password: 'wrong' };
  for (const what of ['a finished sign-in forgives them', 'so the next ones need not wait']) {
    const options: InjectOptions = { method: 'POST', url: '/login', payload };
    t.equal((await app.inject({ ...options, remoteAddress: '203.0.113.9' })).statusCode, 401, what);
  }
});

t.test('So they have for an address without an account, over all flows', async (t) => {
  const email = 'nobody-3@example.com';
  const from = '203.0.113.77';
  for (let i = 0; i < 3; i++) {
    const { flow } = (await request(email)).body;
    t.match(await verifyFrom(api, from, flow, '12345678'), { slug: 'wrong-code' });
  }
  for (let i = 0; i < 2; i++) t.equal((await signIn(api, email)).status, 401);
  t.match((await signIn(api, email)).body, { slug: 'too-many-attempts' });
});

t.test('A locked account answers the right code like a wrong one, and does not use it up', async (t) => {
  const { id, email } = await person(1);
  await db.knownNetwork.deleteMany({ where: { userId: id } });
  const { flow, code } = await newCode(email);
  await signIn(api, email, undefined, 'wrong');
  const failing = await db.failedTries.findMany({ where: { failures: { gt: 0 } } });
  await db.failedTries.updateMany({
    where: { id: { in: failing.map((row) => row.id) } },
    data: { failures: 100, nextTryAt: 0 },
  });
  t.match(await verifyFrom(api, '198.51.100.7', flow, code), { status: 401, slug: 'wrong-code' });
  await wait();
  t.match(await verifyFrom(api, '198.51.100.7', flow, code), { status: 401, slug: 'wrong-code' });
  t.equal(await db.mailCode.count({ where: { userId: id } }), 1);
  await db.failedTries.deleteMany();
  t.equal((await verify(flow, code)).status, 200);
});

t.test('Of two at once, one opens a session', async (t) => {
  const { id, email } = await person(1);
  const { flow, code } = await newCode(email);
  const answers = await Promise.all([1, 2, 3].map(() => verify(flow, code)));
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 401, 401]);
  t.equal(await db.session.count({ where: { userId: id } }), 2, 'that one, and the one of before');
});

t.test('A flow ends after ten minutes, and with the sessions', async (t) => {
  const { id, email } = await person(1);
  const late = await newCode(email);
  const { createdAt, expiresAt } = await db.mailCode.findFirstOrThrow({ where: { userId: id } });
  t.equal(expiresAt.getTime() - createdAt.getTime(), 600_000);
  await db.mailCode.updateMany({ where: { userId: id }, data: { expiresAt: createdAt } });
  t.match((await verify(late.flow, late.code)).body, { slug: 'challenge-invalid' });
  const ended = await newCode(email);
  await db.user.update({ where: { id }, data: { epoch: { increment: 1 } } });
  t.match((await verify(ended.flow, ended.code)).body, { slug: 'wrong-code' }, 'as for unknown addresses');
  const last = await newCode(email);
  await db.user.update({ where: { id }, data: { disabled: true } });
  t.match((await verify(last.flow, last.code)).body, { slug: 'wrong-code' });
});

t.test('A code is one factor: with a second one, the account asks for it', async (t) => {
  const owner = await person(1);
  const enrolled = await enrol(api, owner);
  const { flow, code } = await newCode(owner.email);
  const answer = await verify(flow, code, { access: 0 });
  t.match(answer, { status: 401, body: { slug: 'second-factor-required' } });
  t.equal(answer.headers['cache-control'], 'no-store');
  const { challenge, methods } = answer.body;
  t.ok(methods.includes('totp'));
  t.match((await verify(flow, code)).body, { slug: 'challenge-invalid' }, 'it is used up');
  const body = { challenge, recoveryCode: enrolled.recoveryCodes[0] };
  const pair = pairOf(await ask('POST', '/login/second-factor', { body }));
  const claims = readClaims(pair.accessToken);
  t.match(claims, { acr: '2', access: 0, amr: ['email', 'otp', 'recovery', 'mfa'] });
  t.not(codeOf(enrolled), '', 'the app is still there');
});

t.test('A code and a password together are one factor', async (t) => {
  const { email } = await person(1);
  const { flow, code } = await newCode(email);
  const { accessToken } = pairOf(await verify(flow, code));
  const again = await ask('POST', '/me/reauthenticate', {
    token: accessToken,
    body: { password: PASSWORD },
  });
  t.equal(again.status, 200);
  t.strictSame(readClaims(again.body.accessToken).amr, ['email', 'pwd']);
  t.match(readClaims(again.body.accessToken), { acr: '1' });
});

t.test('The database has neither code nor flow', async (t) => {
  const { email } = await person(1);
  const { flow, code } = await newCode(email);
  const rows = JSON.stringify([await db.mailCode.findMany(), await db.mail.findMany()]);
  t.notOk(rows.includes(flow));
  t.notOk(rows.includes(code));
});

t.test('A body that is none is refused', async (t) => {
  for (const body of [{}, { email: 'no address' }, { email: 'a@example.com', code: '1' }])
    t.equal((await ask('POST', '/login/email', { body })).status, 400);
  for (const body of [
    {},
    { flow: 'a' },
    { code: '12345678' },
    { flow: 'a', code: 12345678 },
    { flow: 'a', code: '1234567' },
    { flow: 'a', code: '123456789' },
    { flow: 'a', code: '１２３４５６７８' },
    { flow: 'a'.repeat(101), code: '12345678' },
    { flow: 'a', code: '12345678', access: 7 },
    { flow: 'a', code: '12345678', email: 'a@example.com' },
  ])
    t.equal((await ask('POST', '/login/email/verify', { body })).status, 400, JSON.stringify(body));
});

t.test('Codes by mail are off by default', async (t) => {
  const off = await startApi(t, NO_MAIL_SERVER);
  const { email } = await off.person(1);
  for (const answer of [
    await off.ask('POST', '/login/email', { body: { email } }),
    await off.ask('POST', '/login/email/verify', { body: { flow: 'a', code: '12345678' } }),
  ])
    t.match(answer, { status: 404, body: { slug: 'sign-in-method-off' } });
  t.equal(await off.app.accounts.db.mailCode.count(), 0);
});
