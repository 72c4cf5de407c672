/**
 * Process whose database goes away and comes back.
 *
 * @runs once, on Postgres: SQLite has no server that goes away.
 */
import t, { type Test } from 'tap';
import { PASSWORD } from '../helper.ts';
import { startPostgres } from '../postgres-server.ts';
import { createCluster, type Reply, until } from './cluster.ts';

function checkUnavailable(t: Test, { status, headers, body, took }: Reply, name: string): void {
  t.equal(status, 503, name);
  t.match(headers['retry-after'], /^[1-9]\d*$/, name);
  t.equal(headers['content-type'], 'application/problem+json; charset=utf-8', name);
  t.match(
    body,
    { type: /\/problems\/(database-unavailable|not-ready)$/, status: 503, requestId: String },
    name,
  );
  t.ok(took < 10_000, `${name}: at once`);
}

t.test('A service without its database recovers by itself', async (t) => {
  const postgres = await startPostgres();
  t.teardown(() => postgres.stop());
  const cluster = await createCluster(t, { DATABASE_URL: postgres.url });
  const service = await cluster.start();
  const { email, token, refreshToken } = await cluster.person(service, 2);
  const guarded = () => service.ask('GET', '/me/permissions', { token });
  let current = refreshToken;

  for (const [how, end] of [
    ['shut down', () => postgres.shutDown()],
    ['killed', () => postgres.kill()],
  ] as const) {
    await t.test(`The service recovers after Postgres was ${how}`, async (t) => {
      t.equal((await guarded()).status, 200);
      await end();
      const since = performance.now();
      await until('the guard has stopped trusting', 5_000, async () => {
        const { status, sentAt } = await guarded();
        if (status === 200 && sentAt - since > 2_000) throw new Error('Trusted for more than 2 s');
        return status === 503;
      });

      checkUnavailable(t, await guarded(), 'a guarded route that itself asks no database');
      checkUnavailable(t, await service.ask('GET', '/me', { token }), 'one that does');
      checkUnavailable(t, await service.ask('POST', '/logout', { token }), 'one that changes something');
      checkUnavailable(t, await service.ask('GET', '/health/ready'), 'readiness');
      const credentials = { email, password: PASSWORD };
      checkUnavailable(t, await service.ask('POST', '/login', { body: credentials }), 'signing in');
      const body = { refreshToken: current };
      checkUnavailable(t, await service.ask('POST', '/refresh', { body }), 'refreshing');

      for (const path of [
        '/',
        '/health/live',
        '/.well-known/jwks.json',
        '/problems/not-ready',
        '/openapi.json',
      ])
        t.equal((await service.ask('GET', path)).status, 200, path);
      t.equal((await service.ask('GET', '/me')).status, 401, 'no token needs no database');
      const forged = `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(86)}`;
      t.equal((await service.ask('GET', '/me', { token: forged })).status, 401, 'nor does a forged one');
      const invalid = { body: { refreshToken: `${current.slice(0, -43)}${'A'.repeat(43)}` } };
      t.equal((await service.ask('POST', '/refresh', invalid)).status, 401, 'nor a forged refresh token');

      await postgres.restart();
      const ready = async () => (await service.ask('GET', '/health/ready')).status === 200;
      await until('it is ready again by itself', 5_000, ready);
      t.equal((await guarded()).status, 200, 'with the token from before');
      const refreshed = await service.ask('POST', '/refresh', { body });
      t.equal(refreshed.status, 200);
      current = refreshed.body.refreshToken;
    });
  }

  const { stdout } = await service.stop();
  const failures = stdout.split('\n').filter((line) => line.includes('A job failed'));
  t.ok(failures.length <= 8, 'the log is not filled');
});
