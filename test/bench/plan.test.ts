/**
 * docs/operations/scaling.md has the figures of the plan, and the plan has those of its simulation.
 *
 * @runs once, on SQLite: it asks no database.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { readCosts } from '../../bench/planning/costs.ts';
import { built, findLimits, headroom, plan } from '../../bench/planning/model.ts';
import { simulate } from '../../bench/planning/queue.ts';
import { describePlan, fillIn } from '../../bench/planning/tables.ts';

const { costs } = readCosts();
const crowd = { cores: 1, hash: 25, utilisation: 0.5, hasRushes: false, seed: 1 };

t.test(
  'The tables of docs/operations/scaling.md are the output of npm run bench:plan -- --write',
  async (t) => {
    const document = readFileSync('docs/operations/scaling.md', 'utf8');
    t.equal(document, fillIn(document, describePlan(readCosts())));
  },
);

t.test('A document without a place for a table is refused', async (t) => {
  t.throws(() => fillIn('# Planning', { needs: '' }), {
    message: 'docs/operations/scaling.md lacks <!-- plan:needs -->',
  });
});

t.test('The simulation agrees with the formulas of queueing theory', async (t) => {
  // Pollaczek and Khinchine: the mean wait of M/D/1 at 50 % is half a service time; its median is lower,
  // because half of the customers do not wait.
  const { rejected, median, p99 } = simulate(crowd);
  t.equal(rejected, 0);
  t.ok(median < crowd.hash / 2, `${median} ms`);
  t.ok(p99 > crowd.hash && p99 < 5 * crowd.hash, `${p99} ms`);
  const half = simulate({ ...crowd, utilisation: 2 }).rejected;
  t.ok(Math.abs(half - 0.5) < 0.01, `${half} of twice too many`);
});

t.test('The plan’s use of hashing leaves room for rushes', async (t) => {
  const rushes = { ...crowd, hash: costs.hashMilliseconds, hasRushes: true };
  t.ok(simulate({ ...rushes, utilisation: headroom.hashing }).rejected < 0.002);
  t.ok(simulate({ ...rushes, utilisation: headroom.hashing + 0.3 }).rejected > 0.01);
});

t.test('A limit is reported where the plan first exceeds it', async (t) => {
  const limit = findLimits(costs).find(({ name }) => name.startsWith('the map of revocations'));
  const users = limit?.users ?? 0;
  t.ok(plan(users, costs).liveRevocations > built.revocations);
  t.ok(plan(users - 1, costs).liveRevocations <= built.revocations);
});

t.test('The plan uses the constants of the code', async (t) => {
  const numberOf = (path: string, name: string) => {
    const [, expression = ''] = new RegExp(`const ${name} = ([^;]+);`).exec(readFileSync(path, 'utf8')) ?? [];
    return expression.replaceAll('_', '');
  };
  const revocations = 'src/tokens/revocations.ts';
  t.equal(numberOf(revocations, 'MAX_ENTRIES'), `${built.revocations}`);
  t.equal(numberOf('src/tokens/poll-clock.ts', 'OVERLAP_MS'), `${built.overlap * 1_000}`);
  t.equal(numberOf('src/tokens/revocation-map.ts', 'RETENTION_MS'), '3600000 + 60000');
  t.equal(built.remembered, 3_660);
  t.equal(numberOf('src/tokens/prune-revocations.ts', 'RETENTION_MS'), '25 * 3600000');
  t.equal(built.kept, 90_000);
  t.equal(numberOf('src/db/postgres/adapter.ts', 'DEFAULT_CONNECTIONS'), `${built.connections}`);
  t.equal(numberOf('src/accounts/passwords/hash.ts', 'MAX_WAITING_PER_SLOT'), '32');
});
