/** @runs once, on SQLite: it is about the runner. */
import t from 'tap';

t.test('This is a planted test that passes', async (t) => {
  t.equal(1 + 1, 2);
});

t.test('This test passes too', async (t) => {
  t.ok(true);
  t.ok(true);
});
