/** Tests both guards with the vectors of docs/reference/feed.md. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { PageGuard } from '../../examples/guard-from-the-page/guard.ts';
import { ApiKeys } from '../../packages/guard/src/api-keys.ts';
import { Checker } from '../../packages/guard/src/checker.ts';
import { requireAnswer } from '../../packages/guard/src/feed.ts';
import { Keys } from '../../packages/guard/src/keys.ts';
import { Levels } from '../../packages/guard/src/levels.ts';
import { GuardProblem } from '../../packages/guard/src/problem.ts';
import { Refusals } from '../../packages/guard/src/refusals.ts';
import { GuardState } from '../../packages/guard/src/state.ts';
import { runCase, VectorClock, type VectorGuard, vectors } from './vectors.ts';

const { issuer, jwks } = vectors;

function ourGuard(clocks: VectorClock): VectorGuard {
  const [keys, levels] = [new Keys(issuer, async () => jwks), new Levels(undefined)];
  const state = new GuardState({ clocks, keys, levels }, { trustMs: 2_000, maxEntries: 1_000 });
  const { revocations } = state;
  const apiKeys = new ApiKeys({ clocks, revocations, introspect: async () => undefined });
  const refusals = new Refusals(issuer, undefined);
  const checker = new Checker({ clocks, keys, apiKeys, levels, state, refusals });
  return {
    take: (answer, sent) => state.apply(requireAnswer(answer), sent),
    ask: async (token, minimum) => {
      try {
        await checker.check(`Bearer ${token}`, { minimum });
        return '200';
      } catch (error) {
        if (!(error instanceof GuardProblem)) throw error;
        return `${error.statusCode} ${error.slug}`;
      }
    },
  };
}

function pageGuard(clock: VectorClock): VectorGuard {
  const guard = new PageGuard(
    issuer,
    () => clock.now,
    async () => jwks,
  );
  return {
    take: (answer, sent) => guard.take(answer, sent),
    ask: async (token, minimum) => guard.ask(`Bearer ${token}`, minimum),
  };
}

for (const [name, make] of Object.entries({ '@latchkey/guard': ourGuard, 'the example': pageGuard }))
  for (const vector of vectors.cases)
    t.test(`${name}: ${vector.name}`, async (t) => {
      const clock = new VectorClock();
      const { said, expected } = await runCase(vector, clock, make(clock));
      t.strictSame(said, expected);
    });

t.test('The example has at most 100 lines, and no framework', async (t) => {
  const text = readFileSync('examples/guard-from-the-page/guard.ts', 'utf8');
  t.ok(text.split('\n').length <= 101);
  t.notMatch(text, /from '(?!jose|node:)/);
});
