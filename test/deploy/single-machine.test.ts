/**
 * deploy/compose.sqlite.yaml and deploy/systemd/ fit the image, each other and Latchkey.
 *
 * @runs once, on SQLite: it asks no database.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { findProgram } from '../daemon.ts';
import { readManifest, unknownVariables } from './manifests.ts';

const unitNames = readdirSync('deploy/systemd');
const unit = (name: string) => readFileSync(`deploy/systemd/${name}`, 'utf8');
const services = unitNames.filter((name) => name.endsWith('.service'));

t.test('Compose with SQLite runs one container with minimal rights and a volume', async (t) => {
  const compose = await readManifest('compose.sqlite.yaml');
  t.strictSame(Object.keys(compose.services), ['latchkey']);
  const { latchkey } = compose.services;
  t.strictSame(unknownVariables(Object.keys(latchkey.environment)), []);
  t.strictSame(latchkey.volumes, ['data:/data']);
  t.match(latchkey.ports, [/^127\.0\.0\.1:.*:3000$/]);
  t.ok(latchkey.read_only);
  t.strictSame([latchkey.cap_drop, latchkey.security_opt], [['ALL'], ['no-new-privileges:true']]);
  t.ok(Number.parseInt(latchkey.stop_grace_period, 10) > 10);
  const mounted = [latchkey.environment.SECRET_FILE, latchkey.environment.JWT_PRIVATE_KEY];
  t.strictSame(
    mounted.map((path: string) => path.replace('/run/secrets/', '')),
    latchkey.secrets,
  );
  t.strictSame(Object.keys(compose.secrets), latchkey.secrets);
});

t.test('systemd units set only variables that Latchkey reads, and take secrets as credentials', async (t) => {
  t.strictSame(services, ['latchkey-backup.service', 'latchkey-restore@.service', 'latchkey.service']);
  for (const name of services) {
    const text = unit(name);
    const pairs = [...text.matchAll(/^Environment=(.*)$/gm)].flatMap(([, line = '']) => line.split(' '));
    t.strictSame(unknownVariables(pairs.map((pair) => pair.split('=')[0] ?? '')), [], name);
    const credentials = [...text.matchAll(/^LoadCredential=([^:]+):/gm)].map(([, id = '']) => id);
    t.strictSame(
      pairs.filter((pair) => pair.includes('%d/')).map((pair) => pair.split('%d/')[1]),
      credentials,
      name,
    );
    t.match(text, /^User=latchkey$/m, name);
    t.match(text, /^ProtectSystem=strict$/m, name);
  }
  t.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit('latchkey.service'))?.[1]) > 10);
});

t.test('The backup timer starts the backup, and systemd accepts all units', async (t) => {
  t.ok(unitNames.includes('latchkey-backup.timer'));
  t.match(unit('latchkey-backup.service'), ' backup "/var/lib/latchkey-backups/');
  t.match(unit('latchkey-restore@.service'), ' restore /var/lib/latchkey-backups/%i\n');
  t.match(unit('latchkey-restore@.service'), '\nConflicts=latchkey.service\nAfter=latchkey.service\n');
  const program = findProgram('systemd-analyze');
  if (program === undefined) return t.comment('systemd is not installed');
  for (const name of unitNames) {
    // An unknown setting is only a warning of it.
    const { status, stderr } = spawnSync(program, ['verify', `deploy/systemd/${name}`], { encoding: 'utf8' });
    t.strictSame({ status, stderr }, { status: 0, stderr: '' }, name);
  }
});

t.test('Litestream replicates the database of the unit, as its user', async (t) => {
  const text = readFileSync('deploy/litestream/latchkey-litestream.service', 'utf8');
  const lineOf = (source: string, name: string) =>
    source.split('\n').find((line) => line.startsWith(`${name}=`));
  const service = unit('latchkey.service');
  for (const name of ['User', 'StateDirectory', 'StateDirectoryMode', 'UMask', 'ProtectSystem'])
    t.equal(lineOf(text, name), lineOf(service, name), name);
  t.match(text, 'LoadCredential=litestream.yml:');
  t.match(text, '-config %d/litestream.yml');
  const { dbs, snapshot } = await readManifest('litestream/litestream.yml');
  const [, folder] = /DATA_DIR=(\S+)/.exec(service) ?? [];
  t.strictSame(
    dbs.map(({ path }: { path: string }) => path),
    [`${folder}/latchkey.db`],
  );
  t.notOk('replicas' in dbs[0], 'not the format of 0.3');
  t.match(snapshot, { interval: /^\d+h$/, retention: /^\d+h$/ });
  const program = findProgram('systemd-analyze');
  if (program === undefined) return t.comment('systemd is not installed');
  const { status, stderr } = spawnSync(program, ['verify', 'deploy/litestream/latchkey-litestream.service'], {
    encoding: 'utf8',
  });
  t.strictSame({ status, stderr }, { status: 0, stderr: '' });
});
