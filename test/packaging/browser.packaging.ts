/** Runs `@latchkey/client` in two tabs of a real Chromium, against the real service. */
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { openDatabase } from '#latchkey/db/open.ts';
import { startChromium } from '../browser/chromium.ts';
import { type Service, serve, temporaryFolder } from '../child.ts';
import { startGate } from '../client/gate.ts';
import { register } from '../client/register.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { until } from '../until.ts';
import { bundleClient } from './client-bundle.ts';

/** Milliseconds after which an access token has expired. */
const SUSPENDED_MS = 20 * 60_000;

const script = await bundleClient();
t.comment(`@latchkey/client: ${gzipSync(script).length} bytes gzipped`);

const HTML = `<!doctype html><title>Tab</title><script type="module">
  import * as client from '/page/client.js';
  window.states = [];
  window.isProblem = client.isProblem;
  window.auth = client.createClient({
    baseUrl: '/',
    reauthenticate: async () => {
      window.asked = (window.asked ?? 0) + 1;
      return (await auth.reauthenticate({ password: '${PASSWORD}' })).error === undefined;
    },
  });
  auth.onChange((state) => states.push(state));
  await auth.ready;
  window.isReady = true;
</script>`;

const { url: DATABASE_URL } = await createMigratedDatabase(t);
const database = openDatabase(DATABASE_URL);
t.teardown(() => database.close());
const variables = {
  DATABASE_URL,
  DATA_DIR: await temporaryFolder(t),
  PORT: String(await freePort()),
  RATE_LIMIT: '0',
};
const startService = () => serve(t, variables);
let service: Service = await startService();
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
const browser = await startChromium(t);
t.comment(`Chromium ${browser.version()}`);

const boss = await register(service, database.db, 2);
const { body: bossTokens } = await service.ask('POST', '/login', {
  body: { email: boss.email, password: PASSWORD },
});

/** Runs statements in a tab. */
const run = <Result = unknown>(page: Page, code: string) =>
  page.evaluate<Result>(`(async () => { ${code} })()`);
const statusOf = (page: Page, path = '/me') =>
  run<number>(page, `return (await auth.api.GET('${path}')).response.status`);
const isSignedIn = (page: Page) => run<boolean>(page, 'return auth.state.signedIn');
const tokens = (page: Page) => run<string | null>(page, `return localStorage.getItem('latchkey')`);

/** Opens two tabs of one browser, signed in by the first of them. */
async function openTabs(t: Test, access = 1) {
  const context = await browser.newContext();
  t.teardown(() => context.close());
  const open = async () => {
    const page = await context.newPage();
    // The clock of a tab, which runs; a test moves it forward as a suspended machine does.
    await page.clock.install();
    await page.goto(`${gate.url}/page/`);
    await page.waitForFunction('window.isReady');
    return page;
  };
  const user = await register(service, database.db, access);
  const [one, two] = [await open(), await open()];
  await run(one, `await auth.signIn({ email: '${user.email}', password: '${PASSWORD}' })`);
  await until(() => isSignedIn(two));
  gate.requests.length = 0;
  return { one, two, both: [one, two] as const, user, open };
}

/** Moves the clocks of tabs to when the access token has expired. Their timers do not fire for it. */
async function suspend(pages: readonly Page[]): Promise<void> {
  for (const page of pages)
    await page.clock.setSystemTime((await page.evaluate<number>('Date.now()')) + SUSPENDED_MS);
}

t.test('A sign-in and a sign-out show in the other tab, and after a reload', async (t) => {
  const { one, two, open } = await openTabs(t);
  t.equal(await statusOf(two), 200);
  t.equal(await statusOf(await open()), 200, 'a new tab has the session too');
  await run(two, 'await auth.signOut()');
  await until(async () => !(await isSignedIn(one)));
  t.equal(await tokens(one), null);
  t.equal(await statusOf(one), 401);
});

t.test('Two tabs that were suspended refresh once each at most, and both stay signed in', async (t) => {
  const { both } = await openTabs(t);
  const before = await tokens(both[0]);
  await suspend(both);
  const burst = `const answers = await Promise.all(Array.from({ length: 20 }, () => auth.api.GET('/me')));
    return [...new Set(answers.map(({ response }) => response.status))];`;
  t.strictSame(await Promise.all(both.map((page) => run(page, burst))), [[200], [200]]);
  const count = gate.count('POST /refresh');
  t.ok(count === 1 || count === 2, gate.requests.filter((line) => line !== 'GET /me 200').join());
  t.equal(gate.count('POST /refresh 200'), count);
  t.not(await tokens(both[0]), before);
  await suspend(both);
  for (const page of both) t.equal(await statusOf(page), 200, 'the session lives on');
});

t.test('A tab refreshes when it becomes visible', async (t) => {
  const { one } = await openTabs(t);
  const hide = (isHidden: boolean) =>
    run(
      one,
      `Object.defineProperty(document, 'visibilityState', { value: '${isHidden ? 'hidden' : 'visible'}', configurable: true });
       document.dispatchEvent(new Event('visibilitychange'));`,
    );
  await hide(true);
  await suspend([one]);
  t.equal(gate.count('POST /refresh'), 0, 'not while it is hidden');
  await hide(false);
  await until(() => gate.count('POST /refresh 200') === 1);
});

t.test('A refresh whose answer is lost costs neither tab its session', async (t) => {
  const { one, two, both } = await openTabs(t);
  gate.next('/refresh', 'lost', 'lost');
  await suspend(both);
  for (const page of both) t.equal(await statusOf(page), 200);
  await suspend(both);
  for (const page of [two, one]) t.equal(await statusOf(page), 200);
});

t.test('A sign-out in one tab while the other one refreshes signs both out', async (t) => {
  const { one, two } = await openTabs(t);
  const held = gate.hold('/refresh');
  await suspend([one]);
  const me = statusOf(one);
  await until(held.isHeld);
  await run(two, 'await auth.signOut()');
  held.release();
  t.equal(await me, 401);
  for (const page of [one, two]) t.equal(await isSignedIn(page), false);
  t.equal(await tokens(one), null);
});

t.test('A service that is slow, busy, broken or away signs nobody out', async (t) => {
  const { one, two, both } = await openTabs(t);
  for (const status of [429, 500, 503]) {
    gate.next('/refresh', status);
    await suspend([one]);
    t.equal(await statusOf(one), status);
    for (const page of both) t.equal(await isSignedIn(page), true, String(status));
    t.equal(await statusOf(one), 200, `after ${status}`);
  }
  t.equal(await statusOf(two), 200);
  gate.all('away');
  await suspend([one]);
  const away = run(one, `return auth.api.GET('/me').then(() => 'answered', (error) => error.name)`);
  t.equal(await away, 'TypeError');
  for (const page of both) t.equal(await isSignedIn(page), true);
  gate.all('answered');
  t.equal(await statusOf(one), 200);
  const held = gate.hold('/refresh');
  await suspend([one]);
  const slow = statusOf(one);
  await until(held.isHeld);
  await until(() => gate.count('POST /refresh') > 0);
  held.release();
  t.equal(await slow, 200);
});

t.test('Both tabs go on after the service was restarted', async (t) => {
  const { both } = await openTabs(t);
  await service.stop();
  await suspend(both);
  const during = both.map((page) => statusOf(page).catch(() => undefined));
  service = await startService();
  await Promise.all(during);
  for (const page of both) {
    t.equal(await statusOf(page), 200);
    t.equal(await isSignedIn(page), true);
  }
});

t.test('A demotion shows in both tabs with their next answers', async (t) => {
  const { both, user } = await openTabs(t, 2);
  for (const page of both) await run(page, 'await auth.loadPermissions()');
  t.equal(await run(both[0], `return auth.can('getControlPanel')`), true);
  const token = bossTokens.accessToken;
  await service.ask('PATCH', `/users/${user.id}`, { token, body: { access: 1 } });
  t.equal(await statusOf(both[0], '/control-panel'), 403);
  for (const page of both) {
    await until(() => run<boolean>(page, 'return states.at(-1).access === 1'));
    await until(() => run<boolean>(page, `return auth.can('getMe') && !auth.can('getControlPanel')`));
  }
});

t.test('A request waits until the user has reauthenticated', async (t) => {
  const { one, user } = await openTabs(t, 2);
  const authenticatedAt = new Date(Date.now() - 86_400_000);
  await database.db.session.updateMany({ where: { userId: user.id }, data: { authenticatedAt } });
  await suspend([one]);
  const { id } = await register(service, database.db, 1);
  const params = `{ params: { path: { id: '${id}' } } }`;
  t.equal(await run(one, `return (await auth.api.DELETE('/users/{id}', ${params})).response.status`), 204);
  t.equal(await run(one, 'return window.asked'), 1);
});
