/**
 * A full disk, as operators see it: readiness, metrics, the doctor, and the commands that write files.
 *
 * @runs once, on SQLite: the disk of Postgres is in postgres-disk.fault.ts.
 */
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { latchkey, serve, temporaryFolder } from '../child.ts';
import { PASSWORD } from '../helper.ts';
import { until } from '../until.ts';
import { mountSmallDisk } from './small-disk.ts';

const NO_MOUNT = 'mounting a small disk is not allowed here';

t.test('A full disk is seen at /health/ready, in the metrics, by the doctor and by commands', async (t) => {
  const disk = await mountSmallDisk(t, '24m');
  if (disk === undefined) {
    t.pass(NO_MOUNT);
    return;
  }
  const variables = { DATA_DIR: disk.folder, METRICS_PORT: '0', RATE_LIMIT: '0' };
  const service = await serve(t, variables);
  const metrics = /Metrics: (http:\S+\/metrics)/.exec(service.stdout())?.[1] ?? '';
  const sample = async (name: string) => {
    const text = await (await fetch(metrics)).text();
    return Number(new RegExp(`^latchkey_${name} (\\S+)$`, 'm').exec(text)?.[1]);
  };
  const readiness = () => service.ask('GET', '/health/ready');
  t.equal((await readiness()).status, 200);
  t.equal(await sample('database_disk_full'), 0);
  t.ok((await sample('database_disk_free_bytes')) > 1e6);
  const create = ['user', 'create', '--email', 'ada@example.com', '--name', 'Ada'];
  t.equal((await latchkey(create, { variables, input: PASSWORD })).code, 0);
  await disk.fill();

  await until(async () => (await readiness()).status === 503);
  t.match((await readiness()).body, { type: /not-ready$/, detail: /^The disk of the database is full/ });
  t.equal(await sample('database_disk_full'), 1);
  t.equal(await sample('job_failing{task="database.disk"}'.replace(/[{}"]/g, '\\$&').replace('.', '\\.')), 1);
  t.equal((await service.ask('GET', '/health/live')).status, 200);

  const doctor = await latchkey(['doctor'], { variables });
  t.match(doctor, { code: 1, stdout: /^✗ disk +\S+ is on a disk that is full \(.* free\) -> /m });
  const before = readdirSync(disk.folder);
  for (const args of [
    ['backup', join(disk.folder, 'copy.db')],
    ['export', join(disk.folder, 'users.jsonl')],
    ['keys', 'generate', '--out', join(disk.folder, 'key.pem')],
  ]) {
    const { code, stdout, stderr } = await latchkey(args, { variables });
    t.match({ code, stdout }, { code: 1, stdout: '' }, args.join(' '));
    t.match(stderr, /^latchkey: [^\n]+\n$/, args.join(' '));
    t.match(stderr, `${args.at(-1)} cannot be written`, args.join(' '));
    t.match(stderr, 'the disk is full', args.join(' '));
    t.notMatch(stderr, 'database', args.join(' '));
  }
  t.strictSame(readdirSync(disk.folder), before, 'nothing half-written is left');

  await disk.empty();
  await until(async () => (await readiness()).status === 200);
  t.equal(await sample('database_disk_full'), 0);
  const disable = await latchkey(['user', 'disable', '--email', 'ada@example.com'], { variables });
  t.equal(disable.code, 0, disable.stderr);
  t.match(await latchkey(['doctor'], { variables }), { stdout: /^! disk /m });
});

t.test('Commands that write to a database on a full disk say so', async (t) => {
  const disk = await mountSmallDisk(t, '24m');
  if (disk === undefined) {
    t.pass(NO_MOUNT);
    return;
  }
  const variables = { DATA_DIR: disk.folder };
  t.equal((await latchkey(['migrate'], { variables })).code, 0);
  const folder = await temporaryFolder(t);
  const users = join(folder, 'users.jsonl');
  const lines = Array.from({ length: 2_000 }, (_, at) => ({
    name: 'A'.repeat(90),
    email: `a${at}@example.com`,
  }));
  await writeFile(users, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const backup = join(folder, 'copy.db');
  t.equal((await latchkey(['import', users], { variables })).code, 0);
  t.equal((await latchkey(['backup', backup], { variables })).code, 0);
  await disk.fill();
  const before = readdirSync(disk.folder).filter((name) => !/-(wal|shm)$/.test(name));
  const more = join(folder, 'more.jsonl');
  await writeFile(
    more,
    lines.map((line) => `${JSON.stringify({ ...line, email: `b${line.email}` })}\n`).join(''),
  );
  for (const args of [
    ['import', more],
    ['restore', backup],
  ]) {
    const { code, stderr } = await latchkey(args, { variables });
    t.equal(code, 1, args.join(' '));
    t.match(stderr, /^latchkey: [^\n]+\n$/m, args.join(' '));
    t.match(stderr, /disk (of the database )?is full/, args.join(' '));
    t.notMatch(stderr, 'cannot be reached', args.join(' '));
  }
  t.strictSame(
    readdirSync(disk.folder).filter((name) => !/-(wal|shm)$/.test(name)),
    before,
  );
});
