/**
 * Tests the throttle of answers to rejected requests.
 *
 * @runs once, on SQLite: it tests connections.
 */
import { Socket } from 'node:net';
import t from 'tap';
import { RejectionThrottle } from '#latchkey/problems/rejection-throttle.ts';
import { until } from '../until.ts';

const connections = (count: number) => Array.from({ length: count }, () => new Socket());

t.test('250 answers may wait, and further connections are closed', async (t) => {
  const throttle = new RejectionThrottle();
  const all = connections(1_000);
  const answered = new Set<Socket>();
  for (const socket of all) throttle.schedule(socket, () => answered.add(socket));
  t.ok(answered.size > 0, 'the first are answered at once');
  t.equal(throttle.waiting, 250);
  const open = all.filter(({ destroyed }) => !destroyed);
  t.equal(open.length, answered.size + 250);
  await until(async () => answered.size === open.length);
  t.strictSame([...answered], open, 'in turn, and each');
  t.equal(throttle.waiting, 0);
});

t.test(
  'One answer of a connection may wait, and the connection is closed when it needs another',
  async (t) => {
    const throttle = new RejectionThrottle();
    for (const socket of connections(20)) throttle.schedule(socket, () => {});
    const before = throttle.waiting;
    const [greedy] = connections(1);
    t.ok(greedy);
    if (greedy === undefined) return;
    let answers = 0;
    throttle.schedule(greedy, () => answers++);
    t.equal(throttle.waiting, before + 1);
    throttle.schedule(greedy, () => answers++);
    t.ok(greedy.destroyed);
    t.equal(throttle.waiting, before);
    await until(async () => throttle.waiting === 0);
    t.equal(answers, 0);
  },
);

t.test('The answer of a closed connection no longer waits', async (t) => {
  const throttle = new RejectionThrottle();
  const all = connections(100);
  for (const socket of all) throttle.schedule(socket, () => {});
  for (const socket of all) socket.destroy();
  await new Promise(setImmediate);
  t.equal(throttle.waiting, 0);
});

t.test('A connection that waits often keeps no listeners', async (t) => {
  const throttle = new RejectionThrottle();
  const [often] = connections(1);
  t.ok(often);
  if (often === undefined) return;
  for (let n = 0; n < 5; n++) {
    for (const socket of connections(10)) throttle.schedule(socket, () => {});
    let isAnswered = false;
    throttle.schedule(often, () => {
      isAnswered = true;
    });
    await until(() => isAnswered);
  }
  t.equal(often.listenerCount('close'), new Socket().listenerCount('close'));
});
