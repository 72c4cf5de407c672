/** `latchkey migrate`. */
import { readdir } from 'node:fs/promises';
import t from 'tap';
import { latchkey, temporaryFolder } from '../child.ts';
import { createDatabase } from '../database.ts';

t.test('The command migrate applies the pending migrations once', async (t) => {
  const { url, kind } = await createDatabase(t);
  const variables = { DATABASE_URL: url, DATA_DIR: await temporaryFolder(t) };
  const names = (await readdir(`prisma/migrations/${kind}`)).filter((name) => /^\d+_/.test(name)).sort();
  t.match(await latchkey(['migrate'], { variables }), {
    code: 0,
    stdout: `Applied: ${names.join(', ')}\n`,
    stderr: '',
  });
  t.match(await latchkey(['migrate'], { variables }), { code: 0, stdout: 'Nothing to apply\n', stderr: '' });
  t.match(await latchkey(['migrate', '--json'], { variables }), { code: 0, stdout: '{"applied":[]}\n' });
});
