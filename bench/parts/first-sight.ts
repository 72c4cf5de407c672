/**
 * First request with a token that is in no cache: the signature has to be verified, and little else should
 * be.
 */
import { startContender } from '../tools/contender.ts';
import { type Effort, type Figure, type Part, toRatio } from '../tools/figures.ts';

export const firstSight: Part = {
  name: 'first',
  title: 'First sight of a token (ES256), of the signature check alone',
  measure,
};

async function measure({ rounds, say }: Effort): Promise<Figure[]> {
  const contender = await startContender('first-sight');
  if (contender === undefined) throw new Error('Latchkey did not start');
  const times = { ours: [] as number[], bare: [] as number[] };
  try {
    const once = async (): Promise<{ ours: number; bare: number }> =>
      JSON.parse(await (await fetch(contender.url)).text());
    await once();
    for (let round = 1; round <= rounds; round++) {
      const { ours, bare } = await once();
      times.ours.push(ours);
      times.bare.push(bare);
      say(`round ${round} of ${rounds}: ${ours.toFixed(1)} of ${bare.toFixed(1)} microseconds`);
    }
  } finally {
    await contender.stop();
  }
  return [toRatio('time of a token', times.ours, times.bare, { atMost: 2.5 })];
}
