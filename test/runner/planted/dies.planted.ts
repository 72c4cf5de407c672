/**
 * @runs once, on SQLite: it is about the runner.
 * @runs alone: no test can run after it.
 */
import t from 'tap';

t.test('This test kills its process', async (t) => {
  t.ok(true);
  process.kill(process.pid, 'SIGKILL');
});
