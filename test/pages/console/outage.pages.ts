/**
 * Open screens of the console while the service, its database or the network is away: each says so, keeps
 * what it shows, and goes on.
 *
 * @runs once, on Postgres: SQLite has no server that goes away.
 */
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { migrate } from '#latchkey/db/migrations/migrate.ts';
import { type Service, temporaryFolder } from '../../child.ts';
import { startPostgres } from '../../postgres-server.ts';
import { signIn } from '../scenes.ts';
import { startPages, startService } from '../stage.ts';
import { banner, stale } from './outage-notices.ts';
import { ask, inHours, someone, tokenOf } from './people.ts';

const postgres = await startPostgres();
t.teardown(() => postgres.stop());
await migrate(postgres.url);
const variables = { DATABASE_URL: postgres.url, DATA_DIR: await temporaryFolder(t) };
const stage = await startPages(t, variables);
let service: Service = stage.service;

const grace = await someone(stage, 'Grace', { access: 2, accessUntil: inHours(8) });
const token = await tokenOf(stage, stage.email);
const robot = await ask(stage, 'POST', '/service-accounts', { token, body: { name: 'Robot', access: 1 } });
await ask(stage, 'POST', '/invitations', { token, body: { email: 'hedy@example.com' } });

/** Each screen, with something that it has loaded. */
const screens: Readonly<Record<string, string>> = {
  overview: 'Newest',
  users: 'Grace',
  [`users/${grace.id}`]: 'Sessions',
  invitations: 'hedy@example.com',
  elevated: 'Grace',
  'service-accounts': 'Robot',
  [`service-accounts/${robot.id}`]: 'Robot',
  audit: 'Account made',
  routes: 'Sign out',
  settings: 'RATE_LIMIT',
};

const isThere = (page: Page, text: string) =>
  page.locator('main').getByText(text).filter({ visible: true }).first().waitFor();
const link = (page: Page, name: string) =>
  page.locator('.console-nav').getByRole('link', { name, exact: true });

/** Waits for an answer that says that the service is interrupted. */
const failed = (page: Page, path: string) =>
  page.waitForResponse((response) => new URL(response.url()).pathname === path && response.status() === 503);

async function kill(): Promise<void> {
  service.signal('SIGKILL');
  await service.ended;
}

/** Starts it again on the same port. It outlives the test that needs it. */
async function startAgain(): Promise<void> {
  service = await startService(t, stage, variables);
}

/** Opens each screen in a tab of the same browser. */
async function openAll(): Promise<ReadonlyMap<string, Page>> {
  const first = await stage.newPage(t);
  await signIn(first, stage);
  await first.getByRole('heading', { name: 'Your account' }).waitFor();
  const tabs = new Map<string, Page>();
  for (const [path, text] of Object.entries(screens)) {
    const page = tabs.size === 0 ? first : await first.context().newPage();
    page.on('pageerror', ({ message }) => t.fail(message));
    await page.goto(`${stage.url}/${path}`);
    await isThere(page, text);
    tabs.set(path, page);
  }
  return tabs;
}

const tabs = await openAll();

/** Looks at all tabs during an outage, and after it. */
async function checkAll(
  t: Pick<Test, 'equal'>,
  says: string,
  { begin, end }: { begin: () => Promise<void>; end: () => Promise<void> },
): Promise<void> {
  await begin();
  for (const [path, page] of tabs) {
    await page.bringToFront();
    await banner(page).getByText(says).waitFor();
    t.equal(await stale(page).count(), 0, `${path} says it once`);
    await isThere(page, screens[path]!);
  }
  await end();
  for (const [path, page] of tabs) {
    await page.bringToFront();
    await banner(page).waitFor({ state: 'detached' });
    await stale(page).waitFor({ state: 'detached' });
    await isThere(page, screens[path]!);
  }
}

t.test('The service is killed and started again', async (t) => {
  await checkAll(t, 'The service is out of reach', {
    begin: kill,
    end: startAgain,
  });
  const page = tabs.get('audit')!;
  await page.bringToFront();
  await page.getByRole('button', { name: 'Load again' }).click();
  await page.getByText(/^\d+ events/).waitFor();
  t.equal(await page.locator('.notice.error').count(), 0);
});

t.test('A screen that is opened while the service is away comes when it is back', async (t) => {
  const page = await stage.newPage(t);
  await signIn(page, stage);
  await link(page, 'Overview').click();
  await isThere(page, screens.overview!);
  await kill();
  await banner(page).waitFor();
  await link(page, 'Settings').click();
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  await startAgain();
  await isThere(page, 'RATE_LIMIT');
});

t.test('The database is away and back', async (t) => {
  const page = tabs.get(`users/${grace.id}`)!;
  await checkAll(t, 'The service is out of reach or interrupted', {
    begin: async () => {
      await postgres.shutDown();
      await page.bringToFront();
      // What follows by itself fails, and the banner alone says why.
      await failed(page, `/users/${grace.id}`);
      await banner(page).waitFor();
      t.equal(await stale(page).count(), 0);
      await page.getByRole('button', { name: 'Change the name' }).click();
      await page.getByLabel('Name', { exact: true }).fill('Grace Hopper');
      await page.getByRole('button', { name: 'Save the name' }).click();
      await page.locator('dialog .notice.error, form .notice.error').first().waitFor();
      const audit = tabs.get('audit')!;
      await audit.bringToFront();
      await banner(audit).waitFor();
      const answer = failed(audit, '/audit-events');
      await audit.getByRole('button', { name: 'Load again' }).click();
      await answer;
      t.equal(await stale(audit).count(), 0);
      await isThere(audit, screens.audit!);
    },
    end: () => postgres.restart(),
  });
  await page.bringToFront();
  await page.getByRole('button', { name: 'Save the name' }).click();
  await page.locator('.notice').getByText('The name is changed.').waitFor();
  const now = await tokenOf(stage, stage.email);
  t.equal((await ask(stage, 'GET', `/users/${grace.id}`, { token: now })).name, 'Grace Hopper');
});

t.test('A service that hangs is out of reach, and the page follows when it goes on', async (t) => {
  const page = tabs.get(`users/${grace.id}`)!;
  await page.bringToFront();
  service.signal('SIGSTOP');
  await banner(page).getByText('The service is out of reach').waitFor();
  service.signal('SIGCONT');
  await banner(page).waitFor({ state: 'detached' });
  const now = await tokenOf(stage, stage.email);
  const { name } = await ask(stage, 'PATCH', `/users/${grace.id}`, {
    token: now,
    body: { name: 'Grace M.' },
  });
  t.equal(name, 'Grace M.');
  await page.locator('.user-name').getByText('Grace M.').waitFor();
});

t.test('The network is away and back', async (t) => {
  const [first] = tabs.values();
  const context = first!.context();
  await checkAll(t, 'You are offline.', {
    begin: () => context.setOffline(true),
    end: () => context.setOffline(false),
  });
});

/** The screens by their names. That of routes asks for nothing that is not known already. */
const names: Readonly<Record<string, string>> = {
  Overview: 'overview',
  Users: 'users',
  Invitations: 'invitations',
  'Elevated now': 'elevated',
  'Service accounts': 'service-accounts',
  Audit: 'audit',
  Settings: 'settings',
};

t.test('Too many requests: each screen says so, and the button goes on', async (t) => {
  const page = await stage.newPage(t);
  await signIn(page, stage);
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
  // Until the way to the screens is there.
  let isLimited = false;
  const problem = { type: 'about:blank', slug: 'too-many-requests', title: '', status: 429, detail: '' };
  await page.route(
    (target) => !target.pathname.startsWith('/ui'),
    (route) =>
      isLimited && route.request().method() === 'GET'
        ? route.fulfill({
            status: 429,
            headers: { 'retry-after': '1' },
            contentType: 'application/problem+json',
            body: JSON.stringify(problem),
          })
        : route.fallback(),
  );
  const goOn = async (name: string, path: string) => {
    await page.getByRole('heading', { name, exact: true }).waitFor();
    await page.getByText('There were too many requests from your network.').first().waitFor();
    isLimited = false;
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await isThere(page, screens[path]!);
  };
  for (const [name, path] of Object.entries(names)) {
    await link(page, name).waitFor();
    isLimited = true;
    await link(page, name).click();
    await goOn(name, path);
  }
  isLimited = true;
  await page.reload();
  await goOn('Settings', 'settings');
});
