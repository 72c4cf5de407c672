/** Who is elevated now: it follows what happens, and ends an elevation without overwriting another change. */

import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { PASSWORD } from '../../helper.ts';
import { focus } from '../focus.ts';
import { startPages } from '../stage.ts';
import { banner, stale } from './outage-notices.ts';
import { screen, weakenTag } from './screen.ts';

const stage = await startPages(t);
const { service, url, email } = stage;
const { accessToken: token } = (await service.ask('POST', '/login', { body: { email, password: PASSWORD } }))
  .body;

let people = 0;

/** Makes an account that has a higher level for some seconds. */
async function elevated(name: string, seconds: number, reason?: string): Promise<string> {
  const body = { name, email: `elevated-${people++}@example.com`, password: PASSWORD };
  const { id } = (await service.ask('POST', '/users', { token, body })).body;
  await elevate(id, seconds, reason);
  return id;
}

/** @returns until when, as the service writes it */
async function elevate(id: string, seconds: number, reason?: string): Promise<string> {
  const accessUntil = new Date(Date.now() + seconds * 1_000).toISOString();
  const body = { access: 2, accessUntil, ...(reason !== undefined && { reason }) };
  const answer = await service.ask('PATCH', `/users/${id}`, { token, body });
  if (answer.status !== 200) throw new Error(`Not elevated but ${answer.status}`);
  return answer.body.accessUntil;
}

const read = async (id: string) => (await service.ask('GET', `/users/${id}`, { token })).body;
const row = (page: Page, name: string) => page.locator('.table tbody tr', { hasText: name });

async function openScreen(t: Test): Promise<Page> {
  const page = await stage.newPage(t);
  page.on('dialog', (dialog) => t.fail(dialog.message()));
  await screen('elevated')(page, stage);
  return page;
}

t.test('It says who, until when, why and by whom, and follows while it is open', async (t) => {
  const page = await openScreen(t);
  await page.getByText('No one has a higher level').waitFor();
  let isFirst = true;
  await page.route(/\/audit-events\?/, (route) => {
    if (!isFirst) return route.continue();
    isFirst = false;
    return route.abort();
  });
  const reason = '"><img src=x onerror=alert(1)>\u202e';
  const id = await elevated('Grace "><img src=x onerror=alert(1)>', 5_400, reason);
  const grace = row(page, 'Grace');
  await grace.getByText('1 h 29 min left').waitFor();
  await grace.getByRole('button', { name: 'Try again' }).click();
  await grace.getByText(reason).waitFor();
  await grace.getByRole('link', { name: 'Admin' }).waitFor();
  t.strictSame(await grace.locator('td').nth(1).textContent(), 'admin');
  t.strictSame(await grace.locator('td').nth(2).textContent(), 'user');
  // Long enough for the list to show it before it ends by itself.
  await elevated('Short', 12);
  await row(page, 'Short').getByText('No reason was given').waitFor();
  await row(page, 'Short').waitFor({ state: 'detached', timeout: 30_000 });
  await grace.getByRole('link', { name: 'Grace' }).click();
  await page.waitForURL(`${url}/users/${id}`);
});

t.test('An elevation is ended at once, once, with a reason in the audit', async (t) => {
  const id = await elevated('Katherine', 3_600);
  const page = await openScreen(t);
  await weakenTag(page, id);
  const button = row(page, 'Katherine').getByRole('button');
  await button.click();
  await page.keyboard.press('Escape');
  t.equal(await focus(page, 'textContent', 'End now'), 'End now', 'the focus is back');
  t.match(await read(id), { access: 2 });
  await button.click();
  await page.getByRole('button', { name: 'End it now' }).click();
  await page.getByText('turn its compression off').waitFor();
  await page.unrouteAll();
  await page.getByLabel('Reason').fill('the shift is over');
  await page.getByRole('button', { name: 'End it now' }).dblclick();
  await page.locator('.notice').getByText('The elevation of Katherine has ended.').waitFor();
  t.equal(await focus(page, 'getAttribute("role")', 'status'), 'status');
  await row(page, 'Katherine').waitFor({ state: 'detached' });
  t.match(await read(id), { access: 1, accessUntil: null });
  const { events } = (
    await service.ask('GET', `/audit-events?target=${id}&action=user.access-changed`, { token })
  ).body;
  t.equal(events.length, 2);
  t.match(events[0], { reason: 'the shift is over', after: { access: 1 } });
});

t.test('A change that came in between is shown, and not overwritten', async (t) => {
  const id = await elevated('Joan', 3_600);
  const page = await openScreen(t);
  await row(page, 'Joan').getByRole('button').click();
  const dialog = page.getByRole('dialog');
  await elevate(id, 7_200);
  await dialog.getByRole('button', { name: 'End it now' }).click();
  await dialog.getByText('Somebody has changed this account meanwhile.').waitFor();
  t.match(await read(id), { access: 2 });
  // Between the look and the change, where only If-Match holds.
  // The route stays: without it, a request that it holds at this moment may get no answer.
  let isFirst = true;
  let changedTo = '';
  await page.route(`**/users/${id}`, async (route) => {
    if (isFirst && route.request().method() === 'PATCH') {
      isFirst = false;
      changedTo = await elevate(id, 10_800);
    }
    await route.continue();
  });
  const refused = page.waitForResponse((response) => response.status() === 412);
  await dialog.getByRole('button', { name: 'End it now' }).click();
  await refused;
  // The dialog reads the account once more after the refusal, and has to see this change, not the next one.
  await dialog.locator(`time[datetime="${changedTo}"]`).waitFor();
  await service.ask('PATCH', `/users/${id}`, { token, body: { access: 1 } });
  await dialog.getByRole('button', { name: 'End it now' }).click();
  await dialog.getByText('The elevation is over already.').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await row(page, 'Joan').waitFor({ state: 'detached' });
});

t.test('Without the network, the list stays and the banner alone says that it may be old', async (t) => {
  const id = await elevated('Hedy', 3_600);
  const page = await openScreen(t);
  await row(page, 'Hedy').waitFor();
  const failed = page.waitForEvent('requestfailed', (request) => /users\?elevated/.test(request.url()));
  await page.context().setOffline(true);
  await failed;
  await banner(page).getByText('What you see may be old').waitFor();
  t.equal(await stale(page).count(), 0, 'once');
  t.equal(await row(page, 'Hedy').count(), 1);
  await service.ask('PATCH', `/users/${id}`, { token, body: { access: 1 } });
  await page.context().setOffline(false);
  await row(page, 'Hedy').waitFor({ state: 'detached' });
  await banner(page).waitFor({ state: 'detached' });
  t.equal(await stale(page).count(), 0);
});

t.test('Where the list alone fails, it stays and says that it may be out of date', async (t) => {
  await elevated('Hedy Lamarr', 3_600);
  const page = await openScreen(t);
  await row(page, 'Hedy Lamarr').waitFor();
  let fails = true;
  await page.route(/:\d+\/users\?elevated/, (route) => {
    const body = JSON.stringify({ slug: 'database-unavailable', status: 503 });
    if (!fails) return route.continue();
    return route.fulfill({ status: 503, contentType: 'application/problem+json', body });
  });
  await stale(page).getByText('The service is interrupted.').waitFor();
  t.equal(await banner(page).count(), 0, 'the service can be reached');
  t.equal(await row(page, 'Hedy Lamarr').count(), 1);
  fails = false;
  await stale(page).waitFor({ state: 'detached' });
  t.equal(await row(page, 'Hedy Lamarr').count(), 1);
});

t.test('A user of level 1 has no access to it', async (t) => {
  const body = { name: 'One', email: 'one@example.com', password: PASSWORD };
  await service.ask('POST', '/users', { token, body });
  const page = await stage.newPage(t);
  await screen('elevated')(page, { ...stage, email: body.email });
  await page.getByRole('heading', { name: 'No access' }).waitFor();
  t.equal(await page.getByRole('link', { name: 'Elevated now' }).count(), 0);
});
