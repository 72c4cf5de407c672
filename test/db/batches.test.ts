/** Working off what waits: others have their turn, and there is an end to it. */
import t from 'tap';
import { MAX_RUN_ROWS, runBatches } from '#latchkey/db/raw/batches.ts';
import { prune } from '#latchkey/db/raw/prune.ts';

/** A backlog that is answered without a turn of the event loop, as SQLite answers. */
function backlog(rows: number) {
  let left = rows;
  let batches = 0;
  return {
    batch: async () => {
      batches += 1;
      const handled = Math.min(left, 500);
      left -= handled;
      return { rows: handled, isLast: handled < 500 };
    },
    batches: () => batches,
  };
}

t.test('it goes on until nothing is left', async (t) => {
  t.equal(await runBatches(backlog(1_234).batch), 1_234);
  t.equal(await runBatches(backlog(0).batch), 0);
});

t.test('between two batches the event loop turns', async (t) => {
  const waiting = backlog(3_000);
  const seen: number[] = [];
  const timer = setInterval(() => seen.push(waiting.batches()), 0);
  t.teardown(() => clearInterval(timer));
  await runBatches(waiting.batch);
  t.ok(new Set(seen).size >= 3, `a timer fired between batches: ${seen}`);
});

t.test('a signal ends it after a batch', async (t) => {
  const stop = new AbortController();
  const waiting = backlog(1e9);
  const batch = () => {
    if (waiting.batches() === 1) stop.abort();
    return waiting.batch();
  };
  t.equal(await runBatches(batch, { signal: stop.signal }), 1_000);
  t.equal(await runBatches(batch, { signal: stop.signal }), 0);
});

t.test('a run handles a bounded number of rows, unless it is told to go on', async (t) => {
  t.equal(await runBatches(backlog(1e9).batch), MAX_RUN_ROWS);
  t.equal(await runBatches(backlog(20_000).batch, { maxRows: Number.POSITIVE_INFINITY }), 20_000);
});

t.test('what others have deleted meanwhile does not keep a run going', async (t) => {
  let finds = 0;
  const find = async () => {
    finds += 1;
    return finds === 1 ? [{ id: 'a' }] : [];
  };
  t.equal(await prune(find, async () => ({ count: 0 })), 0);
  t.equal(finds, 1);
});
