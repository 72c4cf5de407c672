/**
 * deploy/kubernetes/ is valid for Kubernetes, and fits the image and Latchkey.
 *
 * @runs once, on SQLite: it asks no database.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { chmod, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Deployment } from 'kubernetes-models/apps/v1';
import { CronJob, Job } from 'kubernetes-models/batch/v1';
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Namespace, PersistentVolumeClaim, Service } from 'kubernetes-models/v1';
import t from 'tap';
import { REQUEST_TIMEOUT_MS } from '#latchkey/http/limits.ts';
import { contract } from '../contract.ts';
import { type Manifest, readManifest, unknownVariables } from './manifests.ts';

const kinds: Record<string, new (manifest: Manifest) => { validate(): void }> = {
  ConfigMap,
  CronJob,
  Deployment,
  Ingress,
  Job,
  Namespace,
  NetworkPolicy,
  PersistentVolumeClaim,
  PodDisruptionBudget,
  Service,
};

const files = readdirSync('deploy/kubernetes').filter((file) => file !== 'kustomization.yaml');
const manifests: Manifest[] = await Promise.all(files.map((file) => readManifest(`kubernetes/${file}`)));
const byKind = new Map(manifests.map((manifest) => [manifest.kind, manifest]));
const deployment = byKind.get('Deployment');
const pods = [deployment, byKind.get('Job')].map(({ spec }) => spec.template);
const dump = byKind.get('CronJob').spec.jobTemplate.spec.template;

t.test('Each Kubernetes manifest is valid by the schema of its kind', async (t) => {
  for (const manifest of manifests) {
    const Kind = kinds[manifest.kind];
    t.ok(Kind, manifest.kind);
    t.doesNotThrow(() => Kind && new Kind(manifest).validate(), manifest.kind);
  }
  const wrong = structuredClone(deployment);
  wrong.spec.replicas = 'three';
  t.throws(() => new Deployment(wrong).validate(), 'and one that is not is noticed');
});

t.test('kustomization.yaml names all manifests and the image', async (t) => {
  const { resources, images } = await readManifest('kubernetes/kustomization.yaml');
  const text = await readFile('deploy/kubernetes/kustomization.yaml', 'utf8');
  const optional = [...text.matchAll(/^ {2}# - (\S+)$/gm)].map(([, name = '']) => name);
  t.strictSame(optional.sort(), ['backup-volume.yaml', 'backup.yaml', 'ingress.yaml']);
  t.strictSame([...resources, ...optional].sort(), [...files].sort());
  for (const { spec } of pods) t.equal(spec.containers[0].image, images[0].name);
});

t.test(
  'The Kubernetes configuration has only variables that Latchkey reads, and secrets from mounted files',
  async (t) => {
    const { data, metadata } = byKind.get('ConfigMap');
    t.strictSame(unknownVariables(Object.keys(data)), []);
    t.notOk(byKind.has('Secret'), 'no secret is committed');
    const paths = Object.values<string>(data).filter((value) => value.startsWith('/run/secrets/'));
    t.equal(paths.length, 3);
    for (const { spec } of pods) {
      const [container] = spec.containers;
      t.strictSame(container.envFrom, [{ configMapRef: { name: metadata.name } }]);
      const mount = container.volumeMounts.find(({ name }: Manifest) => name === 'secrets');
      for (const path of paths) t.ok(path.startsWith(`${mount.mountPath}/`), path);
    }
  },
);

t.test('Kubernetes probes use routes of the contract and an existing port', async (t) => {
  const [container] = deployment.spec.template.spec.containers;
  for (const name of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
    const { path, port } = container[name].httpGet;
    t.ok(contract.paths[path], `${name}: ${path}`);
    t.ok(container.ports.some(({ name }: Manifest) => name === port));
  }
  t.equal(container.livenessProbe.httpGet.path, '/health/live', 'which does not ask the database');
  t.equal(byKind.get('Service').spec.ports[0].targetPort, container.ports[0].name);
});

t.test('Kubernetes selectors match the intended pods', async (t) => {
  const { labels } = deployment.spec.template.metadata;
  const selectors = [
    deployment.spec.selector.matchLabels,
    byKind.get('Service').spec.selector,
    byKind.get('PodDisruptionBudget').spec.selector.matchLabels,
    ...deployment.spec.template.spec.topologySpreadConstraints.map(
      (one: Manifest) => one.labelSelector.matchLabels,
    ),
  ];
  for (const selector of selectors) t.match(labels, selector);
  t.notMatch(byKind.get('Job').spec.template.metadata.labels, byKind.get('Service').spec.selector);
});

t.test('Pods are not root, and write only to their volumes', async (t) => {
  for (const { spec } of [...pods, dump]) {
    t.match(spec.securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    t.equal(spec.automountServiceAccountToken, false);
    t.strictSame(spec.containers[0].securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    t.ok(spec.containers[0].resources.limits.memory);
  }
});

t.test('A pod serves until no more requests arrive, and then has time to shut down', async (t) => {
  const { containers, terminationGracePeriodSeconds } = deployment.spec.template.spec;
  const [{ readinessProbe, lifecycle }] = containers;
  const delay = Number(byKind.get('ConfigMap').data.SHUTDOWN_DELAY);
  t.equal(lifecycle, undefined, 'no pause of which the service would know nothing');
  t.ok(delay > readinessProbe.periodSeconds * readinessProbe.failureThreshold);
  t.ok(delay + 10 < terminationGracePeriodSeconds, 'the delay and the 10 s of the service');
});

t.test('Only the job migrates, and it is applied before the deployment', async (t) => {
  t.equal(byKind.get('ConfigMap').data.MIGRATIONS, 'manual');
  const job = byKind.get('Job');
  t.strictSame(job.spec.template.spec.containers[0].args, ['migrate']);
  t.equal(deployment.spec.strategy.rollingUpdate.maxUnavailable, 0, 'the old pods serve until it has ended');
  const wave = ({ metadata }: Manifest) =>
    Number(metadata.annotations?.['argocd.argoproj.io/sync-wave'] ?? 0);
  t.ok(wave(job) < wave(deployment));
  for (const manifest of [byKind.get('ConfigMap'), byKind.get('Namespace')]) t.ok(wave(manifest) < wave(job));
  t.match(job.metadata.annotations, {
    'argocd.argoproj.io/hook': 'Sync',
    'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation',
  });
  const page = await readFile('docs/operations/kubernetes.md', 'utf8');
  const [, label = '', value] = /-l '([\w./]+)!=(\w+)'/.exec(page) ?? [];
  const isLeftOut = ({ metadata }: Manifest) => metadata.labels?.[label] === value;
  t.strictSame(
    manifests.filter(isLeftOut).map(({ kind }) => kind),
    ['Deployment'],
    'the first step of an upgrade',
  );
});

t.test(
  'The Ingress leads to the Service, under the public host, and leaves the limits to Latchkey',
  async (t) => {
    const { metadata, spec } = byKind.get('Ingress');
    const service = byKind.get('Service');
    const [{ host, http }] = spec.rules;
    t.equal(host, new URL(byKind.get('ConfigMap').data.PUBLIC_URL).hostname);
    t.strictSame(spec.tls[0].hosts, [host]);
    t.strictSame(
      http.paths.map(({ path, backend }: Manifest) => [
        path,
        backend.service.name,
        backend.service.port.name,
      ]),
      [['/', service.metadata.name, service.spec.ports[0].name]],
    );
    const settings: Record<string, string> = metadata.annotations;
    const prefixes = {
      'nginx.org': 'client-max-body-size',
      'nginx.ingress.kubernetes.io': 'proxy-body-size',
    };
    for (const [prefix, size] of Object.entries(prefixes)) {
      t.match(settings[`${prefix}/${size}`], /^[1-9]m$/);
      for (const name of ['proxy-read-timeout', 'proxy-send-timeout']) {
        const text = settings[`${prefix}/${name}`] ?? '';
        t.ok(Number.parseInt(text, 10) * 1_000 > REQUEST_TIMEOUT_MS, `${prefix}/${name}`);
        t.equal(text.endsWith('s'), prefix === 'nginx.org', 'the unit of this controller');
      }
    }
    t.notMatch(Object.keys(settings).join(), /snippet|gzip|non_idempotent/);
  },
);

t.test('The CronJob dumps Postgres as a user of its own, into a volume that is there', async (t) => {
  const { spec } = byKind.get('CronJob');
  t.match(spec.schedule, /^\d+ \d+ \* \* \*$/, 'daily, as the alert expects');
  const [container] = dump.spec.containers;
  const { services } = await readManifest('compose.yaml');
  t.equal(container.image, services.postgres.image, 'the version that is tested with');
  const mountOf = (name: string) => container.volumeMounts.find((mount: Manifest) => mount.name === name);
  const volumeOf = (name: string) => dump.spec.volumes.find((volume: Manifest) => volume.name === name);
  t.equal(
    volumeOf('backups').persistentVolumeClaim.claimName,
    byKind.get('PersistentVolumeClaim').metadata.name,
  );
  const page = await readFile('docs/operations/kubernetes.md', 'utf8');
  t.match(page, `create secret generic ${volumeOf('secrets').secret.secretName} `);
  t.match(page, `sslrootcert=${mountOf('secrets').mountPath}/ca.crt`);
  t.strictSame(container.env, [
    { name: 'PGSERVICEFILE', value: `${mountOf('secrets').mountPath}/pg_service.conf` },
  ]);
  t.match(await readFile('deploy/prometheus/alerts.yaml', 'utf8'), 'cronjob="latchkey-backup"');
  t.equal(byKind.get('CronJob').metadata.name, 'latchkey-backup');
});

t.test(
  'The CronJob keeps a dump only when it is complete, and old ones until there is a new one',
  async (t) => {
    const folder = t.testdir({
      bin: {
        pg_dump:
          '#!/bin/sh\nfor word; do case $word in --file=*) echo dump > "$(echo "$word" | cut -c8-)";; esac; done\nexit $DUMP\n',
        pg_restore: '#!/bin/sh\nexit $RESTORE\n',
      },
      backups: {},
    });
    const backups = join(folder, 'backups');
    for (const name of ['pg_dump', 'pg_restore']) await chmod(join(folder, 'bin', name), 0o755);
    const [container] = dump.spec.containers;
    const script: string = container.args[0].replaceAll('/backups', backups);
    const run = (codes: { DUMP: string; RESTORE: string }) =>
      spawnSync(container.command[0], [...container.command.slice(1), script], {
        env: { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, ...codes },
        encoding: 'utf8',
      });
    const old = join(backups, 'latchkey-2026-01-01T021700Z.dump');
    const other = join(backups, 'another.txt');
    for (const path of [old, other]) {
      await writeFile(path, '');
      await utimes(path, new Date('2026-01-01'), new Date('2026-01-01'));
    }
    for (const codes of [
      { DUMP: '1', RESTORE: '0' },
      { DUMP: '0', RESTORE: '1' },
    ]) {
      t.not(run(codes).status, 0);
      t.strictSame(
        (await readdir(backups)).filter((name) => name.endsWith('.dump')),
        [basename(old)],
        JSON.stringify(codes),
      );
    }
    const { status, stderr } = run({ DUMP: '0', RESTORE: '0' });
    t.strictSame([status, stderr], [0, '']);
    const left = await readdir(backups);
    t.equal(left.length, 2, left.join());
    t.match(left.sort().join(), /^another\.txt,latchkey-\d{4}-\d\d-\d\dT\d{6}Z\.dump$/);
    const [, made = ''] = left;
    t.equal((await stat(join(backups, made))).mode & 0o777, 0o600);
  },
);
