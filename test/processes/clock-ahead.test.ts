/**
 * Three processes that share a SQLite file, and a clock that is two hours ahead and is set right.
 *
 * @runs once, on SQLite: the clock of the database is that of the processes, which the test can move.
 */
import t from 'tap';
import { movableClock } from '../faults/clock.ts';
import { createCluster, isAccepted } from './cluster.ts';

const AHEAD_SECONDS = 7_200;

t.test('A token of a clock that was ahead does not come back after its session has ended', async (t) => {
  const clock = await movableClock(t);
  t.comment(`by ${clock.means}`);
  const cluster = await createCluster(t, { ...clock.variables, RATE_LIMIT: '0' });
  await clock.set(AHEAD_SECONDS);
  const members = [await cluster.start(), await cluster.start()];
  const [here, there] = members as [(typeof members)[0], (typeof members)[0]];
  const { token, refreshToken } = await cluster.person(here, 1);
  const kept = await cluster.person(here, 1);
  for (const at of members) t.ok(await isAccepted(at, token), 'it is used while the clock is ahead');

  await clock.set(0);
  for (const at of members) t.notOk(await isAccepted(at, token), 'it was issued in the future');
  t.equal((await here.ask('POST', '/logout', { body: { refreshToken } })).status, 204);
  for (const at of members) t.notOk(await isAccepted(at, token), 'signed out');
  // A process that reads the rows when the token has become valid, and those that have heard of it before.
  await clock.set(AHEAD_SECONDS + 300);
  const late = await cluster.start();
  for (const at of [late, here, there]) {
    t.notOk(await isAccepted(at, token), 'its session has ended');
    t.ok(await isAccepted(at, kept.token), 'a token of the same time whose session goes on');
  }
});
