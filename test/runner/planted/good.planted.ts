/** @runs once, on SQLite: it is about the runner. */
import t from 'tap';

t.test('a good one', async (t) => {
  t.equal(1 + 1, 2);
});

t.test('another', async (t) => {
  t.ok(true);
  t.ok(true);
});
