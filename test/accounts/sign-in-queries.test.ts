/**
 * The number of statements of a sign-in.
 *
 * @runs alone: it listens to all databases of the process.
 */
import t from 'tap';
import { PASSWORD } from '../helper.ts';
import { listenToStatements } from '../statements.ts';
import { startQuietApi } from '../tokens/quiet-api.ts';

const statements = listenToStatements();

t.test('A sign-in runs a fixed number of statements in each case of network and password', async (t) => {
  const api = await startQuietApi(t);
  const { email } = await api.person(1);
  /** The statements about attempts and about known networks. */
  const ask = async (password: string, remoteAddress: string) => {
    const before = statements.length;
    const payload = { email, password };
    const { statusCode } = await api.app.inject({ method: 'POST', url: '/login', payload, remoteAddress });
    const own = statements.slice(before).filter((text) => /FailedTries|KnownNetwork/.test(text));
    return [statusCode, own.filter((text) => text.includes('FailedTries')).length, own.length];
  };
  // In order: the network's counter before the slot and in it, the reservation, and the verdict.
  t.strictSame(await ask(PASSWORD, '192.0.2.1'), [200, 4, 6], 'from a network that is new: it is noted');
  t.strictSame(await ask(PASSWORD, '192.0.2.1'), [200, 2, 3], 'where it is known: reserved, and taken back');
  t.strictSame(await ask('wrong', '192.0.2.1'), [401, 3, 4], 'a wrong one there');
  t.strictSame(await ask('wrong', '192.0.2.2'), [401, 4, 5], 'a wrong one from elsewhere');

  const countAll = async () => {
    const before = statements.length;
    const answer = await api.ask('POST', '/login', { body: { email, password: PASSWORD } });
    t.equal(answer.status, 200);
    return statements.length - before;
  };
  await countAll();
  // With the beginning and the end of the transaction on Postgres. As many as before there were second
  // factors.
  const expected = api.databaseUrl.startsWith('file:') ? 10 : 12;
  t.equal(await countAll(), expected, 'all of a sign-in without a second factor');
});
