/**
 * Failed attempts at passwords: counted in the database for each account and each network, with longer waits
 * after each failure.
 */
import argon2 from 'argon2';
import type { InjectOptions } from 'fastify';
import t from 'tap';
import { type Api, PASSWORD, startApi } from '../helper.ts';
import { until } from '../until.ts';
import { stopClock } from './stopped-clock.ts';

/** Makes an attempt at a password from an IP address. */
async function attemptFrom({ app }: Api, remoteAddress: string, email: string, password: string) {
  const payload = { email, password };
  const options: InjectOptions = { method: 'POST', url: '/login', payload, remoteAddress };
  const { statusCode, headers, body } = await app.inject(options);
  return { status: statusCode, retryAfter: Number(headers['retry-after']), body };
}

/** Ends the wait after the last failure. */
const wait = ({ app }: Api) => app.accounts.db.failedTries.updateMany({ data: { nextTryAt: 0 } });

const failures = async ({ app }: Api) =>
  (await app.accounts.db.failedTries.findMany())
    .map((row) => Math.round(row.failures))
    .filter((count) => count > 0);

t.test('Each attempt after five failures waits twice as long, for known and unknown accounts', async (t) => {
  const api = await startApi(t);
  stopClock(api);
  const { email } = await api.person(1);
  const seen: Record<string, [number, number][]> = {};
  for (const [address, who] of [
    ['192.0.2.1', email],
    ['192.0.2.2', 'nobody@example.com'],
  ] as const) {
    const answers: [number, number][] = [];
    for (let i = 0; i < 5; i++) {
      const { status } = await attemptFrom(api, address, who, 'wrong');
      answers.push([status, 0]);
    }
    for (let i = 0; i < 4; i++) {
      const { status, retryAfter } = await attemptFrom(api, address, who, 'wrong');
      answers.push([status, retryAfter]);
      await wait(api);
      answers.push([(await attemptFrom(api, address, who, 'wrong')).status, 0]);
    }
    seen[who] = answers;
  }
  const [known, unknown] = Object.values(seen);
  t.strictSame(known, unknown);
  t.strictSame(known!.slice(0, 5), Array(5).fill([401, 0]));
  t.strictSame(known!.slice(5), [
    [429, 1],
    [401, 0],
    [429, 2],
    [401, 0],
    [429, 4],
    [401, 0],
    [429, 8],
    [401, 0],
  ]);
  t.equal((await attemptFrom(api, '192.0.2.1', email, 'wrong')).status, 401);
  t.equal((await attemptFrom(api, '192.0.2.1', email, PASSWORD)).status, 429, 'the right one waits too');
  await wait(api);
  t.equal((await attemptFrom(api, '192.0.2.1', email, PASSWORD)).status, 200);
});

t.test('Parallel attempts on two processes do not exceed the limit', async (t) => {
  const first = await startApi(t);
  const second = await startApi(t, { DATABASE_URL: first.databaseUrl, DATA_DIR: first.app.config.dataDir });
  stopClock(first, second);
  const { email } = await first.person(1);
  const guesses = Array.from({ length: 20 }, (_, i) =>
    attemptFrom(i % 2 ? first : second, `198.51.100.${i}`, email, `wrong ${i}`),
  );
  const answers = await Promise.all(guesses);
  t.equal(answers.filter(({ status }) => status === 401).length, 5, 'as many as are free');
  t.equal(answers.filter(({ status }) => status === 429).length, 15);
  for (const { status, retryAfter } of answers) if (status === 429) t.ok(retryAfter >= 1);
});

t.test('A success refunds the reserved attempt', async (t) => {
  const api = await startApi(t);
  const { email } = await api.person(1);
  for (let i = 0; i < 4; i++) await attemptFrom(api, '192.0.2.1', email, 'wrong');
  t.equal((await attemptFrom(api, '192.0.2.1', email, PASSWORD)).status, 200);
  t.strictSame(await failures(api), [4], 'the network keeps its failures, the account starts anew');
  for (let i = 0; i < 20; i++) t.equal((await attemptFrom(api, '192.0.2.1', email, PASSWORD)).status, 200);
  t.strictSame(await failures(api), [4]);
});

t.test('Attempts from other networks do not lock a user out', async (t) => {
  const api = await startApi(t);
  stopClock(api);
  const { email } = await api.person(1);
  t.equal((await attemptFrom(api, '192.0.2.1', email, PASSWORD)).status, 200, 'home is known now');
  for (let i = 0; i < 8; i++) await attemptFrom(api, `198.51.100.${i}`, email, 'wrong');
  t.equal((await attemptFrom(api, '198.51.100.99', email, PASSWORD)).status, 429, 'from elsewhere it waits');
  t.equal((await attemptFrom(api, '192.0.2.1', email, PASSWORD)).status, 200, 'at home it does not');
});

t.test(
  'An account with 100 failures is locked for unknown networks until it gets a new password',
  async (t) => {
    const api = await startApi(t, { SMTP_URL: 'smtp://127.0.0.1:9' });
    stopClock(api);
    const { email } = await api.person(1);
    t.equal((await attemptFrom(api, '192.0.2.1', email, PASSWORD)).status, 200);
    await attemptFrom(api, '198.51.100.1', email, 'wrong');
    const { throttle, db } = api.app.accounts;
    const id = throttle.hash(['account', email]);
    await db.failedTries.update({ where: { id }, data: { failures: 100 } });
    const closed = await attemptFrom(api, '198.51.100.1', email, PASSWORD);
    await wait(api);
    const wrong = await attemptFrom(api, '198.51.100.1', email, 'wrong');
    t.equal(closed.status, 401);
    const withoutId = (body: string) => body.replace(/"requestId":"[^"]*"/, '');
    t.equal(withoutId(closed.body), withoutId(wrong.body), 'it answers like a wrong password');
    t.equal((await attemptFrom(api, '192.0.2.1', email, PASSWORD)).status, 200, 'at home it is open');

    const { tokenFor } = await import('../mailbox.ts');
    await api.ask('POST', '/password/forgot', { body: { email } });
    const token = await tokenFor(api, email, 'password-reset');
    const body = { token, newPassword: 'a password that was set anew' };
    for (let i = 0; i < 8; i++) await attemptFrom(api, '192.0.2.1', email, 'wrong');
    t.equal((await attemptFrom(api, '192.0.2.1', email, PASSWORD)).status, 429, 'at home it waits now');
    t.equal((await api.ask('POST', '/password/reset', { body })).status, 204);
    for (const address of ['198.51.100.1', '192.0.2.1'])
      t.equal((await attemptFrom(api, address, email, body.newPassword)).status, 200, address);
  },
);

t.test('Many users of one network can sign in at the same moment', async (t) => {
  const { app } = await startApi(t);
  const { throttle, db } = app.accounts;
  // So many rows that a database uses the index on their ids.
  const others = Array.from({ length: 5_000 }, (_, n) => ({
    id: throttle.hash(['other', `${n}`]),
    failures: 1,
    countedAt: Date.now(),
    nextTryAt: 0,
  }));
  await db.failedTries.createMany({ data: others });
  const isPostgres = app.databaseKind === 'postgresql';
  if (isPostgres) await db.raw.execute`ANALYZE "FailedTries"`;
  const policy = { free: 1e6, firstDelayMs: 1_000, maxDelayMs: 1_000, expiryMs: Number.POSITIVE_INFINITY };
  const network = ['network', '192.0.2.0'];
  for (let n = 0; n < 6; n++) {
    const account = ['account', `ada-${n}@example.com`];
    const counted = [account, network].map((subject) => ({ subject, policy }));
    const tryOften = async () => {
      for (let i = 0; i < 10; i++)
        await throttle.succeed(
          await throttle.reserve(counted, performance.now() + 60_000, await throttle.readClock()),
        );
    };
    await Promise.all(Array.from({ length: 8 }, tryOften));
  }
  t.match(await db.failedTries.findUnique({ where: { id: throttle.hash(network) } }), { failures: 0 });
  if (!isPostgres) return;
  const rows = await db.raw.query<{ deadlocks: number }>`
    SELECT deadlocks::int AS deadlocks FROM pg_stat_database WHERE datname = current_database()`;
  t.same(rows, [{ deadlocks: 0 }]);
});

t.test('A user who is deleted during the sign-in gets the answer of a wrong password', async (t) => {
  const api = await startApi(t);
  const { id, email } = await api.person(1);
  const { db } = api.app.accounts;
  // A hash that takes a while to verify.
  const passwordHash = await argon2.hash(PASSWORD, { memoryCost: 65_536, timeCost: 8, parallelism: 1 });
  await db.user.update({ where: { id }, data: { passwordHash } });
  const answer = attemptFrom(api, '192.0.2.1', email, PASSWORD);
  await until(async () => (await db.failedTries.count({ where: { pending: 1 } })) > 0);
  await db.user.delete({ where: { id } });
  t.equal((await answer).status, 401);
});

t.test('A network counts the failures of all its addresses, for IPv6 by the /64', async (t) => {
  const api = await startApi(t);
  let attempts = 0;
  const tryAgain = () =>
    attemptFrom(api, `2001:db8:1:2::${attempts.toString(16)}`, `nobody-${attempts++}@example.com`, 'wrong');
  while (attempts < 60 && (await tryAgain()).status === 401);
  // One more attempt is free for each minute of the test.
  t.ok(attempts > 50 && attempts < 60, `${attempts} attempts`);
  t.equal((await attemptFrom(api, '2001:db8:1:2:ffff::1', 'somebody@example.com', 'wrong')).status, 429);
  t.equal(
    (await attemptFrom(api, '2001:db8:1:3::1', 'somebody@example.com', 'wrong')).status,
    401,
    'the next network',
  );
  t.equal((await attemptFrom(api, '192.0.2.1', 'somebody@example.com', 'wrong')).status, 401);
});

t.test('A network forgets one failure each minute, and a success leaves no wait', async (t) => {
  const api = await startApi(t);
  const [{ email }, grace] = [await api.person(1), await api.person(1)];
  const { throttle, db } = api.app.accounts;
  const id = throttle.hash(['network', '192.0.2.1']);
  const countedAt = Date.now();
  await db.failedTries.create({ data: { id, failures: 60, countedAt, nextTryAt: 0 } });
  t.equal((await attemptFrom(api, '192.0.2.1', email, PASSWORD)).status, 200);
  t.equal((await attemptFrom(api, '192.0.2.1', 'nobody@example.com', 'wrong')).status, 401);
  const { status, retryAfter } = await attemptFrom(api, '192.0.2.1', grace.email, PASSWORD);
  t.equal(status, 429, 'a failure does');
  t.equal(retryAfter, 15 * 60);
  // An hour later.
  await db.failedTries.update({ where: { id }, data: { countedAt: countedAt - 3_600_000, nextTryAt: 0 } });
  for (let i = 0; i < 5; i++)
    t.equal((await attemptFrom(api, '192.0.2.1', `nobody-${i}@example.com`, 'wrong')).status, 401);
});

t.test('All routes that ask for a password share the count', async (t) => {
  const api = await startApi(t);
  const { email, token } = await api.person(1);
  const wrong = 'not the password at all';
  const routes = [
    () => api.ask('POST', '/me/reauthenticate', { token, body: { password: wrong } }),
    () => api.ask('PUT', '/me/password', { token, body: { currentPassword: wrong, newPassword: PASSWORD } }),
    () => api.ask('POST', '/login', { body: { email, password: wrong } }),
  ];
  for (const attempt of [...routes, ...routes.slice(1)]) t.ok([401, 403].includes((await attempt()).status));
  // The wait of one second must not end during the attempts, because each refusal takes as long as an
  // attempt.
  const { count } = await api.app.accounts.db.failedTries.updateMany({
    where: { nextTryAt: { gt: Date.now() - 60_000 } },
    data: { nextTryAt: Date.now() + 60_000 },
  });
  t.not(count, 0, 'the failures cost a wait');
  for (const attempt of routes) t.match((await attempt()).body, { status: 429, type: /too-many-attempts$/ });
});

t.test('Tokens of mails have a count of their own', async (t) => {
  const api = await startApi(t);
  const body = { token: 'no token at all', newPassword: PASSWORD };
  let attempts = 1;
  let answer = await api.ask('POST', '/password/reset', { body });
  for (; answer.status === 403 && attempts < 60; attempts++)
    answer = await api.ask('POST', '/password/reset', { body });
  t.match(answer.body, { status: 429, type: /too-many-attempts$/ });
  t.ok(attempts > 50 && attempts < 60, `${attempts} attempts`);
  const { email } = await api.person(1);
  t.equal((await api.ask('POST', '/login', { body: { email, password: PASSWORD } })).status, 200);
});

t.test('The counters in the database contain no address', async (t) => {
  const api = await startApi(t);
  await attemptFrom(api, '192.0.2.77', 'secret-person@example.com', 'wrong');
  const rows = JSON.stringify(await api.app.accounts.db.failedTries.findMany());
  t.notMatch(rows, /secret-person|192\.0\.2\.77/);
});

t.test('Common passwords, and those made of the own name or address, are refused', async (t) => {
  const { ask } = await startApi(t);
  const register = (password: string) =>
    ask('POST', '/register', { body: { name: 'Ada Lovelace', email: 'countess@example.com', password } });
  const refused = [
    'passwordpassword',
    'PASSWORD12345678',
    'ｐａｓｓｗｏｒｄ１２３４５６７',
    '123456789012345',
    'qwertyuiopasdfghjkl',
    'Ada Lovelace 1815',
    'countess@example.com',
    'lovelacelovelace',
  ];
  for (const password of refused) {
    const { status, body } = await register(password);
    t.equal(status, 400, password);
    t.match(body.errors, [{ in: 'body', pointer: '/password', message: /common|name or address/ }], password);
  }
  for (const password of ['пароль очень длинный', 'blue whales sing at noon'])
    t.ok([201, 409].includes((await register(password)).status), password);
});

t.test('A password matches in every Unicode composition of its characters', async (t) => {
  const { ask } = await startApi(t);
  const [composed, decomposed] = ['Çok güçlü bir şifre', 'Çok güçlü bir şifre'.normalize('NFD')];
  await ask('POST', '/register', { body: { name: 'Ada', email: 'ada@example.com', password: composed } });
  t.not(composed, decomposed);
  t.equal(
    (await ask('POST', '/login', { body: { email: 'ada@example.com', password: decomposed } })).status,
    200,
  );
});
