/**
 * Service whose database another program has locked for writing.
 *
 * @runs once, on SQLite: it is about nothing else.
 */
import Sqlite from 'better-sqlite3';
import t from 'tap';
import { sqlitePath } from '#latchkey/db/sqlite/database-file.ts';
import { createCluster } from '../../processes/cluster.ts';

const SIGN_INS = 20;
const ROUNDS = 3;

t.test('Reads are served without delay while changes and sign-ins wait for the lock', async (t) => {
  const cluster = await createCluster(t, { RATE_LIMIT: '0' });
  const service = await cluster.start();
  const { token } = await cluster.person(service, 1);
  const other = new Sqlite(sqlitePath(cluster.url));
  t.teardown(() => void other.close());
  other.exec('BEGIN IMMEDIATE');

  const answers: number[] = [];
  const waiting = [
    service.ask('PATCH', '/me', { token, body: { name: 'Grace' } }),
    ...Array.from({ length: SIGN_INS }, (_, n) =>
      service.ask('POST', '/login', { body: { email: `nobody-${n}@example.com`, password: 'wrong' } }),
    ),
  ].map((answer) => answer.then(({ status }) => answers.push(status)));
  for (let round = 0; round < ROUNDS; round++) {
    t.equal((await service.ask('GET', '/health/live')).status, 200);
    t.equal((await service.ask('GET', '/health/ready')).status, 200);
    t.equal((await service.ask('GET', '/me/permissions', { token })).status, 200, 'a guard, and no database');
    t.match(await service.ask('GET', '/me', { token }), { status: 200, body: { name: 'Somebody' } });
  }
  t.strictSame(answers, [], `all of ${4 * ROUNDS} are answered before the first of those that wait`);

  other.exec('COMMIT');
  await Promise.all(waiting);
  t.strictSame(answers.toSorted(), [200, ...Array.from({ length: SIGN_INS }, () => 401)]);
  t.match((await service.ask('GET', '/me', { token })).body, { name: 'Grace' });
  await service.stop();
});
