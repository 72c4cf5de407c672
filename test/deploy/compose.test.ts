/**
 * deploy/compose.yaml and deploy/nginx/nginx.conf fit each other, the image and Latchkey.
 *
 * @runs once, on SQLite: it asks no database.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import t from 'tap';
import { encryptionOf } from '#latchkey/db/postgres/encryption.ts';
import { findProgram } from '../daemon.ts';
import { writeNginxConfiguration } from '../processes/front.ts';
import { type Manifest, readManifest, unknownVariables } from './manifests.ts';

const compose = await readManifest('compose.yaml');
const services: [name: string, service: Manifest][] = Object.entries(compose.services);
const ours = services.filter(([name]) => name.startsWith('latchkey-'));
const nginxConf = readFileSync('deploy/nginx/nginx.conf', 'utf8');

t.test(
  'Compose runs two instances, Postgres and nginx, and only nginx is reachable from outside',
  async (t) => {
    t.strictSame(services.map(([name]) => name).sort(), ['latchkey-1', 'latchkey-2', 'nginx', 'postgres']);
    t.strictSame(
      services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name),
      ['nginx'],
    );
    t.ok(compose.networks.back.internal);
    t.strictSame(compose.services.postgres.networks, ['back']);
  },
);

t.test('nginx forwards to the instances, on the port of the image', async (t) => {
  const targets = [...nginxConf.matchAll(/^ *server ([\w-]+):(\d+)/gm)].map(
    ([, host, port]) => `${host}:${port}`,
  );
  const [, port] = /\bPORT=(\d+)/.exec(readFileSync('deploy/Dockerfile', 'utf8')) ?? [];
  t.strictSame(
    targets,
    ours.map(([name]) => `${name}:${port}`),
  );
  const [, listens] = /^ *listen (\d+);/m.exec(nginxConf) ?? [];
  t.match(compose.services.nginx.ports.join(), `:${listens}`);
});

t.test('The instances trust only nginx as a proxy, and keep their addresses', async (t) => {
  const addressOf = (service: Manifest): string => service.networks.front.ipv4_address;
  const [{ subnet }] = compose.networks.front.ipam.config;
  const prefix = subnet.replace(/0\/24$/, '');
  for (const [name, service] of ours) {
    t.equal(service.environment.TRUST_PROXY, addressOf(compose.services.nginx), name);
    t.ok(addressOf(service).startsWith(prefix), name);
  }
});

t.test(
  'The instances in Compose have only variables that Latchkey reads, and secrets that exist',
  async (t) => {
    for (const [name, service] of ours) {
      t.strictSame(unknownVariables(Object.keys(service.environment)), [], name);
      const paths = Object.values<string>(service.environment).filter((value) =>
        value.startsWith('/run/secrets/'),
      );
      t.strictSame(
        paths.map((path) => path.slice('/run/secrets/'.length)).sort(),
        [...service.secrets].sort(),
      );
    }
    const used = new Set(services.flatMap(([, { secrets = [] }]) => secrets));
    t.strictSame([...used].sort(), Object.keys(compose.secrets).sort());
    const readme = readFileSync('deploy/README.md', 'utf8');
    for (const { file } of Object.values<{ file: string }>(compose.secrets))
      t.match(readme, file.slice('./'.length));
    const [url = ''] = /postgresql:\/\/[^']+/.exec(readme) ?? [];
    t.equal(encryptionOf(url.replace('%s', 'password'))?.state, 'chosen-plain', 'no warning at the start');
  },
);

t.test('Each Compose service has minimal rights and starts when its dependencies are healthy', async (t) => {
  for (const [name, service] of services) {
    t.ok(service.read_only, name);
    t.strictSame(service.cap_drop, ['ALL'], name);
    t.strictSame(service.security_opt, ['no-new-privileges:true'], name);
    t.match(service.image, /:\d+\.\d+(\.\d+)?(-bookworm)?$/, `${name} has a pinned image`);
    for (const { condition } of Object.values<{ condition: string }>(service.depends_on ?? {}))
      t.equal(condition, 'service_healthy', name);
  }
  for (const [, service] of ours) t.ok(Number.parseInt(service.stop_grace_period, 10) > 10);
  for (const [path] of compose.services.nginx.volumes.map((volume: string) => volume.split(':')))
    t.ok(existsSync(`deploy/${path}`), path);
});

t.test('nginx accepts its configuration', async (t) => {
  const program = findProgram('nginx');
  if (program === undefined) return t.comment('nginx is not installed');
  const file = await writeNginxConfiguration(t.testdir(), 8080, [3001, 3002]);
  const check = () => promisify(execFile)(program, ['-t', '-c', file]);
  t.match((await check()).stderr, 'test is successful');
  // The lines for another proxy in front, as they are once they are no comment.
  const text = await readFile(file, 'utf8');
  const behind = text.replaceAll(/^ *# +((?:set_real_ip_from|real_ip_\w+) [^;]+;)$/gm, '  $1');
  t.equal(behind.match(/^ +(?:set_real_ip_from|real_ip_header|real_ip_recursive) /gm)?.length, 3);
  await writeFile(file, behind);
  t.match((await check()).stderr, 'test is successful', 'also behind another proxy');
});
