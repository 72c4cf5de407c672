/**
 * The process of the attackers: they send one request after another without pause, until they are told to
 * stop.
 */
import { describe, type Step, startLoad } from '../processes/load.ts';

process.on('disconnect', () => process.exit());
process.once('message', (attack: { url: string; connections: number; steps: readonly Step[] }) => {
  const { url, connections, steps } = attack;
  const load = startLoad(url, connections, (turn) => steps[turn % steps.length] ?? fail());
  process.once('message', async () => {
    await load.stop();
    process.send?.({ failures: load.failures, line: describe(load) }, () => process.disconnect());
  });
});

function fail(): never {
  throw new Error('There is nothing to ask');
}
