/**
 * Tests the index, the health checks, the pages of the problems, and the docs.
 *
 * @runs once, on SQLite: these routes do not read the database.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import type {} from '#latchkey/http/plugins/graceful-shutdown.ts';
import { registry, slugs } from '#latchkey/problems/registry.ts';
import { startApi } from '../helper.ts';

const { ask } = await startApi(t);

t.test('The index links to pages that exist', async (t) => {
  const { body } = await ask('GET', '/');
  t.match(body, { name: 'Latchkey', version: String });
  for (const [name, url] of Object.entries<string>(body.links)) {
    const { status } = await ask('GET', url.replace('http://latchkey.test', ''));
    t.ok([200, 401, 405].includes(status), `${name}: ${status}`);
  }
});

t.test('Both health checks answer 200', async (t) => {
  for (const url of ['/health/live', '/health/ready', '/health/ready/']) {
    t.strictSame((await ask('GET', url)).body, { status: 'ok' }, url);
  }
});

t.test('A process that is shutting down is alive and not ready', async (t) => {
  const { app, ask } = await startApi(t);
  app.drain.begin();
  app.drain.begin();
  const { status, body, headers } = await ask('GET', '/health/ready');
  t.equal(status, 503);
  t.match(body.type, /\/problems\/not-ready$/);
  t.equal(headers['retry-after'], '1');
  t.equal((await ask('GET', '/health/live')).status, 200);
});

t.test('A process that has not read the revocations yet is not ready', async (t) => {
  const { app, ask } = await startApi(t);
  Object.defineProperty(app.revocations, 'isFresh', { get: () => false });
  t.match(await ask('GET', '/health/ready'), { status: 503, body: { type: /\/problems\/not-ready$/ } });
});

t.test('Each problem has a page at its type', async (t) => {
  const { body } = await ask('GET', '/problems');
  t.strictSame(
    body.problems.map(({ slug }: { slug: string }) => slug),
    slugs,
  );
  for (const entry of body.problems) {
    t.equal(entry.type, `http://latchkey.test/problems/${entry.slug}`);
    const page = await ask('GET', `/problems/${entry.slug}`);
    t.strictSame(page.body, entry);
    t.match(entry, { status: Number, title: /\w/, detail: /\w/ });
  }
  for (const slug of ['nonsense', 'constructor', '__proto__', 'toString']) {
    t.equal((await ask('GET', `/problems/${slug}`)).status, 404, slug);
  }
});

t.test('The status of a problem is its registered status', async (t) => {
  for (const [slug, { status, title, detail }] of Object.entries(registry)) {
    t.ok(status >= 400 && status <= 599 && title.length > 0 && /[.!]$/.test(detail), slug);
  }
});

t.test('The served contract is the committed contract', async (t) => {
  t.strictSame(
    (await ask('GET', '/openapi.json')).body,
    JSON.parse(readFileSync('openapi/openapi.json', 'utf8')),
  );
});

t.test('The docs page and its files are served', async (t) => {
  const page = await ask('GET', '/docs');
  t.equal(page.status, 200);
  t.match(page.headers['content-type'], 'text/html');
  t.match(
    page.text,
    /<head>\s*<meta charset="UTF-8"><meta name="viewport" content="width=device-width/,
    'for phones',
  );
  const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? '');
  t.ok(parts.length > 3);
  for (const url of parts)
    t.equal((await ask('GET', new URL(url, 'http://latchkey.test/docs/').pathname)).status, 200, url);
  t.equal((await ask('GET', '/docs/json')).status, 200);
});
