/**
 * Tests failures of the service: an unexpected exception, and an unavailable database.
 *
 * @runs once, on Postgres: each test has its own kind of database.
 */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import t, { type Test } from 'tap';
import { serve, temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { type Answer, PASSWORD, PUBLIC_URL, startApi } from '../helper.ts';
import { startPostgres } from '../postgres-server.ts';

const ada = { name: 'Ada', email: 'ada@example.com', password: PASSWORD };
const { name: _name, ...credentials } = ada;

/** A server that the tests end and start again. */
const postgres = await startPostgres();
// All services on this database need the secret that the first one makes.
const DATA_DIR = await temporaryFolder(t);
t.teardown(() => postgres.stop());

t.test('An exception is a 500 without details, and one log line with all of them', async (t) => {
  const { url } = await createMigratedDatabase(t);
  const variables = { DATABASE_URL: url, DATA_DIR: await temporaryFolder(t), PUBLIC_URL };
  const service = await serve(t, variables, join(import.meta.dirname, 'own-routes.ts'));
  const routes: Record<string, RegExp> = {
    '/throws': /innermost secret.*what lies behind it/,
    '/rejects': /innermost secret.*what lies behind it/,
    '/hook': /innermost secret.*what lies behind it/,
    '/text': /innermost secret/,
    '/schema': /\\"a\\" is required/,
    '/circular': /circular/,
  };
  const requestIds: Record<string, string> = {};
  for (const path of Object.keys(routes)) {
    const response = await fetch(service.url + path);
    const text = await response.text();
    t.equal(response.status, 500, path);
    t.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8', path);
    t.equal(response.headers.get('x-secret'), null, path);
    const { requestId, ...body } = JSON.parse(text);
    requestIds[path] = requestId;
    t.match(body, { type: `${PUBLIC_URL}/problems/internal-error`, status: 500 }, path);
    t.notMatch(text, /innermost|secret|behind|required|circular|\.[jt]s/, path);
  }
  t.match(await service.ask('GET', '/nothing-there'), {
    status: 404,
    body: { type: `${PUBLIC_URL}/problems/not-found` },
  });
  t.equal((await service.ask('GET', '/health/ready')).status, 200, 'the process goes on');

  service.signal('SIGTERM');
  const { stdout } = await service.ended;
  const lines = stdout.split('\n').filter((line) => line.includes('"level":50'));
  t.equal(lines.length, Object.keys(routes).length);
  for (const [path, cause] of Object.entries(routes)) {
    const own = lines.filter((line) => JSON.parse(line).reqId === requestIds[path]);
    t.equal(own.length, 1, path);
    t.match(own[0], cause, path);
    if (path !== '/text') t.match(own[0], /\bat .*\.js/, `${path}: with its stack`);
  }
});

/** @param answer of a request that needs the database */
function checkUnavailable(
  t: Test,
  { status, headers, body }: Pick<Answer, 'status' | 'headers' | 'body'>,
  name: string,
): void {
  t.equal(status, 503, name);
  t.match(headers['retry-after'], /^[1-9]\d*$/, name);
  t.match(body, { type: /\/problems\/database-unavailable$/, status: 503, requestId: String }, name);
}

t.test('An outage of Postgres causes 503s, and the service recovers without a restart', async (t) => {
  const { ask, person, app } = await startApi(t, { DATABASE_URL: postgres.url, DATA_DIR });
  const { token, email, id } = await person(2);
  const needs = async () => ({
    ready: await ask('GET', '/health/ready'),
    me: await ask('GET', '/me', { token }),
    login: await ask('POST', '/login', { body: { email, password: PASSWORD } }),
    register: await ask('POST', '/register', { body: ada }),
    change: await ask('PATCH', '/me', { token, body: { name: 'Ada' } }),
    panel: await ask('GET', '/control-panel', { token }),
    list: await ask('GET', '/users', { token }),
    disable: await ask('PATCH', `/users/${id}`, { token, body: { name: 'Ada' } }),
  });

  for (const [how, fail] of [
    ['shut down', postgres.shutDown],
    ['killed', postgres.kill],
  ] as const) {
    await fail();
    for (const [name, answer] of Object.entries(await needs()))
      checkUnavailable(t, answer, `${how}: ${name}`);
    t.equal((await ask('GET', '/health/live')).status, 200, how);
    t.equal((await ask('GET', '/me')).status, 401, how);
    t.equal((await ask('POST', '/register', { body: {} })).status, 400, how);

    await postgres.restart();
    const restartedAt = performance.now();
    // Ready again with the next poll of the revocations, at most a second later. An earlier poll may be
    // fresh until then.
    const isPolled = () => app.revocations.age < performance.now() - restartedAt;
    while (!isPolled() || (await ask('GET', '/health/ready')).status !== 200) await wait(20);
    const { register, ...others } = await needs();
    t.strictSame(
      Object.values(others).map(({ status }) => status),
      [200, 200, 200, 200, 200, 200, 200],
      how,
    );
    t.equal(register.status, 201, `${how}: nothing had been registered`);
    await app.accounts.db.user.delete({ where: { email: ada.email } });
  }
});

t.test('The log of an outage says what happened and contains no secret', async (t) => {
  const variables = { DATABASE_URL: postgres.url, DATA_DIR, LOG_LEVEL: 'trace' };
  const service = await serve(t, variables);
  t.equal((await service.ask('POST', '/register', { body: ada })).status, 201);
  t.equal((await service.ask('POST', '/login', { body: credentials })).status, 200);
  await postgres.kill();
  const { body } = await service.ask('POST', '/login', { body: credentials });
  t.equal((await service.ask('POST', '/register', { body: ada })).status, 503);
  // The harness searches the output for the passwords, also that of the database.
  const { stdout } = await service.stop();
  const logged = stdout
    .split('\n')
    .filter((line) => line.includes(`"reqId":"${body.requestId}"`) && line.includes('"level":40'));
  t.equal(logged.length, 1);
  t.match(logged[0], '"problem":"database-unavailable"');
});

t.test(
  'Changes get a 503 and reads succeed while another program holds the write lock of SQLite',
  async (t) => {
    const path = join(await temporaryFolder(t), 'latchkey.db');
    const { ask, person } = await startApi(t, { DATABASE_URL: `file:${path}` });
    const { token } = await person(1, 'Ada');
    const other = new Sqlite(path);
    t.teardown(() => void other.close());
    other.exec('BEGIN IMMEDIATE');
    const change = () => ask('PATCH', '/me', { token, body: { name: 'Grace' } });
    checkUnavailable(t, await change(), 'a change');
    for (const url of ['/health/live', '/health/ready', '/me'])
      t.equal((await ask('GET', url, { token })).status, 200, url);
    other.exec('ROLLBACK');
    t.match((await ask('GET', '/me', { token })).body, { name: 'Ada' });
    t.match(await change(), { status: 200, body: { name: 'Grace' } });
  },
);
