/**
 * One of two processes whose clock is set back by an hour, with a Postgres whose clock is right.
 *
 * @runs once, on Postgres: with SQLite, the clock of the process is the database's.
 */
import t from 'tap';
import { createCluster, isAccepted, refused, until } from '../processes/cluster.ts';
import { movableClock } from './clock.ts';
import { Load } from './load.ts';
import { seededRandom } from './random.ts';
import { checkAll, RECOVERY_MS } from './scene.ts';

const PEOPLE = 6;
const SHIFT_SECONDS = -3_600;

t.test(
  'A process whose clock is set back by an hour is not ready until the clock is corrected',
  async (t) => {
    const random = seededRandom();
    const clock = await movableClock(t);
    t.comment(`by ${clock.means}: --seed=${random.seed}`);
    const cluster = await createCluster(t, { RATE_LIMIT: '0' });
    const right = await cluster.start();
    const wrong = await cluster.start(clock.variables);
    const admin = await cluster.person(right, 2);
    const ready = async () => (await wrong.ask('GET', '/health/ready')).status === 200;
    let isOff = false;
    const load = new Load(t, {
      people: PEOPLE,
      random,
      admin: () => admin.token,
      // As a load balancer does that checks readiness.
      serving: (person) => (person % 2 === 0 || isOff ? right : wrong),
    });
    const before = await cluster.person(right, 2);
    t.ok(await isAccepted(wrong, before.token));
    t.ok(await ready());
    await load.successes(60);

    isOff = true;
    await clock.set(SHIFT_SECONDS);
    const noticed = await until('it is not ready', 5_000, async () => !(await ready()));
    t.comment(`not ready after ${Math.round(noticed)} ms`);
    const body = { access: 1 };
    const demotion = await right.ask('PATCH', `/users/${before.id}`, { token: admin.token, body });
    t.equal(demotion.status, 200);
    await refused(wrong, before.token, performance.now());
    t.pass('whoever is demoted is refused, also by the process that is off');
    const started = await cluster.start(clock.variables);
    t.notOk(await isAccepted(started, before.token), 'and by one that starts with such a clock');
    t.equal((await started.ask('GET', '/health/ready')).status, 503);
    await started.stop();
    await load.successes(60);

    await clock.set(0);
    const recovery = await until('it is ready again', 10_000, ready);
    t.ok(recovery < RECOVERY_MS, `ready again after ${Math.round(recovery)} ms`);
    t.comment(`ready again after ${Math.round(recovery)} ms`);
    isOff = false;
    t.notOk(await isAccepted(wrong, before.token), 'a demotion stays one');
    await load.successes(60);
    await load.stop();

    t.ok(
      load.attempts.every(({ status }) => status !== undefined && status !== 503),
      'nobody noticed',
    );
    await checkAll(t, { cluster, members: [right, wrong], load });
  },
);
