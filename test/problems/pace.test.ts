/**
 * What waits for its answer when too many come.
 *
 * @runs once, on SQLite: it is about connections.
 */
import { Socket } from 'node:net';
import t from 'tap';
import { RejectionThrottle } from '#latchkey/problems/rejection-throttle.ts';
import { until } from '../until.ts';

const connections = (count: number) => Array.from({ length: count }, () => new Socket());

t.test('some hundred answers wait; past them, connections are closed', async (t) => {
  const pace = new RejectionThrottle();
  const all = connections(1_000);
  const answered = new Set<Socket>();
  for (const socket of all) pace.schedule(socket, () => answered.add(socket));
  t.ok(answered.size > 0, 'the first are answered at once');
  t.equal(pace.waiting, 250);
  const open = all.filter(({ destroyed }) => !destroyed);
  t.equal(open.length, answered.size + 250);
  await until(async () => answered.size === open.length);
  t.strictSame([...answered], open, 'in turn, and each');
  t.equal(pace.waiting, 0);
});

t.test('one answer waits of a connection: it is closed when it asks for another', async (t) => {
  const pace = new RejectionThrottle();
  for (const socket of connections(20)) pace.schedule(socket, () => {});
  const before = pace.waiting;
  const [greedy] = connections(1);
  t.ok(greedy);
  if (greedy === undefined) return;
  let answers = 0;
  pace.schedule(greedy, () => answers++);
  t.equal(pace.waiting, before + 1);
  pace.schedule(greedy, () => answers++);
  t.ok(greedy.destroyed);
  t.equal(pace.waiting, before);
  await until(async () => pace.waiting === 0);
  t.equal(answers, 0);
});

t.test('nobody is waited for who has gone', async (t) => {
  const pace = new RejectionThrottle();
  const all = connections(100);
  for (const socket of all) pace.schedule(socket, () => {});
  for (const socket of all) socket.destroy();
  await new Promise(setImmediate);
  t.equal(pace.waiting, 0);
});
