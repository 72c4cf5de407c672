/**
 * Wrong codes: counted for the account, apart from its passwords, and forgiven by a finished sign-in alone.
 */
import t from 'tap';
import { codeCounter } from '#latchkey/accounts/sign-in/account-counter.ts';
import { pruneFailedAttempts } from '#latchkey/accounts/sign-in/attempts.ts';
import { unlockSecondFactor } from '#latchkey/accounts/sign-in/code-attempt.ts';
import { type Answer, type Api, PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor, waitingFor } from '../mailbox.ts';
import { openWithTwoFactors } from './client.ts';
import { enrol } from './second-factor.ts';
import { stopClock } from './stopped-clock.ts';
import { newOwnerAt, type Owner } from './totp.ts';

const HOME = '192.0.2.1';
const ELSEWHERE = '198.51.100.1';
const finish = (api: Api, body: object) => api.ask('POST', '/login/second-factor', { body });

/** Ends the waits after the last failures. */
const wait = ({ app }: Api) => app.accounts.db.failedTries.updateMany({ data: { nextTryAt: 0 } });

/** The failures of the counter of a subject. */
async function failuresOf({ app }: Api, ...subject: string[]): Promise<number> {
  const { throttle, db } = app.accounts;
  return (await db.failedTries.findUnique({ where: { id: throttle.hash(subject) } }))?.failures ?? 0;
}

/** Sends a request from an IP address, to see how a network is treated. */
async function from(api: Api, remoteAddress: string, url: string, payload: object): Promise<Answer> {
  const response = await api.app.inject({ method: 'POST', url, payload, remoteAddress });
  const { statusCode: status, headers, body: text } = response;
  return { status, headers, text, body: response.json() };
}

/** Signs in from an address with a wrong code. */
async function guess(api: Api, { totp, challenge }: Owner): Promise<Answer> {
  return finish(api, { challenge: await challenge(), code: await totp.wrongCode() });
}

t.test('Each code after five wrong ones waits twice as long, whatever network and challenge', async (t) => {
  const api = await startApi(t);
  stopClock(api);
  const owner = await newOwnerAt(api);
  for (let n = 0; n < 5; n++) t.equal((await guess(api, owner)).body.slug, 'wrong-code');
  for (const seconds of [1, 2, 4]) {
    const challenge = await owner.challenge();
    const [recoveryCode] = owner.totp.recoveryCodes;
    for (const code of [{ code: await owner.totp.code() }, { recoveryCode }]) {
      const refused = await from(api, ELSEWHERE, '/login/second-factor', { challenge, ...code });
      t.match(refused.body, { status: 429, slug: 'too-many-attempts' });
      t.equal(Number(refused.headers['retry-after']), seconds);
    }
    const tries = await api.app.accounts.db.signInChallenge.aggregate({
      where: { userId: owner.id },
      _max: { tries: true },
    });
    t.equal(tries._max.tries, 1, 'a code that is not verified is no try of its challenge');
    await wait(api);
    t.equal((await guess(api, owner)).body.slug, 'wrong-code');
  }
});

t.test('Right password and four wrong codes, again and again: closed after 100 codes', async (t) => {
  const api = await startApi(t, NO_MAIL_SERVER);
  const { db } = api.app.accounts;
  const owner = await newOwnerAt(api);
  const other = await newOwnerAt(api);
  for (let round = 0; round < 100; round++) {
    const challenge = await owner.challenge();
    if (challenge === undefined) throw new Error(`No challenge in round ${round}`);
    for (let n = 0; n < 4; n++) {
      await wait(api);
      const { body } = await finish(api, { challenge, code: await owner.totp.wrongCode() });
      if (body.slug !== 'wrong-code') throw new Error(`Round ${round}: ${body.slug}`);
    }
  }
  t.equal(await failuresOf(api, ...codeCounter(owner.id).subject), 400);
  const mails = async () => (await waitingFor(api, owner.email)).map(({ template }) => template);
  t.strictSame(await mails(), ['wrong-codes'], 'the owner is told once');
  const [recoveryCode] = owner.totp.recoveryCodes;
  for (const code of [{ code: await owner.totp.code() }, { recoveryCode }]) {
    await wait(api);
    const { body } = await finish(api, { challenge: await owner.challenge(), ...code });
    t.match(body, { status: 401, slug: 'wrong-code' }, 'the right one too');
  }
  t.equal(await db.recoveryCode.count({ where: { userId: owner.id } }), 10, 'none is used up');
  t.match(await db.totp.findUnique({ where: { userId: owner.id } }), { lastStep: 0 });

  await api.ask('POST', '/password/forgot', { body: { email: owner.email } });
  const newPassword = 'a password that was set anew';
  const token = await tokenFor(api, owner.email, 'password-reset');
  t.equal((await api.ask('POST', '/password/reset', { body: { token, newPassword } })).status, 204);
  const again = async () =>
    (await api.ask('POST', '/login', { body: { email: owner.email, password: newPassword } })).body.challenge;
  await wait(api);
  const closed = await finish(api, { challenge: await again(), code: await owner.totp.code() });
  t.equal(closed.body.slug, 'wrong-code', 'a new password does not open it');
  t.equal(
    (await finish(api, { challenge: await other.challenge(), code: await other.totp.code() })).status,
    200,
  );

  await unlockSecondFactor(api.app.accounts, owner.id);
  t.equal((await finish(api, { challenge: await again(), code: await owner.totp.code() })).status, 200);
});

t.test('The owner is told of ten wrong codes in a row, once for each row', async (t) => {
  const api = await startApi(t, NO_MAIL_SERVER);
  const owner = await newOwnerAt(api);
  const told = async () => (await waitingFor(api, owner.email)).length;
  const guesses = async (count: number) => {
    for (let n = 0; n < count; n++) {
      await wait(api);
      t.equal((await guess(api, owner)).status, 401);
    }
  };
  await guesses(9);
  t.equal(await told(), 0);
  await guesses(6);
  t.equal(await told(), 1);
  await wait(api);
  t.equal(
    (await finish(api, { challenge: await owner.challenge(), code: await owner.totp.code() })).status,
    200,
  );
  await guesses(10);
  t.equal(await told(), 2);
  const { db, eventAggregator } = api.app.accounts as never as {
    db: Api['app']['accounts']['db'];
    eventAggregator: { flush(db: unknown, everything: boolean): Promise<void> };
  };
  await eventAggregator.flush(db, true);
  const events = await db.auditEvent.findMany({
    where: { action: 'second-factor.failed', targetId: owner.id },
  });
  t.equal(
    events.reduce((sum, { count }) => sum + count, 0),
    25,
  );
});

t.test(
  'A right password forgives neither counter and makes no network known; the code does all',
  async (t) => {
    const api = await startApi(t);
    const { db } = api.app.accounts;
    const owner = await newOwnerAt(api);
    const { email } = owner;
    const passwords = () => failuresOf(api, 'account', email);
    const codes = () => failuresOf(api, ...codeCounter(owner.id).subject);
    const networks = () => db.knownNetwork.count({ where: { userId: owner.id } });
    for (let n = 0; n < 3; n++) await from(api, HOME, '/login', { email, password: 'wrong' });
    const first = await from(api, HOME, '/login', { email, password: PASSWORD });
    const { challenge } = first.body;
    await from(api, HOME, '/login/second-factor', { challenge, code: await owner.totp.wrongCode() });
    await from(api, HOME, '/login', { email, password: PASSWORD });
    t.strictSame([await passwords(), await codes(), await networks()], [3, 1, 0]);

    const done = await from(api, HOME, '/login/second-factor', { challenge, code: await owner.totp.code() });
    t.equal(done.status, 200);
    t.strictSame([await passwords(), await codes(), await networks()], [0, 0, 1]);
  },
);

t.test('In a known network the sign-in forgives as many failures as were made there', async (t) => {
  const api = await startApi(t);
  const owner = await newOwnerAt(api);
  const { email } = owner;
  const signInFrom = async (address: string) => {
    const { body } = await from(api, address, '/login', { email, password: PASSWORD });
    const code = await owner.totp.code();
    return (await from(api, address, '/login/second-factor', { challenge: body.challenge, code })).status;
  };
  const fail = (address: string) => from(api, address, '/login', { email, password: 'wrong' });
  t.equal(await signInFrom(HOME), 200);
  for (let n = 0; n < 3; n++) await fail(ELSEWHERE);
  await fail(HOME);
  t.equal(await failuresOf(api, 'account', email), 4);
  t.equal(await signInFrom(HOME), 200);
  t.equal(await failuresOf(api, 'account', email), 3, 'those of others stay');
});

t.test('Five codes at once are verified, and the rest wait or are refused', async (t) => {
  const first = await startApi(t);
  const second = await startApi(t, { DATABASE_URL: first.databaseUrl, DATA_DIR: first.app.config.dataDir });
  stopClock(first, second);
  const owner = await newOwnerAt(first);
  const code = await owner.totp.wrongCode();
  const challenges = await Promise.all(Array.from({ length: 10 }, () => owner.challenge()));
  const answers = await Promise.all(
    [...challenges, ...challenges].map((challenge, n) => finish(n % 2 ? first : second, { challenge, code })),
  );
  const verified = answers.filter(({ body }) => body.slug === 'wrong-code').length;
  t.equal(verified, 5, 'as many as are free');
  for (const { body } of answers) t.match(body.slug, /^(wrong-code|too-many-attempts)$/);
});

t.test('An app forgives the wrong codes of one that was removed before it', async (t) => {
  const api = await startApi(t);
  const owner = await newOwnerAt(api);
  for (let n = 0; n < 3; n++) await guess(api, owner);
  const { accessToken } = await openWithTwoFactors(api, owner.id);
  const { body } = await api.ask('DELETE', '/me/totp', { token: accessToken });
  t.equal(await failuresOf(api, ...codeCounter(owner.id).subject), 3);
  const { token } = await enrol(api, { token: body.accessToken });
  t.equal(await failuresOf(api, ...codeCounter(owner.id).subject), 0);
  await api.app.accounts.throttle.count([codeCounter(owner.id)]);
  await enrol(api, { token });
  t.equal(await failuresOf(api, ...codeCounter(owner.id).subject), 1, 'one that replaces another does not');
});

t.test('A month without a wrong code forgives none', async (t) => {
  const api = await startApi(t);
  const { accounts } = api.app;
  const owner = await newOwnerAt(api);
  await guess(api, owner);
  await from(api, HOME, '/login', { email: owner.email, password: 'wrong' });
  await accounts.db.failedTries.updateMany({ data: { countedAt: Date.now() - 31 * 86_400_000 } });
  await pruneFailedAttempts(accounts);
  t.equal(await failuresOf(api, 'account', owner.email), 0, 'those of passwords are forgotten');
  t.equal(await failuresOf(api, ...codeCounter(owner.id).subject), 1);
});
