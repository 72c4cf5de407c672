/** The list of users: how people are found, and what is done to several at once. */

import type { Page } from 'playwright-core';
import t from 'tap';
import { hashPassword } from '#latchkey/accounts/passwords/hash.ts';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { levelTexts } from '../../../web/src/texts/console/levels.ts';
import { codeOf, stepNow } from '../../accounts/second-factor.ts';
import { createMigratedDatabase } from '../../database.ts';
import { PASSWORD } from '../../helper.ts';
import { until } from '../../until.ts';
import { focus } from '../focus.ts';
import { fill, signIn } from '../scenes.ts';
import { startPages } from '../stage.ts';
import { secondFactorOf } from './people.ts';
import { capSession, screen } from './screen.ts';

const { url: DATABASE_URL } = await createMigratedDatabase(t);
const stage = await startPages(t, { DATABASE_URL });
const { service, url, email } = stage;
const { db, close } = openDatabase(DATABASE_URL);
t.teardown(close);

const { accessToken: token } = (await service.ask('POST', '/login', { body: { email, password: PASSWORD } }))
  .body;
const passwordHash = await hashPassword(PASSWORD);

/** Makes an account that signs in with PASSWORD. */
async function person(name: string, address: string, access = 1): Promise<string> {
  const data = buildUserRow({ name, email: address, passwordHash, access });
  return (await db.user.create({ data })).id;
}

const change = (id: string, body: object) => service.ask('PATCH', `/users/${id}`, { token, body });
const read = async (id: string) => (await service.ask('GET', `/users/${id}`, { token })).body;
const rows = (page: Page) => page.locator('.table tbody tr');
const names = (page: Page) => page.locator('.table tbody a').allTextContents();
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
const isLoaded = (page: Page) => page.locator('.listed[aria-busy="false"]').waitFor();
const shows = async (page: Page, ...wanted: string[]) => {
  await until(async () => (await names(page)).join() === wanted.join());
};
/** Opens the list as the admin. */
const openList = async (t: Parameters<typeof stage.newPage>[0], path = 'users') => {
  const page = await stage.newPage(t);
  await screen(path)(page, stage);
  await isLoaded(page);
  return page;
};

const HOSTILE = [
  '"><img src=x onerror=alert(1)>',
  '\u05d0\u05d1\u05d2 \u202egpj.exe',
  '\u{1f511}'.repeat(100),
];
for (const [index, name] of HOSTILE.entries()) await person(name, `hostile-${index}@example.com`);
const grace = await person('Grace Hopper', 'hopper@example.com');
await person('Graça Machel', 'machel@example.com');
for (let index = 0; index < 60; index++) await person(`Person ${100 + index}`, `p${index}@many.example`);

t.test('People are found by the beginning of a name or an address, and the address keeps it', async (t) => {
  const page = await openList(t);
  const asked: string[] = [];
  page.on('request', (request) => {
    if (/:\d+\/users\?/.test(request.url())) asked.push(new URL(request.url()).searchParams.get('q') ?? '');
  });
  await page.getByLabel('Name begins with').pressSequentially('grac', { delay: 20 });
  await shows(page, 'Graça Machel', 'Grace Hopper');
  t.strictSame(asked, ['grac'], 'one request for four keys');
  await page.getByLabel('Name begins with').fill('hopper@');
  await shows(page, 'Grace Hopper');
  t.equal(await page.getByLabel('Search in').inputValue(), 'email', 'an @ searches addresses');
  t.match(page.url(), /\?q=hopper%40$/);
  await page.reload();
  await shows(page, 'Grace Hopper');
  await page.getByRole('link', { name: 'Grace Hopper' }).click();
  await page.waitForURL(`${url}/users/${grace}`);
  await page.goBack();
  await shows(page, 'Grace Hopper');
  await page.getByLabel('Address begins with').fill('nobody');
  await page.getByText('No person is like that.').waitFor();
  await button(page, 'Show all').click();
  await page.getByText('50 people on this page').waitFor();
  t.equal(await page.getByLabel('Name begins with').inputValue(), '');
});

t.test('A request that was overtaken is aborted, and its answer is not shown', async (t) => {
  const page = await openList(t);
  const aborted: string[] = [];
  page.on('requestfailed', (request) => aborted.push(request.url()));
  await page.route(/users\?.*q=a&|users\?.*q=a$/, () => {});
  const search = page.getByLabel('Name begins with');
  const asked = page.waitForRequest(/[?&]q=a(&|$)/);
  await search.fill('a');
  await asked;
  await search.fill('grace');
  await shows(page, 'Grace Hopper');
  t.match(aborted, [/[?&]q=a(&|$)/]);
});

t.test('The list is filtered, sorted and paged, and hostile names are text', async (t) => {
  const page = await openList(t);
  page.on('dialog', (dialog) => t.fail(dialog.message()));
  t.equal(await rows(page).count(), 50);
  await button(page, 'Next').click();
  await page.getByText(/^16 people/).waitFor();
  t.match(await page.locator('.table').textContent(), HOSTILE[0]);
  await button(page, 'Back').click();
  await page.getByText(/^50 people/).waitFor();
  await button(page, /^Name/).click();
  await page.locator('th[aria-sort=ascending]', { hasText: 'Name' }).waitFor();
  await until(async () => (await names(page))[0] === HOSTILE[0]);
  await button(page, /^Name/).click();
  await until(async () => (await names(page))[0] !== HOSTILE[0]);
  t.match(page.url(), /sort=-name/);
  await page.getByLabel('Level', { exact: true }).selectOption({ label: 'admin' });
  await until(async () => (await rows(page).count()) === 1);
  t.match(await rows(page).first().textContent(), '(you)');
  await page.getByLabel('Level', { exact: true }).selectOption({ label: 'All' });
  await page.getByLabel('State').selectOption({ label: 'Disabled' });
  await page.getByText('No person is like that.').waitFor();
});

t.test('A user of level 1 sees names and levels alone, also with filters of an admin', async (t) => {
  await person('Level One', 'one@example.com');
  const page = await stage.newPage(t);
  await screen('users?state=disabled&sort=email&access=2')(page, { ...stage, email: 'one@example.com' });
  await isLoaded(page);
  t.strictSame(
    (await page.locator('th').allTextContents()).map((text) => text.replace(/\W+$/, '')),
    ['Name', 'Level'],
  );
  t.equal(await page.locator('.table input').count(), 0);
  t.equal(await page.getByLabel('State').count(), 0);
  await page.getByLabel('Name begins with').fill('Grace');
  await shows(page, 'Grace Hopper');
});

t.test('Several get a level for a time, and one who was changed meanwhile is not overwritten', async (t) => {
  const ids = await Promise.all(
    ['Batch A', 'Batch B', 'Batch C'].map((name, index) => person(name, `batch-${index}@example.com`)),
  );
  const page = await openList(t, 'users?q=batch');
  await page.getByLabel('Choose all on this page').check();
  await change(ids[1]!, { access: 0 });
  await button(page, 'Change level').click();
  const dialog = page.getByRole('dialog', { name: 'Change the level of 3 people' });
  await dialog.getByLabel('Level', { exact: true }).selectOption({ label: 'admin' });
  const span = dialog.getByLabel('How long');
  t.strictSame(await span.locator('option').allTextContents(), Object.values(levelTexts.durations));
  t.equal(await span.inputValue(), '', 'their permanent levels may differ: without a choice it is for good');
  await span.selectOption({ label: '1 hour' });
  await dialog.getByText('After that, the permanent level is back by itself.').waitFor();
  await dialog.getByLabel('Reason').fill('on call');
  await dialog.getByRole('button', { name: 'Change the level' }).dblclick();
  await dialog.getByText('2 of 3 done').waitFor();
  await dialog.getByText('Somebody has changed this account meanwhile. It is guest now.').waitFor();
  t.match(await read(ids[1]!), { access: 0 }, 'nothing was overwritten');
  await dialog.getByRole('button', { name: 'Try the 1 that is left' }).click();
  await dialog.getByText('3 of 3 done').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.locator('.notice').getByText('Done for 3 people.').waitFor();
  t.equal(await focus(page, 'getAttribute("role")', 'status'), 'status');
  for (const [index, permanentAccess] of [1, 0, 1].entries()) {
    const user = await read(ids[index]!);
    t.match(user, { access: 2, permanentAccess });
    const left = Date.parse(user.accessUntil) - Date.now();
    t.ok(left > 3_000_000 && left <= 3_600_000, 'for an hour');
    const path = `/audit-events?target=${ids[index]}&action=user.access-changed`;
    const { events } = (await service.ask('GET', path, { token })).body;
    t.match(events[0], { reason: 'on call' });
    t.equal(events.length, index === 1 ? 2 : 1, 'a double click did it once');
  }
  await until(async () => (await page.locator('.level time').count()) === 3);
});

t.test('The end of the level of several is typed in the zone of the reader, or there is none', async (t) => {
  const id = await person('Tokyo', 'tokyo@example.com');
  const page = await stage.newPage(t, { timezoneId: 'Asia/Tokyo' });
  await screen('users?q=tokyo')(page, stage);
  const day = `${new Date().getFullYear() + 1}-01-31T`;
  const give = async (span: string) => {
    await page.getByLabel('Choose Tokyo').check();
    await button(page, 'Change level').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Level', { exact: true }).selectOption({ label: 'admin' });
    await dialog.getByLabel('How long').selectOption({ label: span });
    if (span.startsWith('Until')) await dialog.getByLabel('Until', { exact: true }).fill(`${day}09:00`);
    await dialog.getByRole('button', { name: 'Change the level' }).click();
    await dialog.getByText('1 of 1 done').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    t.equal(await focus(page, 'getAttribute("role")', 'status'), 'status', span);
    await isLoaded(page);
  };
  await give('Until a time that I choose');
  t.match(await read(id), { access: 2, permanentAccess: 1, accessUntil: `${day}00:00:00.000Z` });
  await give('For good');
  t.match(await read(id), { access: 2, permanentAccess: 2, accessUntil: null });
  await change(id, { access: 1 });
});

t.test('Several are offered the levels that one may give, in that session', async (t) => {
  const name = 'For an hour';
  const id = await person(name, 'hour@example.com');
  const accessUntil = new Date(Date.now() + 3_600_000).toISOString();
  await change(id, { access: 2, accessUntil });
  for (const reader of ['hour@example.com', email]) {
    const page = await stage.newPage(t);
    if (reader === email) await capSession(page, 1);
    await screen('users?q=grace')(page, { ...stage, email: reader });
    await page.getByLabel('Choose Grace Hopper').check();
    await button(page, 'Change level').click();
    const level = page.getByRole('dialog').getByLabel('Level', { exact: true });
    await level.waitFor();
    t.strictSame(await level.locator('option').allTextContents(), ['guest', 'user'], reader);
  }
  await change(id, { access: 1 });
});

t.test('Where the levels cannot be loaded, nothing is done to several', async (t) => {
  const page = await openList(t, 'users?q=grace');
  await page.getByLabel('Choose Grace Hopper').check();
  let fails = true;
  await page.route(`${service.url}/me`, (route) => (fails ? route.abort() : route.continue()));
  await button(page, 'Change level').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Try again' }).waitFor();
  await dialog.getByRole('button', { name: 'Change the level' }).click();
  fails = false;
  await dialog.getByRole('button', { name: 'Try again' }).click();
  await dialog.getByLabel('Level', { exact: true }).waitFor();
});

t.test('Where the present level may not be given, the reader chooses, and not the browser', async (t) => {
  const id = await person('Above', 'above@example.com', 2);
  const page = await stage.newPage(t);
  await capSession(page, 1);
  await screen('users?q=above')(page, stage);
  await page.getByLabel('Choose Above').check();
  await button(page, 'Change level').click();
  const dialog = page.getByRole('dialog');
  const level = dialog.getByLabel('Level', { exact: true });
  await level.waitFor();
  t.strictSame(await level.locator('option').allTextContents(), ['Choose', 'guest', 'user']);
  await button(page, 'Change the level').click();
  await dialog.getByText('Fill this in.').waitFor();
  t.match(await read(id), { access: 2 });
  await db.user.delete({ where: { id } });
});

t.test('Of several, oneself comes last, and the only admin stays', async (t) => {
  const other = await person('Zoe', 'zoe@example.com');
  const page = await openList(t, 'users?sort=-createdAt');
  await page.getByLabel('Choose Zoe').check();
  await page.getByLabel('Name begins with').fill('');
  await page.getByLabel('Level', { exact: true }).selectOption({ label: 'admin' });
  await isLoaded(page);
  t.equal(await page.locator('.several').count(), 0, 'other filters begin anew');
  await page.getByLabel('Level', { exact: true }).selectOption({ label: 'All' });
  await button(page, 'Next').click();
  await page.getByLabel('Choose Admin').check();
  await button(page, 'Back').click();
  await page.getByLabel('Choose Zoe').check();
  const changed: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'PATCH') changed.push(request.url().slice(-36));
  });
  await page.locator('.several').getByText('2 people chosen').waitFor();
  await button(page, 'Disable').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('You are one of them.').waitFor();
  await dialog.getByRole('button', { name: 'Disable' }).click();
  await dialog.getByText('This is the only admin who can sign in.').waitFor();
  t.equal(changed[0], other);
  t.equal(changed.length, 2);
  t.match(await read(other), { disabled: true });
  await page.keyboard.press('Escape');
  await page.locator('.notice').getByText('Done for 1 of 2 people.').waitFor();
  await page.locator('.several').getByText('1 person chosen').waitFor();
  await button(page, 'Choose none').click();
  t.equal(await page.locator('.several').count(), 0);
});

t.test('Sessions of several are ended: it waits, stops and goes on when it is told to', async (t) => {
  const ids: string[] = [];
  const pages: Page[] = [];
  for (const [index, name] of ['Session A', 'Session B', 'Session C'].entries()) {
    ids.push(await person(name, `session-${index}@example.com`));
    const page = await stage.newPage(t);
    await signIn(page, { url, email: `session-${index}@example.com` });
    await page.getByRole('heading', { name: 'Your account' }).waitFor();
    pages.push(page);
  }
  const page = await openList(t, 'users?q=session');
  await page.getByLabel('Choose all on this page').check();
  await button(page, 'End sessions').click();
  const dialog = page.getByRole('dialog');
  // Too many requests, and then one that takes its time.
  let count = 0;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(/\/sessions$/, async (route) => {
    count++;
    if (count === 1)
      return route.fulfill({
        status: 429,
        headers: { 'retry-after': '1', 'content-type': 'application/problem+json' },
        body: JSON.stringify({ slug: 'too-many-requests', status: 429 }),
      });
    if (count === 2) await held;
    return route.continue();
  });
  await dialog.getByRole('button', { name: 'End the sessions' }).click();
  await dialog.getByText('The service asks to wait.').waitFor();
  await until(() => count === 2);
  await dialog.getByRole('button', { name: 'Stop' }).click();
  release();
  await dialog.getByText('1 of 3 done').waitFor();
  await dialog.getByRole('button', { name: 'Try the 2 that are left' }).click();
  await dialog.getByText('3 of 3 done').waitFor();
  t.equal(count, 4);
  for (const one of pages) await one.locator('.notice').getByText('Your session has ended.').waitFor();
});

t.test('A change of several waits while the admin proves the second factor, and goes on', async (t) => {
  const admin = 'several@example.com';
  const userId = await person('One factor', admin, 2);
  const ids = [
    await person('Waits A', 'waits-a@example.com'),
    await person('Waits B', 'waits-b@example.com'),
  ];
  const page = await stage.newPage(t);
  await screen('users?q=waits')(page, { ...stage, email: admin });
  const app = await secondFactorOf(stage, admin);
  const authenticatedAt = new Date(Date.now() - 3_600_000);
  await db.session.updateMany({ where: { userId }, data: { authenticatedAt } });
  await page.reload();
  await page.getByLabel('Choose all on this page').check();
  await button(page, 'Disable').click();
  const dialog = page.locator('dialog');
  // Nothing has asked for the settings yet, which say what one may prove it with.
  await page.route(`${service.url}/`, (route) => route.abort('connectionreset'), { times: 1 });
  await dialog.getByRole('button', { name: 'Disable' }).click();
  await dialog.getByRole('button', { name: 'Try again' }).click();
  await fill(page, { Password: PASSWORD, Code: codeOf(app, stepNow(1)) });
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await dialog.getByText('2 of 2 done').waitFor();
  for (const id of ids) t.match(await read(id), { disabled: true });
  await change(userId, { access: 1 });
});

t.test('Without a network it stops, and goes on with those that are left', async (t) => {
  const id = await person('Offline A', 'offline-a@example.com');
  await person('Offline B', 'offline-b@example.com');
  const page = await openList(t, 'users?q=offline');
  await page.getByLabel('Choose all on this page').check();
  await button(page, 'Disable').click();
  const dialog = page.getByRole('dialog');
  await page.context().setOffline(true);
  await dialog.getByRole('button', { name: 'Disable' }).click();
  await dialog.getByText('The service cannot be reached.').waitFor();
  t.equal(await dialog.locator('.results .waiting').count(), 1, 'the other one is not tried');
  await page.context().setOffline(false);
  await dialog.getByRole('button', { name: 'Try the 2 that are left' }).click();
  await dialog.getByText('2 of 2 done').waitFor();
  t.match(await read(id), { disabled: true });
});

t.test('An open list follows a demotion', async (t) => {
  const id = await person('Second Admin', 'second@example.com', 2);
  const page = await stage.newPage(t);
  await screen('users')(page, { ...stage, email: 'second@example.com' });
  await page.locator('th', { hasText: 'Address' }).waitFor();
  await change(id, { access: 1 });
  await page.locator('th', { hasText: 'Address' }).waitFor({ state: 'detached' });
  await isLoaded(page);
  t.equal(await page.locator('th').count(), 2);
  await change(id, { access: 0 });
  await page.getByRole('heading', { name: 'No access' }).waitFor();
});
