/**
 * @runs once, on SQLite: it is about the runner.
 * @runs alone: nobody can follow it.
 */
import t from 'tap';

t.test('takes the process with it', async (t) => {
  t.ok(true);
  process.kill(process.pid, 'SIGKILL');
});
