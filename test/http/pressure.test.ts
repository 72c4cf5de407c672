/**
 * What happens when there is too much to do: whoever comes is told at once, and nothing is half done.
 *
 * @runs once, on SQLite: it is about the processor.
 */
import t from 'tap';
import { hashPassword } from '#latchkey/accounts/passwords.js';
import { type Api, PASSWORD, startApi } from '../helper.ts';
import { until } from '../until.ts';

t.test('a process that falls behind turns requests away, but health checks, and recovers', async (t) => {
  const block = () => {
    const end = performance.now() + 400;
    while (performance.now() < end);
  };
  const api = await startApi(
    t,
    {},
    {
      // The default is a second, for which a test would have to block the loop for longer.
      maxEventLoopDelay: 100,
      routes: async (app) => {
        app.get('/block', { config: { access: 'public' } }, (_request, reply) => {
          block();
          reply.code(204).send();
        });
      },
    },
  );
  const { token } = await api.person(1);
  const isBusy = async () => (await api.ask('GET', '/me', { token })).status === 503;
  t.notOk(await isBusy());
  await until(async () => {
    await api.app.inject('/block');
    return isBusy();
  });
  const { body, headers } = await api.ask('GET', '/me', { token });
  t.match(body, { status: 503, type: /\/problems\/busy$/, detail: /\w/ });
  t.equal(headers['retry-after'], '1');
  t.equal((await api.ask('GET', '/health/live')).status, 200);
  await until(async () => !(await isBusy()));
  t.pass('it recovers');
});

t.test(
  'past the passwords that may wait for their hash: 503 at once, no try is counted, nothing is written',
  async (t) => {
    const api = await startApi(t);
    const { email, token } = await api.person(1);
    const { db } = api.app.accounts;
    let isOver = false;
    const hashes = new Set<Promise<unknown>>();
    /** Has as many wait as may, until the end. */
    const fill = () => {
      try {
        while (!isOver) {
          const hash = hashPassword(PASSWORD).then(() => {
            hashes.delete(hash);
            fill();
          });
          hashes.add(hash);
        }
      } catch {
        // It is full.
      }
    };
    fill();
    const users = await db.user.count();
    const newPassword = 'a password of some length';
    const newcomer = { name: 'Ada', email: 'ada@example.com', password: newPassword };
    const requests: Record<string, Parameters<Api['ask']>> = {
      'sign-in': ['POST', '/login', { body: { email, password: 'wrong wrong wrong' } }],
      'sign-in of nobody': ['POST', '/login', { body: { email: 'nobody@example.com', password: PASSWORD } }],
      registration: ['POST', '/register', { body: newcomer }],
      reauthentication: ['POST', '/me/reauthenticate', { token, body: { password: PASSWORD } }],
      'a new password': ['PUT', '/me/password', { token, body: { currentPassword: PASSWORD, newPassword } }],
      leaving: ['DELETE', '/me', { token, body: { password: PASSWORD } }],
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
      'nobody failed',
    );
    isOver = true;
    await Promise.all(hashes);
    t.equal((await api.ask('POST', '/login', { body: { email, password: PASSWORD } })).status, 200);
  },
);
