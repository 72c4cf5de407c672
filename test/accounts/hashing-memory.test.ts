/** The memory limit of hashing: passwords wait for memory as they wait for a processor. */
import { resolve } from 'node:path';
import argon2 from 'argon2';
import t from 'tap';
import type { HashCost } from '#latchkey/accounts/passwords/formats/format.ts';
import {
  hashingQueue,
  hashPassword,
  requireHashingCapacity,
  unusableHash,
} from '#latchkey/accounts/passwords/hash.ts';
import { HashingQueue } from '#latchkey/accounts/passwords/hashing-queue.ts';
import { costOf } from '#latchkey/accounts/passwords/parse-hash.ts';
import { PASSWORD, startApi } from '../helper.ts';
import { importLines } from '../importing.ts';
import { noteSecret } from '../secret-log.ts';
import { readSources } from '../source-files.ts';

/** Work that runs until the test ends it. */
function hold(queue: HashingQueue, cost: HashCost) {
  const held = { isRunning: false, end: () => {}, done: Promise.resolve() };
  held.done = queue.run(cost, async () => {
    held.isRunning = true;
    await new Promise<void>((resolve) => {
      held.end = resolve;
    });
    held.isRunning = false;
  });
  return held;
}

/** Lets the queue start the work that may start. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The indexes of the running work, at once or after one of them has ended. */
function watch(works: readonly ReturnType<typeof hold>[]) {
  const running = async () => {
    await turn();
    return works.flatMap(({ isRunning }, at) => (isRunning ? [at] : []));
  };
  const end = async (at: number) => {
    works[at]?.end();
    await works[at]?.done;
    return running();
  };
  return { running, end };
}

t.test('Work starts in its order when slots and memory are free', async (t) => {
  const queue = new HashingQueue({ slots: 3, memoryKib: 100 });
  const works = [40, 40, 40, 10, 300, 10, 10, 10, 10].map((memoryKib) =>
    hold(queue, { memoryKib, threads: 1 }),
  );
  const { running, end } = watch(works);
  t.strictSame(
    await running(),
    [0, 1],
    'the third needs more than is left, and the small one does not pass it',
  );
  t.match(queue, { running: 2, waiting: 7, usedKib: 80 });
  t.strictSame(await end(0), [1, 2, 3]);
  t.strictSame(await end(1), [2, 3], 'what needs more than there may be waits until it is alone');
  t.strictSame(await end(2), [3]);
  t.strictSame(await end(3), [4]);
  t.match(queue, { running: 1, waiting: 4, usedKib: 300 });
  t.strictSame(await end(4), [5, 6, 7], 'as many as there are slots');
  for (const at of [5, 6, 7, 8]) await end(at);
  t.match(queue, { running: 0, waiting: 0, usedKib: 0 });
});

t.test('Work with several threads takes a slot for each', async (t) => {
  const queue = new HashingQueue({ slots: 4, memoryKib: 100 });
  const works = [2, 2, 1, 16, 1, 3, 1].map((threads) => hold(queue, { memoryKib: 1, threads }));
  const { running, end } = watch(works);
  t.strictSame(await running(), [0, 1], 'two of two threads each');
  t.strictSame(await end(0), [1, 2]);
  t.strictSame(await end(1), [2], 'more threads than there are slots wait until they are alone');
  t.strictSame(await end(2), [3]);
  t.strictSame(await end(3), [4, 5], 'four slots');
  t.strictSame(await end(5), [4, 6]);
  for (const at of [4, 6]) await end(at);
  t.match(queue, { running: 0, waiting: 0, usedKib: 0 });
});

t.test('Work that fails releases its slot', async (t) => {
  const queue = new HashingQueue({ slots: 1, memoryKib: 100 });
  await t.rejects(
    queue.run({ memoryKib: 100, threads: 1 }, () => Promise.reject(new Error('failed'))),
    { message: 'failed' },
  );
  t.match(queue, { running: 0, usedKib: 0 });
});

t.test('The cost of a hash is read from its parameters', async (t) => {
  const salt = 'c2FsdHNhbHRzYWx0';
  for (const [hash, memoryKib, threads] of [
    [unusableHash(), 19_456, 1],
    [`$argon2i$v=19$m=131072,t=8,p=16$${salt}$${salt}${salt}`, 131_072, 16],
    [`$argon2i$v=19$m=131072,p=16,t=8$${salt}$${salt}${salt}`, 131_072, 16],
    [`$argon2d$m=64,t=8,p=1$${salt}$${salt}${salt}`, 64, 1],
    [`$scrypt$ln=17,r=8,p=1$${salt}$${salt}${salt}`, 131_073, 1],
    [`$scrypt$ln=1,r=1,p=1024$${salt}$${salt}${salt}`, 129, 1],
    ['$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG', 8, 1],
  ] as const)
    t.strictSame(costOf(hash), { memoryKib, threads }, hash.slice(0, 20));
});

t.test('Failed sign-ins to accounts with costly hashes are verified one after the other', async (t) => {
  const { app, ask } = await startApi(
    t,
    { HASH_MEMORY: '200', HASH_CONCURRENCY: '8' },
    { hasRealHashes: true },
  );
  const passwordHash = await argon2.hash(PASSWORD, { memoryCost: 131_072, timeCost: 1, parallelism: 1 });
  noteSecret(passwordHash);
  const emails = Array.from({ length: 6 }, (_, number) => `costly-${number}@example.com`);
  await importLines(
    app.accounts,
    emails.map((email) => ({ name: 'Costly', email, passwordHash })),
  );
  const most = { running: 0, usedKib: 0 };
  const watch = setInterval(() => {
    const { running, usedKib } = hashingQueue();
    most.running = Math.max(most.running, running);
    most.usedKib = Math.max(most.usedKib, usedKib);
  }, 1);
  t.teardown(() => clearInterval(watch));
  const answers = await Promise.all(
    emails.map((email) => ask('POST', '/login', { body: { email, password: 'wrong wrong wrong' } })),
  );
  t.ok(answers.every(({ status }) => status === 401));
  t.strictSame(most, { running: 1, usedKib: 131_072 });
});

t.test('Fewer hashes may wait when memory is short', async (t) => {
  await startApi(t, { HASH_MEMORY: '19' }, { hasRealHashes: true });
  t.match(hashingQueue(), { memoryKib: 19 * 1024, room: 32 });
  const hashes: Promise<string>[] = [];
  t.throws(() => {
    for (;;) hashes.push(hashPassword(PASSWORD));
  });
  t.throws(requireHashingCapacity);
  t.equal(hashes.length, 33);
  t.equal(hashingQueue().running, 1);
  await Promise.all(hashes);
});

t.test('No setting of the service makes hashes cheaper', async (t) => {
  const sources = await readSources(resolve(import.meta.dirname, '../../src'));
  const isNamed = ({ text }: { text: string }) => text.includes('setHashParameters');
  t.strictSame(
    sources.filter(isNamed).map(({ path }) => path),
    ['accounts/passwords/hash.ts'],
  );
});
