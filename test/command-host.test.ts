/**
 * Tests that commands which share a process find it as a new one would be.
 *
 * @runs once, on SQLite: it tests the helper of other tests.
 */
import { join } from 'node:path';
import t from 'tap';
import { latchkey, temporaryFolder } from './child.ts';
import { createMigratedDatabase } from './database.ts';
import { PASSWORD } from './helper.ts';

const create = ['user', 'create', '--name', 'Ada', '--email'];

t.test('A command finds neither the variables nor the exit code of the one before', async (t) => {
  const folder = await temporaryFolder(t);
  const variables = { DATA_DIR: folder, DATABASE_URL: `file:${join(folder, 'none.db')}` };
  t.match(await latchkey(['user', 'list'], { variables }), { code: 1, stdout: '', stderr: /none\.db/ });
  const elsewhere = { ...variables, DATABASE_URL: (await createMigratedDatabase(t)).url };
  t.match(await latchkey(['migrate'], { variables: elsewhere }), { code: 0, stderr: '' });
});

t.test('A command reads its own input', async (t) => {
  const { url } = await createMigratedDatabase(t);
  const variables = { DATA_DIR: await temporaryFolder(t), DATABASE_URL: url };
  const run = (email: string, input: string) => latchkey([...create, email], { variables, input });
  t.equal((await run('ada@example.com', PASSWORD)).code, 0);
  t.match(await run('grace@example.com', ''), { code: 2, stderr: /^latchkey: The password must have/ });
  t.equal((await run('grace@example.com', PASSWORD)).code, 0);
});

t.test('Commands can run at the same time, in processes of their own', async (t) => {
  const { url } = await createMigratedDatabase(t);
  const variables = { DATA_DIR: await temporaryFolder(t), DATABASE_URL: url };
  const create = (name: string) => ['user', 'create', '--name', name, '--email', `${name}@example.com`];
  const ends = await Promise.all(
    ['ada', 'grace', 'alan'].map((name) => latchkey(create(name), { variables, input: PASSWORD })),
  );
  for (const { code, stdout } of ends) t.equal(code, 0, stdout);
  t.equal(new Set(ends.map(({ stdout }) => stdout)).size, ends.length);
});
