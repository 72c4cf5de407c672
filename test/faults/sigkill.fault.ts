/** Processes that are killed under load. */
import t from 'tap';
import { createCluster, type Member } from '../processes/cluster.ts';
import { Load } from './load.ts';
import { seededRandom } from './random.ts';
import { checkBooks, report } from './scene.ts';

const KILLS = 3;
const PEOPLE = 6;

/** Number of successful requests between two kills. */
const REQUESTS_PER_KILL = 60;

t.test('No acknowledged change is lost by SIGKILL under load, and the other processes go on', async (t) => {
  const random = seededRandom();
  t.comment(`--seed=${random.seed}`);
  const cluster = await createCluster(t, { RATE_LIMIT: '0' });
  // SQLite is for one machine, and one process of it is killed; with Postgres, one of three.
  const start = () => cluster.start();
  const members: Member[] =
    cluster.database.kind === 'sqlite' ? [await start()] : await Promise.all([start(), start(), start()]);
  const admin = await cluster.person(members[0]!, 2);
  const killed = new Set<number>();
  const load = new Load(t, {
    people: PEOPLE,
    random,
    admin: () => admin.token,
    serving: (person) => members[person % members.length]!,
  });

  for (let kill = 0; kill < KILLS; kill++) {
    await load.successes(REQUESTS_PER_KILL);
    const index = random.below(members.length);
    const victim = members[index]!;
    killed.add(victim.pid);
    victim.signal('SIGKILL');
    await victim.ended;
    members[index] = await start();
  }
  await load.successes(REQUESTS_PER_KILL);
  await load.stop();

  report(t, load);
  const failed = load.attempts.filter(({ status }) => status === undefined || status === 503);
  const elsewhere = failed.filter(({ at }) => !killed.has(at.pid));
  t.strictSame(
    elsewhere.map(({ what }) => what),
    [],
    'no request failed at a process that was not killed',
  );
  t.ok(failed.length > 0, `${failed.length} failed at the killed ones`);
  await checkBooks(t, cluster, load);
  for (const { stop } of members) await stop();
});
