/** Batch runs: other work gets its turn, and a run ends. */
import t from 'tap';
import { MAX_RUN_ROWS, runBatches } from '#latchkey/db/raw/batches.ts';
import { prune } from '#latchkey/db/raw/prune.ts';

/** Backlog that answers without a turn of the event loop, as SQLite does. */
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

t.test('A batch run goes on until no row is left', async (t) => {
  t.equal(await runBatches(backlog(1_234).batch), 1_234);
  t.equal(await runBatches(backlog(0).batch), 0);
});

t.test('The event loop turns between two batches', async (t) => {
  const waiting = backlog(3_000);
  const seen: number[] = [];
  const timer = setInterval(() => seen.push(waiting.batches()), 0);
  t.teardown(() => clearInterval(timer));
  await runBatches(waiting.batch);
  t.ok(new Set(seen).size >= 3, `a timer fired between batches: ${seen}`);
});

t.test('An abort signal ends a batch run after the current batch', async (t) => {
  const stop = new AbortController();
  const waiting = backlog(1e9);
  const batch = () => {
    if (waiting.batches() === 1) stop.abort();
    return waiting.batch();
  };
  t.equal(await runBatches(batch, { signal: stop.signal }), 1_000);
  t.equal(await runBatches(batch, { signal: stop.signal }), 0);
});

t.test('A batch run stops at its maximum of rows, unless the caller raises it', async (t) => {
  t.equal(await runBatches(backlog(1e9).batch), MAX_RUN_ROWS);
  t.equal(await runBatches(backlog(20_000).batch, { maxRows: Number.POSITIVE_INFINITY }), 20_000);
});

t.test('Rows that another process deletes meanwhile do not keep a batch run going', async (t) => {
  let finds = 0;
  const find = async () => {
    finds += 1;
    return finds === 1 ? [{ id: 'a' }] : [];
  };
  t.equal(await prune(find, async () => ({ count: 0 })), 0);
  t.equal(finds, 1);
});
