/** Runs sessions in cookies in a real Chromium, beside a hostile page on another port of the same host. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { openDatabase } from '#latchkey/db/open.ts';
import { startChromium } from '../browser/chromium.ts';
import { serve, temporaryFolder } from '../child.ts';
import { startGate } from '../client/gate.ts';
import { register } from '../client/register.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { until } from '../until.ts';
import { bundleClient } from './client-bundle.ts';

const script = await bundleClient();

const HTML = `<!doctype html><title>Tab</title><script type="module">
  import { createClient } from '/page/client.js';
  window.auth = createClient({ baseUrl: '/', session: 'cookie' });
  await auth.ready;
  window.isReady = true;
</script>`;

const { url: DATABASE_URL } = await createMigratedDatabase(t);
const database = openDatabase(DATABASE_URL);
t.teardown(() => database.close());
const PORT = String(await freePort());
const service = await serve(t, { DATABASE_URL, DATA_DIR: await temporaryFolder(t), PORT, RATE_LIMIT: '0' });
const gate = await startGate(t, {
  target: service.url,
  serve: ({ url = '' }, response) => {
    if (!url.startsWith('/page/')) return false;
    const isScript = url === '/page/client.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(isScript ? script : HTML);
    return true;
  },
});
const hostile = createServer((_request, response) => {
  response.setHeader('content-type', 'text/html');
  response.end('<!doctype html><title>Hostile</title>');
});
await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve));
t.teardown(() => hostile.close());
const { port: hostilePort } = hostile.address() as AddressInfo;
const browser = await startChromium(t);

const run = <Result = unknown>(page: Page, code: string) =>
  page.evaluate<Result>(`(async () => { ${code} })()`);
const userOf = (page: Page) => run<string | undefined>(page, 'return auth.state.userId');
const statusOf = (page: Page) => run<number>(page, `return (await auth.api.GET('/me')).response.status`);

async function openTab(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${gate.url}/page/`);
  await page.waitForFunction('window.isReady');
  return page;
}

/** Opens a tab that is signed in. */
async function signedIn(t: Test) {
  const context = await browser.newContext();
  t.teardown(() => context.close());
  const user = await register(service, database.db, 1);
  const page = await openTab(context);
  await run(page, `await auth.signIn({ email: '${user.email}', password: '${PASSWORD}' })`);
  return { context, page, user };
}

t.test('Scripts find no token, and reloads and other tabs keep the session', async (t) => {
  const { context, page, user } = await signedIn(t);
  const kept = `return [localStorage.length, sessionStorage.length, document.cookie,
    (await indexedDB.databases()).length, (await caches.keys()).length]`;
  t.strictSame(await run(page, kept), [0, 0, '', 0, 0]);
  const [cookie, ...others] = await context.cookies();
  t.match(cookie, { name: `latchkey-${PORT}`, httpOnly: true, secure: false, sameSite: 'Strict', path: '/' });
  t.equal(others.length, 0);
  await page.reload();
  await page.waitForFunction('window.isReady');
  t.equal(await userOf(page), user.id);
  const second = await openTab(context);
  for (const tab of [page, second]) t.equal(await statusOf(tab), 200);
  await run(second, 'await auth.signOut()');
  await until(async () => (await userOf(page)) === undefined);
  t.strictSame(await context.cookies(), []);
  await second.reload();
  await second.waitForFunction('window.isReady');
  t.equal(await userOf(second), undefined);
});

t.test('Two tabs that refresh at once keep the session', async (t) => {
  const { context, page } = await signedIn(t);
  const second = await openTab(context);
  for (let round = 0; round < 3; round++) {
    await Promise.all([page, second].map((tab) => tab.reload()));
    for (const tab of [page, second]) {
      await tab.waitForFunction('window.isReady');
      t.equal(await statusOf(tab), 200);
    }
  }
});

t.test('A page that is left while it refreshes keeps the session', async (t) => {
  const { context, page } = await signedIn(t);
  const held = gate.hold('/refresh');
  await page.reload({ waitUntil: 'commit' });
  await until(held.isHeld);
  const before = (await context.cookies())[0]?.value;
  await page.goto('about:blank');
  held.release();
  await until(async () => (await context.cookies())[0]?.value !== before);
});

for (const [where, host] of [
  ['another port, whose requests have the cookie', '127.0.0.1'],
  ['another site', 'localhost'],
] as const)
  t.test(`A hostile page on ${where}, does nothing with the session`, async (t) => {
    const { context, page, user } = await signedIn(t);
    const before = await database.db.session.findMany({ where: { userId: user.id } });
    const evil = await context.newPage();
    const open = () => evil.goto(`http://${host}:${hostilePort}/`);
    gate.requests.length = 0;
    await open();
    const login = JSON.stringify({ email: user.email, password: PASSWORD, session: 'cookie' });
    for (const path of ['/refresh', '/logout', '/login'])
      for (const type of ['text/plain', 'application/json'])
        for (const mode of ['no-cors', 'cors'])
          await run(
            evil,
            `await fetch('${gate.url}${path}', { method: 'POST', mode: '${mode}', credentials: 'include',
               headers: { 'content-type': '${type}' }, body: '${path === '/login' ? login : '{}'}' }).catch(() => {});
             await fetch('${gate.url}${path}', { method: 'POST', mode: '${mode}', credentials: 'include' }).catch(() => {});`,
          );
    for (const path of ['/refresh', '/logout'])
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
        await open();
        const loaded = evil.waitForURL(`${gate.url}${path}`);
        await run(
          evil,
          `document.body.innerHTML = '<form method=post enctype="${type}" action="${gate.url}${path}"></form>';
           document.forms[0].submit();`,
        );
        await loaded;
      }
    t.ok(gate.count('POST /refresh') >= 3 && gate.count('POST /logout') >= 3, 'the requests arrived');
    t.equal(gate.requests.filter((line) => /^POST .* 2\d\d$/.test(line)).length, 0, gate.requests.join());
    t.strictSame(await database.db.session.findMany({ where: { userId: user.id } }), before);
    t.equal(await statusOf(page), 200);
  });

t.test('The page at /docs takes no configuration from its URL', async (t) => {
  const page = await browser.newPage();
  t.teardown(() => page.close());
  const other = encodeURIComponent(`${service.url}/problems`);
  for (const name of ['url', 'configUrl', 'urls', 'spec']) {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${service.url}/docs?${name}=${other}`);
    // Swagger UI takes the query for a part of its own address, and gets this page for the document.
    await page.waitForSelector('text=Unable to render this definition');
    t.strictSame(
      asked.filter((path) => !path.startsWith('/docs')),
      [],
      name,
    );
    page.removeAllListeners('request');
  }
});
