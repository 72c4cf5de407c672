/**
 * A rolling restart of three processes behind a proxy, under load.
 *
 * @runs once, on Postgres: one SQLite file serves one machine.
 */
import t from 'tap';
import { describe } from '../processes/load.ts';
import { checkFailures, loadFleet, startFleet } from './fleet.ts';

const ROUNDS = 2;

t.test('No request fails during a rolling restart under load, not even a POST', async (t) => {
  const fleet = await startFleet(t);
  const load = await loadFleet(fleet);
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round++) took.push(...(await fleet.roll()));
  await load.stop();
  console.log(`# behind ${fleet.kind}, ${took.length} restarts (${took.join(', ')} ms): ${describe(load)}`);
  checkFailures(t, load);
  t.ok(took.every((milliseconds) => milliseconds < 10_000));
});
