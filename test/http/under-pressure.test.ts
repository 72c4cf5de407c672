/**
 * Tests an overloaded service: clients get an answer at once, and no change is half done.
 *
 * @runs once, on SQLite: it tests the processor.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { hashPassword } from '#latchkey/accounts/passwords/hash.ts';
import { type Api, PASSWORD, startApi } from '../helper.ts';
import { until } from '../until.ts';

/** Collects the arguments of all warnings that requests log from now on. */
function collectWarnings({ app: { log } }: Api): unknown[][] {
  const warnings: unknown[][] = [];
  const child = log.child.bind(log);
  log.child = (...options: Parameters<typeof child>) => {
    const made = child(...options);
    const warn = made.warn.bind(made) as (...line: unknown[]) => void;
    made.warn = (...line: unknown[]) => {
      warnings.push(line);
      warn(...line);
    };
    return made;
  };
  return warnings;
}

t.test(
  'An overloaded process rejects requests except health checks, logs that once a second, and recovers',
  async (t) => {
    const block = () => {
      const end = performance.now() + 400;
      while (performance.now() < end);
    };
    const api = await startApi(
      t,
      {},
      {
        // The default is a second, and a test would have to block the event loop for longer.
        maxEventLoopDelay: 100,
        routes: async (app) => {
          app.get('/block', { config: { access: 'public' } }, (_request, reply) => {
            block();
            reply.code(204).send();
          });
        },
      },
    );
    const warnings = collectWarnings(api);
    const { token } = await api.person(1);
    const isBusy = async () => (await api.ask('GET', '/me', { token })).status === 503;
    t.notOk(await isBusy());
    const startedAt = performance.now();
    await until(async () => {
      await api.app.inject('/block');
      return isBusy();
    });
    for (let count = 0; count < 100; count++) await api.app.inject('/me');
    const { body, headers } = await api.ask('GET', '/me', { token });
    const seconds = Math.ceil((performance.now() - startedAt) / 1_000);
    t.ok(warnings.length >= 1 && warnings.length <= seconds + 1, `${warnings.length} lines in ${seconds} s`);
    t.match(warnings[0]?.[0], { problem: 'busy', reason: /^the event loop is \d+ ms late/ });
    t.match(body, { status: 503, type: /\/problems\/busy$/, detail: /\w/ });
    t.equal(headers['retry-after'], '1');
    t.equal((await api.ask('GET', '/health/live')).status, 200);
    await until(async () => !(await isBusy()));
    t.pass('it recovers');
  },
);

/**
 * Makes all threads that could hash wait for a pipe.
 *
 * @returns a function that releases them
 */
function holdThreads(t: Test): () => void {
  const pipe = join(t.testdir(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  // The default is four threads: https://docs.libuv.org/en/v1.x/threadpool.html.
  const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
  const readers = Array.from({ length: threads }, () => open(pipe, constants.O_RDONLY));
  let writer: number | undefined;
  const release = () => {
    // Closed only when all threads are done; otherwise the next one would wait for another pipe.
    writer ??= openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  };
  t.teardown(async () => {
    release();
    for (const reader of await Promise.all(readers)) await reader.close();
    if (writer !== undefined) closeSync(writer);
  });
  return release;
}

t.test('A full hash queue answers 503 at once, counts no attempt and writes nothing', async (t) => {
  const api = await startApi(t);
  const { email, token } = await api.person(1);
  const { db } = api.app.accounts;
  const release = holdThreads(t);
  const hashes: Promise<string>[] = [];
  t.throws(() => {
    for (;;) hashes.push(hashPassword(PASSWORD));
  }, 'as many wait as may');
  const users = await db.user.count();
  const newPassword = 'a password of some length';
  const newcomer = { name: 'Ada', email: 'ada@example.com', password: newPassword };
  const requests: Record<string, Parameters<Api['ask']>> = {
    'sign-in': ['POST', '/login', { body: { email, password: 'wrong wrong wrong' } }],
    'sign-in of an unknown user': [
      'POST',
      '/login',
      { body: { email: 'nobody@example.com', password: PASSWORD } },
    ],
    registration: ['POST', '/register', { body: newcomer }],
    reauthentication: ['POST', '/me/reauthenticate', { token, body: { password: PASSWORD } }],
    'a new password': ['PUT', '/me/password', { token, body: { currentPassword: PASSWORD, newPassword } }],
  };
  for (const [name, request] of Object.entries(requests)) {
    const { status, body, headers } = await api.ask(...request);
    t.match({ status, body }, { status: 503, body: { type: /\/problems\/busy$/ } }, name);
    t.equal(headers['retry-after'], '1', name);
  }
  t.equal(await db.user.count(), users);
  t.strictSame(
    (await db.failedTries.findMany()).filter(({ failures }) => failures > 0),
    [],
    'no failed attempt is counted',
  );
  release();
  await Promise.all(hashes);
  t.equal((await api.ask('POST', '/login', { body: { email, password: PASSWORD } })).status, 200);
});
