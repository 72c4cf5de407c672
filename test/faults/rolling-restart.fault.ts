/**
 * Each of three processes behind the proxy is restarted, under load, and nobody notices.
 *
 * @runs once, on Postgres: one SQLite file serves one machine.
 */
import t from 'tap';
import { describe } from '../processes/load.ts';
import { checkFailures, loadFleet, startFleet } from './fleet.ts';

const ROUNDS = 2;

t.test('a rolling restart under load: no request fails, POSTs neither', async (t) => {
  const fleet = await startFleet(t);
  const load = await loadFleet(fleet);
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round++) took.push(...(await fleet.roll()));
  await load.stop();
  console.log(`# behind ${fleet.kind}, ${took.length} restarts (${took.join(', ')} ms): ${describe(load)}`);
  checkFailures(t, load);
  t.ok(took.every((milliseconds) => milliseconds < 10_000));
});
