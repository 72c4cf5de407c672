/** Metrics for Prometheus: they count events, and contain no personal data. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { lastBackupFile } from '#latchkey/db/backup/last-backup.ts';
import { sqlitePath } from '#latchkey/db/sqlite/database-file.ts';
import { listen } from '#latchkey/telemetry/listener.ts';
import { latchkey, temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD, startApi } from '../helper.ts';
import { createCluster, type Member } from '../processes/cluster.ts';

/** Metrics of the connection pool, which SQLite does not have. */
const ofPostgres = [
  'latchkey_database_connections',
  'latchkey_database_connections_limit',
  'latchkey_database_waiting',
];

/** Metrics of the disk and of the backups, which Postgres does not tell. */
const ofSqlite = ['latchkey_database_disk_free_bytes', 'latchkey_backup_last_success_timestamp_seconds'];

/** Reads the samples of a process, by name and labels in the notation of Prometheus. */
async function scrape({ stdout }: Pick<Member, 'stdout'>): Promise<Map<string, number>> {
  const url = /Metrics: (http:\S+\/metrics)/.exec(stdout())?.[1] ?? '';
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`The metrics answered ${response.status}`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1).replace('Inf', 'Infinity')),
    ]),
  );
}

t.test('Each metric counts what happened', async (t) => {
  const cluster = await createCluster(t, { METRICS_PORT: '0', LOG_LEVEL: 'info' });
  const service = await cluster.start();
  const { token, email, id } = await cluster.person(service, 1);
  const before = await scrape(service);
  const asked: [method: string, path: string, options?: object][] = [
    ['GET', '/me', { token }],
    ['GET', '/me', { token }],
    ['GET', `/users/${id}`, { token }],
    ['GET', '/me'],
    ['GET', '/control-panel', { token }],
    ['POST', '/login', { body: { email, password: PASSWORD } }],
    ['POST', '/login', { body: { email, password: 'wrong wrong wrong' } }],
    ['GET', '/nowhere/1'],
    ['GET', '/nowhere/2'],
    ['GET', '/%zz'],
  ];
  for (const [method, path, options] of asked) await service.ask(method, path, options);
  const after = await scrape(service);
  const added = (name: string) =>
    (after.get(`latchkey_${name}`) ?? 0) - (before.get(`latchkey_${name}`) ?? 0);

  const counts: Record<string, number> = {
    'http_requests_total{method="GET",route="/me",status="200"}': 2,
    'http_requests_total{method="GET",route="/me",status="401"}': 1,
    'http_requests_total{method="GET",route="/users/:id",status="200"}': 1,
    'http_requests_total{method="GET",route="/control-panel",status="403"}': 1,
    'http_requests_total{method="any",route="unknown",status="404"}': 2,
    'http_request_duration_seconds_count{method="GET",route="/me"}': 3,
    'http_request_duration_seconds_bucket{le="+Inf",method="GET",route="/me"}': 3,
    'sign_ins_total{outcome="succeeded"}': 1,
    'sign_ins_total{outcome="invalid-credentials"}': 1,
    'sign_ins_total{outcome="too-many-attempts"}': 0,
    'refusals_total{reason="authentication-required"}': 1,
    'refusals_total{reason="access-denied"}': 1,
    'refusals_total{reason="not-found"}': 2,
    'refusals_total{reason="bad-url"}': 1,
    'refusals_total{reason="internal-error"}': 0,
  };
  for (const [name, count] of Object.entries(counts)) t.equal(added(name), count, name);

  const value = (name: string) => after.get(`latchkey_${name}`) ?? Number.NaN;
  t.ok(value('revocation_feed_age_seconds') < 2);
  t.equal(value('revocation_feed_trusted'), 1);
  t.equal(value('hashing_waiting'), 0);
  t.ok(value('hashing_slots') >= 1);
  t.equal(value('job_failing{task="revocations.poll"}'), 0);
  t.equal(value('mails_waiting'), 0);
  t.ok(value('audit_events_unsealed') >= 0);
  t.equal(value('erasures_waiting'), 0);
  t.equal(value('database_disk_full'), 0);
  for (const name of ofSqlite) t.equal(after.has(name), cluster.database.kind === 'sqlite', name);
  t.equal(value('draining'), 0);
  t.ok((after.get('process_resident_memory_bytes') ?? 0) > 1e7);
  checkPool(t, cluster.database.kind === 'postgresql', value);

  const text = [...after.keys()].join('\n');
  for (const personal of [id, email, token, '127.0.0.1'])
    t.notOk(text.includes(personal), 'nothing about anybody');
  t.notMatch(text, /nowhere|zz/, 'no URL that is not ours');
  checkNames(t, text);
  checkReference(t, text);
  await service.stop();
});

function checkPool(t: Test, isPostgres: boolean, value: (name: string) => number): void {
  if (!isPostgres) {
    t.ok(Number.isNaN(value('database_waiting')), 'SQLite has no pool');
    return;
  }
  t.equal(value('database_connections_limit'), 9, 'the tenth is for the revocations');
  t.equal(value('database_waiting'), 0);
  t.ok(value('database_connections{state="used"}') + value('database_connections{state="idle"}') >= 1);
}

/** Tells whether a metric is there on both databases. */
const isOfBoth = (name: string) => ![...ofSqlite, ...ofPostgres].includes(name);

/** Checks that docs/reference/metrics.md lists all metrics, and no others. */
function checkReference(t: Test, text: string): void {
  const listed = readFileSync('docs/reference/metrics.md', 'utf8').match(/`latchkey_[a-z_]+`/g) ?? [];
  const there = [...text.matchAll(/^latchkey_[a-z_]+/gm)].map(([name]) =>
    name.replace(/_(bucket|sum|count)$/, ''),
  );
  t.strictSame(
    [...new Set(listed.map((name) => name.slice(1, -1)))].filter(isOfBoth).sort(),
    [...new Set(there)].filter(isOfBoth).sort(),
  );
}

/** Checks that each metric in the dashboard and in the alerts exists. */
function checkNames(t: Test, text: string): void {
  const names = new Set([...text.matchAll(/^[a-z_]+/gm)].map(([name]) => name));
  for (const name of [...ofPostgres, ...ofSqlite]) names.add(name);
  for (const file of ['deploy/grafana/dashboard.json', 'deploy/prometheus/alerts.yaml']) {
    const asked = [
      ...readFileSync(file, 'utf8').matchAll(/\b(?:latchkey|process|nodejs)_[a-z_]*[a-z]\b/g),
    ].map(([name]) => name);
    t.ok(asked.length > 10, file);
    t.strictSame(
      [...new Set(asked)].filter((name) => !names.has(name)),
      [],
      file,
    );
  }
}

t.test('The time of the last backup by the command is a metric of the service', async (t) => {
  const cluster = await createCluster(t, { METRICS_PORT: '0', LOG_LEVEL: 'info' });
  if (cluster.database.kind !== 'sqlite') {
    t.pass('Postgres is backed up by its own tools');
    return;
  }
  const service = await cluster.start();
  const seconds = async () =>
    (await scrape(service)).get('latchkey_backup_last_success_timestamp_seconds') ?? Number.NaN;
  t.equal(await seconds(), 0, 'none yet');
  const file = join(await temporaryFolder(t), 'latest.db');
  const back = (...options: string[]) =>
    latchkey(['backup', file, ...options], { variables: cluster.variables });
  const before = Date.now() / 1_000;
  t.match(await back(), { code: 0, stderr: '' });
  const first = await seconds();
  // A file system may round the time of a file down to a second.
  t.ok(first >= Math.floor(before) && first <= Date.now() / 1_000 + 1, String(first));
  const old = new Date('2026-01-02T03:04:05Z');
  await utimes(lastBackupFile(sqlitePath(cluster.url)), old, old);
  t.equal((await back()).code, 1, 'the file is there already');
  t.equal(await seconds(), old.getTime() / 1_000, 'a backup that failed is none');
  t.equal((await back('--force')).code, 0);
  t.ok((await seconds()) >= first);
  await service.stop();
});

t.test('The metrics port serves only GET /metrics, and the port of the API does not serve it', async (t) => {
  const cluster = await createCluster(t, { METRICS_PORT: '0', LOG_LEVEL: 'info' });
  const service = await cluster.start();
  const url = /Metrics: (http:\S+)\/metrics/.exec(service.stdout())?.[1] ?? '';
  t.match(url, /^http:\/\/localhost:\d+$/);
  const metrics = await fetch(`${url}/metrics`);
  t.match(metrics.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  t.equal((await fetch(`${url}/metrics?a=b`)).status, 200);
  for (const path of ['/', '/me', '/health/ready', '/metrics/..'])
    t.equal((await fetch(url + path)).status, 404, path);
  t.equal((await fetch(`${url}/metrics`, { method: 'POST' })).status, 404);
  t.equal((await service.ask('GET', '/metrics')).status, 404);
  await service.stop();
  await t.rejects(fetch(`${url}/metrics`), 'it is closed with the service');
});

t.test('A metrics port that is in use is a configuration error', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => void taken.close());
  const address = taken.address();
  const METRICS_PORT = typeof address === 'object' ? String(address?.port) : '';
  const { url: DATABASE_URL } = await createMigratedDatabase(t);
  const variables = { DATABASE_URL, DATA_DIR: await temporaryFolder(t), PORT: '0', METRICS_PORT };
  const { code, stderr } = await latchkey(['serve'], { variables, isRefused: true });
  t.equal(code, 1);
  t.match(
    stderr,
    new RegExp(`^latchkey: METRICS_PORT ${METRICS_PORT} of METRICS_HOST 127.0.0.1 .*EADDRINUSE.*\n$`),
  );
});

t.test('The libraries for metrics and traces are not loaded unless they are configured', async (t) => {
  const { app } = await startApi(t);
  for (const name of ['metrics', 'traces']) t.notOk(app.hasPlugin(name), name);
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  t.ok(loaded.length > 10);
  t.strictSame(
    loaded.filter((file) => /prom-client|opentelemetry|fastify[/\\]otel|pino-pretty/.test(file)),
    [],
  );
});

t.test(
  'Connections to the metrics port cannot use up the file descriptors of the API, nor end the process',
  async (t) => {
    const page = { contentType: 'text/plain', read: async () => 'metrics' };
    const { server, url } = await listen({ host: '127.0.0.1', port: 0 }, page);
    t.teardown(() => void server.close());
    t.equal(server.maxConnections, 50);
    server.emit('error', new Error('accept EMFILE'));
    t.equal(await (await fetch(url, { headers: { connection: 'close' } })).text(), 'metrics');
  },
);
