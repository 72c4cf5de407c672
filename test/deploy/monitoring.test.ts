/**
 * Only Prometheus reaches the metrics, and they have the labels that the alerts and the dashboard use.
 *
 * @runs once, on SQLite: it asks no database.
 */
import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { type Manifest, readManifest } from './manifests.ts';

const JOB = 'latchkey';
const alerts = readFileSync('deploy/prometheus/alerts.yaml', 'utf8');
const dashboard = readFileSync('deploy/grafana/dashboard.json', 'utf8');
const configuration = (await readManifest('kubernetes/configuration.yaml')).data;
const { template } = (await readManifest('kubernetes/deployment.yaml')).spec;
const ports: Manifest[] = template.spec.containers[0].ports;

t.test('Pods expose metrics on a port that Prometheus may reach', async (t) => {
  t.equal(configuration.METRICS_HOST, '0.0.0.0');
  const port = ports.find(({ containerPort }) => String(containerPort) === configuration.METRICS_PORT);
  t.equal(port.name, 'metrics');
  const service = await readManifest('kubernetes/service.yaml');
  t.notOk(service.spec.ports.some(({ targetPort }: Manifest) => targetPort === port.name));

  const { ingress } = (await readManifest('kubernetes/network-policy.yaml')).spec;
  const rules = ingress.filter((rule: Manifest) =>
    rule.ports.some((one: Manifest) => one.port === port.name),
  );
  t.equal(rules.length, 1);
  t.strictSame(rules[0].ports, [{ port: port.name, protocol: 'TCP' }]);
  t.strictSame(rules[0].from, [
    { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } },
  ]);
  for (const rule of ingress) t.ok(rule.ports.length > 0, 'no rule is for all ports');
});

t.test('The PodMonitor finds the pods, and gives them the job label of the alerts', async (t) => {
  const { metadata, spec } = await readManifest('prometheus/pod-monitor.yaml');
  const { labels } = template.metadata;
  t.equal(metadata.namespace, (await readManifest('kubernetes/kustomization.yaml')).namespace);
  t.match(labels, spec.selector.matchLabels);
  t.equal(labels[spec.jobLabel], JOB);
  t.strictSame(
    spec.podMetricsEndpoints.map(({ port }: Manifest) => port),
    ['metrics'],
  );
});

t.test(
  'Metrics in Compose are open to its own network only, where the example of the alerts reads them',
  async (t) => {
    const { services } = await readManifest('compose.yaml');
    const ours: [name: string, service: Manifest][] = Object.entries<Manifest>(services).filter(([name]) =>
      name.startsWith('latchkey-'),
    );
    const targets = ours.map(([name, { environment, ports }]) => {
      t.equal(environment.METRICS_HOST, '0.0.0.0');
      t.equal(ports, undefined);
      return `'${name}:${environment.METRICS_PORT}'`;
    });
    t.match(alerts, `targets: [${targets.join(', ')}]`);
    t.match(alerts, `job_name: ${JOB}`);
    t.notMatch(readFileSync('deploy/nginx/nginx.conf', 'utf8'), configuration.METRICS_PORT);
  },
);

t.test('Alerts filter metrics that other programs export, too, by job', async (t) => {
  for (const [file, text] of Object.entries({ alerts, dashboard })) {
    const shared = [...text.matchAll(/\b(?:up|(?:process|nodejs)_[a-z_0-9]+)\{([^}]*)\}/g)];
    t.ok(shared.length > 1, file);
    for (const [query, labels = ''] of shared)
      t.match(labels.replaceAll('\\', ''), `job="${JOB}"`, `${file}: ${query}`);
  }
});

t.test('Each alert says how urgent it is, what is wrong and what to do', async (t) => {
  const { groups } = await readManifest('prometheus/alerts.yaml');
  const rules: Manifest[] = groups.flatMap((group: Manifest) => group.rules);
  t.ok(rules.length > 20);
  t.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length, 'each name once');
  for (const { alert, expr, labels, annotations, for: duration, ...rest } of rules) {
    t.strictSame(rest, {}, alert);
    t.match(alert, /^Latchkey[A-Z]/);
    t.match(labels.severity, /^(critical|warning)$/, alert);
    t.match(duration ?? '1m', /^\d+[mh]$/, alert);
    t.ok(annotations.summary.length < 100 && annotations.description.length > 100, alert);
    const count = (character: string) => expr.split(character).length;
    t.strictSame([count('('), count('{')], [count(')'), count('}')], alert);
    for (const [, path = ''] of annotations.description.matchAll(/\b(docs\/\S+\.md)/g))
      t.ok(existsSync(path), `${alert}: ${path}`);
  }
  for (const name of ['DiskFull', 'DiskAlmostFull', 'BackupOld', 'BackupMissing', 'BackupJobOld'])
    t.ok(
      rules.some(({ alert }) => alert === `Latchkey${name}`),
      name,
    );
});
