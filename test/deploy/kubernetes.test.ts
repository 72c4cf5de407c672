/**
 * deploy/kubernetes/ is valid for Kubernetes, and fits the image and Latchkey.
 *
 * @runs once, on SQLite: it asks no database.
 */
import { readdirSync } from 'node:fs';
import { Deployment } from 'kubernetes-models/apps/v1';
import { Job } from 'kubernetes-models/batch/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Namespace, Service } from 'kubernetes-models/v1';
import t from 'tap';
import { contract } from '../contract.ts';
import { type Manifest, readManifest, unknownVariables } from './manifests.ts';

const kinds: Record<string, new (manifest: Manifest) => { validate(): void }> = {
  ConfigMap,
  Deployment,
  Job,
  Namespace,
  NetworkPolicy,
  PodDisruptionBudget,
  Service,
};

const files = readdirSync('deploy/kubernetes').filter((file) => file !== 'kustomization.yaml');
const manifests: Manifest[] = await Promise.all(files.map((file) => readManifest(`kubernetes/${file}`)));
const byKind = new Map(manifests.map((manifest) => [manifest.kind, manifest]));
const deployment = byKind.get('Deployment');
const pods = [deployment, byKind.get('Job')].map(({ spec }) => spec.template);

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
  t.strictSame([...resources].sort(), [...files].sort());
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
  for (const { spec } of pods) {
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
