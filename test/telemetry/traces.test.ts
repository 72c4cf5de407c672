/**
 * Traces, as a collector receives them.
 *
 * @runs once, on SQLite: a trace contains nothing about the database.
 */
import { randomBytes } from 'node:crypto';
import t from 'tap';
import { PASSWORD } from '../helper.ts';
import { createCluster } from '../processes/cluster.ts';
import { until } from '../until.ts';
import { startCollector } from './collector.ts';

const hex = (bytes: number) => randomBytes(bytes).toString('hex');

t.test('Each request is a span with its route, without personal data', async (t) => {
  const collector = await startCollector(t);
  const cluster = await createCluster(t, { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/` });
  const service = await cluster.start({
    OTEL_SERVICE_NAME: 'accounts',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=ours',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=staging,service.name=not-this',
  });
  const { id, email, token } = await cluster.person(service, 1);
  const [traceId, parentId] = [hex(16), hex(8)];
  const get = (path: string, headers: Record<string, string> = {}) => fetch(service.url + path, { headers });
  const authorization = `Bearer ${token}`;

  const traced = await get(`/users/${id}?secret=in-the-query`, {
    authorization,
    traceparent: `00-${traceId}-${parentId}-01`,
    'x-request-id': 'traced-1',
    baggage: 'person=in-the-baggage',
    'user-agent': 'a-browser-of-somebody',
  });
  t.equal(traced.status, 200);
  const unsampled = hex(16);
  await get('/', { traceparent: `00-${unsampled}-${parentId}-00` });
  await get('/me');
  await get('/nowhere/of-somebody');
  t.equal((await service.ask('POST', '/login', { body: { email, password: PASSWORD } })).status, 200);
  await service.stop();

  const find = (name: string) => collector.spans.filter((span) => span.name === name);
  const [span] = find('GET /users/:id');
  t.match(span, {
    traceId,
    parentId,
    kind: 2,
    attributes: {
      'http.request.method': 'GET',
      'http.route': '/users/:id',
      'url.path': '/users/:id',
      'http.response.status_code': 200,
      'latchkey.request_id': 'traced-1',
    },
    status: { code: 0, message: '' },
  });
  t.match(span?.spanId, /^[0-9a-f]{16}$/);
  t.match(find('GET /me'), [
    { parentId: '', attributes: { 'http.response.status_code': 401 }, status: { code: 0 } },
  ]);
  t.match(find('GET unknown'), [{ attributes: { 'http.response.status_code': 404 } }]);
  t.equal(find('POST /login').length, 2, 'also those that came before, and the last ones before the end');
  t.notOk(
    collector.spans.some((other) => other.traceId === unsampled),
    'whoever is not to be traced is not',
  );
  t.match(collector.resource, {
    'service.name': 'accounts',
    'service.version': /^\d/,
    'deployment.environment': 'staging',
  });
  t.equal(collector.headers[0]?.['x-tenant'], 'ours', 'a variable of the SDK');
  t.match(collector.headers[0]?.['content-type'], 'application/x-protobuf');

  const sent = collector.bytes();
  for (const secret of [
    id,
    email,
    token,
    PASSWORD,
    'in-the-query',
    'in-the-baggage',
    'of-somebody',
    'Bearer',
    '127.0.0.1',
  ])
    t.notOk(sent.includes(secret), secret);
});

t.test('A failure is a span with an error status, without the error message', async (t) => {
  const collector = await startCollector(t);
  const cluster = await createCluster(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  const service = await cluster.start();
  const { token } = await cluster.person(service, 1);
  await cluster.database.db.raw.execute`ALTER TABLE "User" RENAME TO "Hidden"`;
  t.equal((await service.ask('GET', '/me', { token })).status, 500);
  await cluster.database.db.raw.execute`ALTER TABLE "Hidden" RENAME TO "User"`;
  await service.stop();
  const [span] = collector.spans.filter(({ name }) => name === 'GET /me');
  t.match(span, { attributes: { 'http.response.status_code': 500 }, status: { code: 2, message: '' } });
  t.notOk(collector.bytes().includes('no such table'));
});

t.test('The sampler is the one that its variable names', async (t) => {
  const collector = await startCollector(t);
  const cluster = await createCluster(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  const service = await cluster.start({ OTEL_TRACES_SAMPLER: 'parentbased_always_off' });
  await service.ask('GET', '/');
  const traceparent = `00-${hex(16)}-${hex(8)}-01`;
  await fetch(`${service.url}/problems`, { headers: { traceparent } });
  await service.stop();
  t.strictSame(
    collector.spans.map(({ name }) => name),
    ['GET /problems'],
  );
});

t.test(
  'A collector that is unavailable is logged once, and affects neither requests nor the shutdown',
  async (t) => {
    const collector = await startCollector(t);
    collector.answerWith(400);
    const cluster = await createCluster(t, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '100',
      LOG_LEVEL: 'info',
    });
    const service = await cluster.start();
    const ask = async () => (await service.ask('GET', '/')).status;
    await until(async () => (await ask()) === 200 && service.stdout().includes('Traces cannot be sent'));
    for (let i = 0; i < 10; i++) await ask();
    collector.answerWith(200);
    await until(async () => (await ask()) === 200 && service.stdout().includes('Traces can be sent again'));
    t.equal(service.stdout().split('Traces cannot be sent').length, 2);
    collector.answerWith(503);
    await ask();
    const told = performance.now();
    await service.stop();
    t.ok(performance.now() - told < 5_000);
  },
);
