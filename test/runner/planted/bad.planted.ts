/** @runs once, on SQLite: it is about the runner. */
import t from 'tap';

t.test('This test fails', async (t) => {
  t.equal(1 + 1, 3, 'arithmetic');
  t.ok(true);
});

t.test('This test throws', async () => {
  throw new Error('thrown in a test');
});

t.test('This test is skipped', { skip: 'no time' }, async () => {});
