/**
 * Two servers on one SQLite file, one more than is recommended: they write one after the other, and see the
 * revocations of each other as processes on Postgres do.
 *
 * @runs once, on SQLite: it tests only SQLite.
 */
import t from 'tap';
import { createCluster, type Member, refused } from '../processes/cluster.ts';
import { Load } from './load.ts';
import { seededRandom } from './random.ts';
import { checkAll } from './scene.ts';

const PEOPLE = 8;
const DEMOTIONS = 5;

t.test(
  'Two servers on one SQLite file work under load, and each applies a demotion by the other',
  async (t) => {
    const random = seededRandom();
    t.comment(`--seed=${random.seed}`);
    const cluster = await createCluster(t, { RATE_LIMIT: '0' });
    const [here, there]: [Member, Member] = [await cluster.start(), await cluster.start()];
    const admin = await cluster.person(here, 2);
    const load = new Load(t, {
      people: PEOPLE,
      random,
      admin: () => admin.token,
      serving: (person) => (person % 2 === 0 ? here : there),
    });
    await load.successes(100);
    const delays: number[] = [];
    for (let turn = 0; turn < DEMOTIONS; turn++) {
      const { id, token } = await cluster.person(here, 2);
      const { status } = await here.ask('PATCH', `/users/${id}`, { token: admin.token, body: { access: 1 } });
      t.equal(status, 200);
      const since = performance.now();
      await refused(there, token, since);
      delays.push(performance.now() - since);
    }
    t.comment(`a demotion was obeyed by the other after ${Math.round(Math.max(...delays))} ms at most`);
    await load.successes(100);
    await load.stop();

    const failed = load.attempts.filter(({ status }) => status === undefined || status === 503);
    t.strictSame(
      failed.map(({ what, problem }) => `${what}: ${problem}`),
      [],
      'no request failed',
    );
    await checkAll(t, { cluster, members: [here, there], load });
  },
);
