/** @runs once, on SQLite: it is about the runner. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import t from 'tap';

t.test('This test leaves a server open', async (t) => {
  await once(createServer().listen(0), 'listening');
  t.ok(true);
});
