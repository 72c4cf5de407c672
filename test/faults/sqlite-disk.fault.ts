/**
 * A disk that is full, and a folder that cannot be written to.
 *
 * @runs once, on SQLite: Postgres has its own disk.
 */
import { spawnSync } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import { bin, latchkey, temporaryFolder } from '../child.ts';
import { createCluster, type Member } from '../processes/cluster.ts';
import { Load } from './load.ts';
import { seededRandom } from './random.ts';
import { checkAll, checkOutage, PEOPLE, recover, untilFelt } from './scene.ts';
import { mountSmallDisk } from './small-disk.ts';

const NO_MOUNT = 'mounting a small disk is not allowed here';

/** Time that the disk stays full. */
const FULL_MS = 6_000;

t.test('No acknowledged change is lost when the disk is full for a while', async (t) => {
  const disk = await mountSmallDisk(t, '24m');
  if (disk === undefined) {
    t.pass(NO_MOUNT);
    return;
  }
  const random = seededRandom();
  t.comment(`full disk: --seed=${random.seed}`);
  const cluster = await createCluster(t, {
    DATA_DIR: disk.folder,
    DATABASE_URL: `file:${join(disk.folder, 'latchkey.db')}`,
    RATE_LIMIT: '0',
  });
  const member: Member = await cluster.start();
  const admin = await cluster.person(member, 2);
  const load = new Load(t, { people: PEOPLE, random, admin: () => admin.token, serving: () => member });
  await load.successes(60);

  const full = performance.now();
  await disk.fill();
  // The write-ahead log is reused from its beginning, so that the first error takes a while.
  await untilFelt(load, full);
  await wait(FULL_MS);
  t.equal(
    (await member.ask('GET', '/me/permissions', { token: admin.token })).status,
    200,
    'the guard goes on',
  );
  t.equal((await member.ask('GET', '/users', { token: admin.token })).status, 200, 'what only reads goes on');
  await disk.empty();
  const back = performance.now();
  const scene = { cluster, members: [member], load };
  await recover(t, scene, back, 60);
  checkOutage(t, load, full, back);
  await checkAll(t, scene);
});

t.test('A start with a read-only data folder fails with one line', async (t) => {
  const disk = await mountSmallDisk(t, '64m');
  if (disk === undefined) {
    t.pass(NO_MOUNT);
    return;
  }
  const endings = {
    stopped: (member: Member) => member.stop(),
    killed: async (member: Member) => {
      member.signal('SIGKILL');
      await member.ended;
    },
  };
  const folders = [join(disk.folder, 'empty')];
  await mkdir(join(disk.folder, 'empty'));
  for (const [name, end] of Object.entries(endings)) {
    const data = join(disk.folder, name);
    const cluster = await createCluster(t, {
      DATA_DIR: data,
      DATABASE_URL: `file:${join(data, 'latchkey.db')}`,
    });
    const member = await cluster.start();
    await cluster.person(member, 2);
    await cluster.database.close();
    await end(member);
    folders.push(data);
  }
  await disk.makeReadOnly();
  for (const data of folders) {
    const { code, stdout, stderr } = await latchkey(['serve'], { variables: { DATA_DIR: data, PORT: '0' } });
    t.comment(`read-only: ${stderr.trim()}`);
    t.match({ code, stdout }, { code: 1, stdout: '' }, data);
    t.match(stderr, /^latchkey: [^\n]+\n$/, data);
    t.match(stderr, data, 'it names the folder');
  }
});

t.test('A start with a data folder of another user fails with one line', async (t) => {
  const folder = await temporaryFolder(t);
  await chmod(folder, 0o555);
  const isRoot = process.getuid?.() === 0;
  // Root has all permissions, so the service starts as the user nobody.
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
  const mayRun = !isRoot || spawnSync('setpriv', [...nobody, bin, '--help']).status === 0;
  if (!mayRun) {
    t.pass('nobody may not enter this checkout');
    return;
  }
  const variables = { DATA_DIR: folder, PORT: '0' };
  const { code, stdout, stderr } = isRoot
    ? await latchkey([...nobody, bin, 'serve'], { variables, command: 'setpriv' })
    : await latchkey(['serve'], { variables });
  t.comment(`not ours: ${stderr.trim()}`);
  t.match({ code, stdout }, { code: 1, stdout: '' });
  t.match(stderr, /^latchkey: [^\n]+\n$/);
  t.match(stderr, folder, 'it names the folder');
});
