/**
 * `npm run dev` runs the sources, and restarts when one of them changes.
 *
 * @runs once, on SQLite: it is about the processes.
 */
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import t from 'tap';
import { serveBy, temporaryFolder } from '../child.ts';
import { until } from '../until.ts';

t.test('A changed source file is served without a manual restart', async (t) => {
  const folder = await temporaryFolder(t);
  for (const path of ['bin', 'package.json', 'prisma/migrations', 'scripts', 'src', 'templates', 'wordlists'])
    await cp(path, join(folder, path), { recursive: true });
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  const variables = { PORT: '0', DATA_DIR: 'data', DATABASE_URL: 'file:data/latchkey.db' };
  // A process group: Ctrl-C goes to all processes of a terminal.
  const service = await serveBy(t, process.execPath, ['scripts/dev.ts', '--inspect=127.0.0.1:0'], {
    cwd: folder,
    variables,
    isGroup: true,
  });
  let hasEnded = false;
  t.teardown(async () => {
    // Not SIGKILL, which cannot be forwarded.
    if (!hasEnded) service.signal('SIGTERM');
    await service.ended;
  });
  t.match((await service.ask('GET', '/')).body, { name: 'Latchkey' });

  const source = join(folder, 'src/routes/home/home.routes.ts');
  const text = await readFile(source, 'utf8');
  await writeFile(source, text.replace("name: 'Latchkey',", "name: 'Changed',"));
  const addresses = () => [...service.stdout().matchAll(/Latchkey listens on (http:\S+)/g)];
  await until(() => addresses().length > 1, 60);
  const [, url = ''] = addresses()[1] ?? [];
  t.match(await (await fetch(url)).json(), { name: 'Changed' });

  service.signal('SIGINT');
  const { code, stderr } = await service.ended;
  hasEnded = true;
  t.equal(code, 0, 'the service has ended as after one signal');
  t.match(stderr, /Debugger listening/, 'options go to Node.js');
  await t.rejects(fetch(url), 'nothing is left running');
});
