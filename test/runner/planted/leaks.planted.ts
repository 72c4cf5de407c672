/** @runs once, on SQLite: it is about the runner. */
import t from 'tap';
import { noteSecret } from '../../secret-log.ts';

t.test('This test prints a secret', async (t) => {
  noteSecret('a secret of the planted test');
  process.stdout.write('{"level":30,"msg":"a secret of the planted test"}\n');
  t.ok(true);
});
