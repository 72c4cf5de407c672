/**
 * What the pages of one's own account do when something is in the way: hostile texts, long lists, a service
 * that restarts, and changes by an admin.
 *
 * @runs once, on SQLite: it is about the pages.
 */
import type { Page } from 'playwright-core';
import t from 'tap';
import { actions } from '#latchkey/audit/event.ts';
import { actionTexts } from '../../web/src/texts/actions.ts';
import { temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { until } from '../until.ts';
import { account } from './account-scenes.ts';
import { startPages, startService } from './stage.ts';

const variables = { DATABASE_URL: (await createMigratedDatabase(t)).url, DATA_DIR: await temporaryFolder(t) };
const stage = await startPages(t, variables);
const { email } = stage;
const admin = await stage.service.ask('POST', '/login', { body: { email, password: PASSWORD } });
const token: string = admin.body.accessToken;

async function person(name: string, address: string): Promise<{ id: string; email: string }> {
  const body = { name, email: address, password: PASSWORD };
  return (await stage.service.ask('POST', '/users', { token, body })).body;
}

const HOSTILE = '"><img src=x onerror=alert(1)>\u202e{{7*7}}<b>\u05d0';

t.test('Every action of people and invitations has a text', async (t) => {
  const others = /^(?:key|level|relying-party|database|audit)\./;
  t.strictSame(
    actions.filter((action) => !others.test(action)),
    Object.keys(actionTexts),
  );
});

t.test('Hostile names and user agents are text, and make no page wider', async (t) => {
  const { email } = await person(HOSTILE, 'hostile@example.com');
  const userAgent = `<script>alert(1)</script>${'W'.repeat(150)}`;
  const page = await stage.newPage(t, { viewport: { width: 320, height: 640 }, userAgent });
  const wrong: string[] = [];
  page.on('dialog', (dialog) => {
    wrong.push(dialog.message());
    void dialog.dismiss();
  });
  for (const path of ['name', 'sessions', 'activity', 'access', 'leave', 'email']) {
    await account(path)(page, { ...stage, email });
    t.equal(await page.locator('main img, main script, main b').count(), 0, path);
    t.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 320, path);
    await page.goto(stage.url);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.locator('input[name=email]').waitFor();
  }
  t.strictSame(wrong, []);
});

t.test('A long activity comes page by page, and the first new row gets the focus', async (t) => {
  const { email } = await person('Annie', 'annie@example.com');
  for (let count = 0; count < 30; count++)
    await stage.service.ask('POST', '/login', { body: { email, password: PASSWORD } });
  const page = await stage.newPage(t);
  await account('activity')(page, { ...stage, email });
  const rows = page.locator('.rows > li');
  t.equal(await rows.count(), 25);
  await page.route('**/me/activity?*', (route) => route.abort('connectionreset'), { times: 1 });
  await page.getByRole('button', { name: 'Show more' }).click();
  await page.getByRole('button', { name: 'Try again' }).click();
  const rowWithFocus = '[...document.querySelectorAll(".rows > li")].indexOf(document.activeElement)';
  await until(async () => (await page.evaluate(rowWithFocus)) === 25);
  await page.getByRole('link', { name: 'Sessions' }).click();
  await rows.first().waitFor();
  t.equal(await rows.count(), 20);
  await page.getByRole('button', { name: 'Show more' }).click();
  t.equal(await rows.count(), 31);
});

/** The requests that ask for one's own access. */
const looks = (page: Page) =>
  page.waitForRequest((request) => request.method() === 'HEAD' && request.url().endsWith('/me/permissions'));

t.test('An open page asks for its access each two seconds, and at once on focus: W7', async (t) => {
  const { id, email } = await person('Grace', 'grace@example.com');
  const page = await stage.newPage(t);
  await account('access')(page, { ...stage, email });
  await page.locator('.badge').getByText('user').waitFor();
  await page.clock.install();
  await page.reload();
  await page.locator('.badge').getByText('user').waitFor();
  // No time passes in the page but by runFor.
  await page.clock.pauseAt(Date.now() + 60_000);
  const asked: string[] = [];
  page.on('request', (request) => request.method() === 'HEAD' && asked.push(request.url()));
  await Promise.all([looks(page), page.clock.runFor(2_000)]);
  t.equal(asked.length, 1);
  await Promise.all([looks(page), page.evaluate('dispatchEvent(new Event("focus"))')]);
  t.equal(asked.length, 2, 'without any time');
  await page.clock.resume();
  await stage.service.ask('PATCH', `/users/${id}`, { token, body: { access: 0 } });
  await page.locator('.badge').getByText('guest').waitFor();
  await page.getByText('What needs a higher level').waitFor();
  const accessUntil = new Date(Date.now() + 3_600_000).toISOString();
  await stage.service.ask('PATCH', `/users/${id}`, { token, body: { access: 2, accessUntil } });
  await page.locator('.badge').getByText('admin').waitFor();
  await page.getByText('Level after that').waitFor();
});

t.test('A sign-out says so, also where the page before has not done its work yet', async (t) => {
  const page = await stage.newPage(t);
  await account('access')(page, stage);
  await page.clock.install();
  await page.reload();
  await page.locator('.badge').waitFor();
  // Effects of Preact wait for a frame, which does not come.
  await page.clock.pauseAt(Date.now() + 60_000);
  const answered = page.waitForResponse((response) => response.url().endsWith('/logout'));
  await page.getByRole('button', { name: 'Sign out' }).click();
  await answered;
  await page.locator('.notice').getByText('You are signed out.').waitFor();
  await page.clock.resume();
  await page.locator('input[name=email]').fill(email);
  await page.locator('.notice').getByText('You are signed out.').waitFor();
});

t.test('A service that restarts while a page is open costs one error, which says what to do', async (t) => {
  const { email } = await person('Hedy', 'hedy@example.com');
  await stage.service.ask('POST', '/login', { body: { email, password: PASSWORD } });
  const page = await stage.newPage(t);
  await account('sessions')(page, { ...stage, email });
  await stage.service.stop();
  const end = page.getByRole('button', { name: /^End it/ });
  await end.click();
  await page.locator('.notice.error').getByText('The service cannot be reached.').waitFor();
  await page.getByRole('link', { name: 'Activity' }).click();
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  const service = await startService(t, stage, variables);
  // It is loaded by itself when the service is back, or by the button.
  await page.getByText('Signed in').first().waitFor();
  await page.getByRole('link', { name: 'Sessions' }).click();
  await end.click();
  await page.locator('.notice').getByText('The session has ended.').waitFor();
  await service.stop();
});
