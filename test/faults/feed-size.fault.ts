/**
 * The feed with 100,000 revocations and 1,000 readers: its memory, the polls of the database, and the time of
 * a whole reading.
 *
 * @runs once, on Postgres: the polls of several readers are about its connection.
 */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { insertRows } from '#latchkey/db/raw/insert.ts';
import type { FeedPosition } from '#latchkey/tokens/feed-cursor.ts';
import { FeedReaders } from '#latchkey/tokens/feed-readers.ts';
import { RevocationFeed } from '#latchkey/tokens/revocations.ts';
import { Revocations } from '../../packages/guard/src/revocations.ts';
import { startApi } from '../helper.ts';
import { listenToStatements } from '../statements.ts';

const REVOCATIONS = 100_000;
const READERS = 1_000;
const BATCH = 1_000;
const MIB = 2 ** 20;

const statements = listenToStatements();
const api = await startApi(t);
const { db, now } = api.app.accounts;
const { control } = api.app.database;

/** Bytes of the heap in use; exact where the collector can be called. */
function heap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

t.test('100,000 revocations and 1,000 readers', async (t) => {
  const date = (await now(db)).getTime();
  for (let n = 0; n < REVOCATIONS; n += BATCH)
    await db.transaction((tx) =>
      insertRows(
        tx,
        'Revocation',
        Array.from({ length: BATCH }, () => ({
          id: randomUUID(),
          userId: null,
          generation: null,
          sessionId: randomUUID(),
          // Of the whole hour.
          createdAt: new Date(date - Math.floor(Math.random() * 3_500_000)),
        })),
      ),
    );
  const before = heap();
  const feed = new RevocationFeed({ db, control, now });
  await feed.poll();
  const held = heap() - before;
  t.equal(feed.size, REVOCATIONS);
  t.comment(`${REVOCATIONS} revocations: ${(held / MIB).toFixed(1)} MiB in Latchkey`);

  const readers = new FeedReaders(feed, { control });
  t.teardown(() => readers.close());
  const guard = new Revocations(2 * REVOCATIONS);
  let position: FeedPosition | undefined;
  let [pages, isComplete] = [0, false];
  const began = performance.now();
  while (!isComplete) {
    const answer = await readers.read(position, false);
    guard.add(answer, { monotonic: performance.now(), wall: Date.now() });
    ({ position, complete: isComplete } = answer);
    pages++;
  }
  t.equal(guard.size, REVOCATIONS);
  t.comment(`a whole reading: ${pages} pages, ${Math.round(performance.now() - began)} ms`);
  t.comment(`a guard that holds them: ${((heap() - before - held) / MIB).toFixed(1)} MiB`);

  let polls = 0;
  const poll = feed.poll.bind(feed);
  feed.poll = () => {
    polls++;
    return poll();
  };
  const ended = performance.now() + 10_000;
  const queries = statements.length;
  let answers = 0;
  const reading = Array.from({ length: READERS }, async () => {
    let own = position;
    while (performance.now() < ended) {
      own = (await readers.read(own, true)).position;
      answers++;
    }
  });
  await Promise.all(reading);
  t.comment(
    `${READERS} readers for 10 s: ${answers} answers, ${polls} polls, ${statements.length - queries} statements of all jobs`,
  );
  t.ok(polls <= 26, `${polls} polls`);
});
