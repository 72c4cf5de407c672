/** The overview of the console: its numbers, and how it renews itself. */
import type { Page } from 'playwright-core';
import t from 'tap';
import { temporaryFolder } from '../../child.ts';
import { createMigratedDatabase } from '../../database.ts';
import { PASSWORD } from '../../helper.ts';
import { until } from '../../until.ts';
import { startPages, startService } from '../stage.ts';
import { setVisibility } from '../visibility.ts';
import { HOSTILE } from './hostile.ts';
import { banner } from './outage-notices.ts';
import { screen } from './screen.ts';

const variables = { DATABASE_URL: (await createMigratedDatabase(t)).url, DATA_DIR: await temporaryFolder(t) };
const stage = await startPages(t, variables);
const { service } = stage;

async function tokenOf(email: string): Promise<string> {
  return (await service.ask('POST', '/login', { body: { email, password: PASSWORD } })).body.accessToken;
}
const token = await tokenOf(stage.email);

async function person(name: string, email: string, access = 1): Promise<string> {
  const body = { name, email, access, password: PASSWORD };
  return (await service.ask('POST', '/users', { token, body })).body.id;
}

const figure = (page: Page, title: string) =>
  page.locator('.figures > div').filter({ hasText: title }).locator('.figure');

t.test('The numbers are those of the service, and lead to what they count', async (t) => {
  const id = await person(HOSTILE, 'hostile@example.com');
  await service.ask('POST', '/invitations', { token, body: { email: 'invited@example.com' } });
  await service.ask('POST', '/login', { body: { email: 'hostile@example.com', password: 'wrong one' } });
  await service.ask('GET', '/control-panel', { token: await tokenOf('hostile@example.com') });
  // Failures and denials are written some seconds later.
  const counts = async () => (await service.ask('GET', '/control-panel', { token })).body.signIns.at(-1);
  await until(async () => (await counts()).denied === 1 && (await counts()).failed === 1);
  const page = await stage.newPage(t);
  await screen('overview')(page, stage);
  t.equal(await figure(page, 'Users').textContent(), '2');
  t.equal(await figure(page, 'Invitations').textContent(), '1');
  t.equal(await figure(page, 'Without a second factor').textContent(), '1');
  await page.getByRole('img', { name: 'Denied requests by the hour: 1 in all' }).waitFor();
  await page.getByText('Show the numbers').click();
  const { body } = await service.ask('GET', '/control-panel', { token });
  const numbers = page.getByRole('table', { name: 'The last 24 hours' }).locator('tbody tr');
  t.equal(await numbers.count(), 24);
  t.strictSame(
    await numbers.last().locator('td').allTextContents(),
    ['succeeded', 'failed', 'denied'].map((member) => String(body.signIns.at(-1)[member])),
  );
  t.equal(await page.locator('.hour-chart').first().locator('rect').count(), 24);
  await page.getByText(`${body.version}`, { exact: true }).waitFor();
  await page.getByText('✓ Ready').waitFor();
  t.equal(await page.locator('main img, main script, main b').count(), 0);
  const levels = page.getByRole('table', { name: 'Users by level' });
  t.equal(await levels.getByRole('link', { name: 'admin' }).getAttribute('href'), './users?access=2');
  const name = page.getByRole('table', { name: 'Newest people' }).getByRole('link').first();
  t.equal(await name.textContent(), HOSTILE);
  await name.click();
  t.equal(new URL(page.url()).pathname, `/ui/users/${id}`);
});

t.test('A page that is hidden asks for nothing, and at once when it is shown again', async (t) => {
  const page = await stage.newPage(t);
  await page.clock.install();
  await screen('overview')(page, stage);
  const asked: string[] = [];
  page.on('request', (request) => request.url().endsWith('/control-panel') && asked.push(request.url()));
  await setVisibility(page, 'hidden');
  await page.clock.runFor(60_000);
  t.strictSame(asked, []);
  await Promise.all([
    page.waitForRequest((request) => request.url().endsWith('/control-panel')),
    setVisibility(page, 'visible'),
  ]);
});

t.test('A demoted admin sees it no more, and it asks no more', async (t) => {
  const id = await person('Mary', 'mary@example.com', 2);
  const page = await stage.newPage(t);
  await page.clock.install();
  await screen('overview')(page, { ...stage, email: 'mary@example.com' });
  await figure(page, 'Users').waitFor();
  await service.ask('PATCH', `/users/${id}`, { token, body: { access: 1 } });
  await page.getByRole('heading', { name: 'No access' }).waitFor();
  t.equal(await page.locator('.console-nav').getByText('Overview').count(), 0);
  const asked: string[] = [];
  page.on('request', (request) => request.url().endsWith('/control-panel') && asked.push(request.url()));
  await page.clock.runFor(60_000);
  t.strictSame(asked, []);
});

const stale = (page: Page) => page.getByRole('status').getByText('This may be out of date.');

t.test('Where the numbers alone fail, they stay and it says why, and the button goes on', async (t) => {
  const page = await stage.newPage(t);
  await page.clock.install();
  await screen('overview')(page, stage);
  const before = await figure(page, 'Users').textContent();
  const body = JSON.stringify({ slug: 'database-unavailable', status: 503 });
  let fails = true;
  await page.route('**/control-panel', (route) =>
    fails ? route.fulfill({ status: 503, contentType: 'application/problem+json', body }) : route.continue(),
  );
  await page.clock.runFor(15_000);
  await stale(page).getByText('The service is interrupted.').waitFor();
  t.equal(await banner(page).count(), 0, 'the service can be reached');
  t.equal(await figure(page, 'Users').textContent(), before, 'the numbers stay');
  fails = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await stale(page).waitFor({ state: 'detached' });
});

t.test('It renews itself, and keeps the last numbers while the service is away', async (t) => {
  const page = await stage.newPage(t);
  await page.clock.install();
  await screen('overview')(page, stage);
  const before = Number(await figure(page, 'Users').textContent());
  await person('Grace', 'grace@example.com');
  await page.clock.runFor(15_000);
  await figure(page, 'Users')
    .getByText(String(before + 1))
    .waitFor();
  await person('Hedy', 'hedy@example.com');
  // The tick before was late. The next but one comes after 15 seconds of the real time.
  await page.clock.setSystemTime((await page.evaluate<number>('Date.now()')) - 100);
  await page.clock.runFor(15_000);
  await figure(page, 'Users')
    .getByText(String(before + 2))
    .waitFor({ timeout: 10_000 });
  await page.getByText('renewed every 15 seconds').waitFor();
  await service.stop();
  await page.clock.runFor(15_000);
  const away = page.getByRole('status').getByText('The service is out of reach or interrupted.');
  await away.waitFor();
  await page.getByText('Not known').waitFor();
  await page.getByText('renewed every 15 seconds').waitFor({ state: 'detached' });
  t.equal(await stale(page).count(), 0, 'the banner says it alone');
  t.equal(await figure(page, 'Users').textContent(), String(before + 2), 'the numbers stay');
  await startService(t, stage, variables);
  await page.clock.runFor(15_000);
  await away.waitFor({ state: 'detached' });
  await page.getByText('✓ Ready').waitFor();
  await page.getByText('renewed every 15 seconds').waitFor();
  t.equal(await stale(page).count(), 0);
});
