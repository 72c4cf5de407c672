/** The level, name and state of a user, changed by two admins at once and by oneself, in the console. */

import type { Page } from 'playwright-core';
import t from 'tap';
import { levelTexts } from '../../../web/src/texts/console/levels.ts';
import { codeOf, stepNow } from '../../accounts/second-factor.ts';
import { PASSWORD } from '../../helper.ts';
import { until } from '../../until.ts';
import { focus } from '../focus.ts';
import { fill } from '../scenes.ts';
import { setVisibility } from '../visibility.ts';
import { ask, inHours, secondFactorOf, someone } from './people.ts';
import { capSession, screen } from './screen.ts';
import { button, dialog, notice, part, row, startUserPages } from './user-steps.ts';

const { stage, token, read, change, opened } = await startUserPages(t);

t.test('The only admin sees that it is oneself, is asked before giving it up, and is refused', async (t) => {
  const me = await ask(stage, 'GET', '/me', { token });
  const page = await opened(t, me);
  await page.locator('.badge').getByText('You', { exact: true }).waitFor();
  t.equal(await button(page, 'Remove the second factor').count(), 0);
  await button(page, 'Change the level').click();
  await page.getByLabel('Level', { exact: true }).selectOption('user');
  t.equal(await page.getByLabel('How long').count(), 0, 'only a higher level can have an end');
  await button(dialog(page), 'Change the level').click();
  await page.getByRole('heading', { name: 'You lower your own level' }).waitFor();
  t.match(
    await focus(page, 'textContent', /You may not be able to take this back/),
    /You may not be able to take this back/,
  );
  t.equal((await read(me)).access, 2, 'nothing was sent yet');
  await button(page, 'Lower my own level').click();
  await page.locator('.notice.error').getByText('There would be no admin left.').waitFor();
  for (const leave of [() => page.keyboard.press('Escape'), () => button(page, 'Cancel').click()]) {
    await leave();
    await dialog(page).waitFor({ state: 'detached' });
    t.equal(await focus(page, 'textContent', 'Change the level'), 'Change the level', 'the focus is back');
    t.equal(await page.locator('.notice').count(), 0, 'nothing is said to be done');
    await button(page, 'Change the level').click();
  }
  await page.keyboard.press('Escape');
  await button(page, 'Disable the account').click();
  await page.getByText('you are signed out, and cannot sign in again').waitFor();
  await button(page, 'Disable it').click();
  await page.locator('.notice.error').getByText('There would be no admin left.').waitFor();
});

t.test('A level for an hour is given once, and ends early', async (t) => {
  const grace = await someone(stage, 'Grace');
  const page = await opened(t, grace);
  const sent: string[] = [];
  page.on('request', (request) => request.method() === 'PATCH' && sent.push(request.headers()['if-match']!));
  await button(page, 'Change the level').click();
  await page.getByLabel('Level', { exact: true }).selectOption('admin');
  const span = page.getByLabel('How long');
  t.strictSame(await span.locator('option').allTextContents(), Object.values(levelTexts.durations));
  t.equal(await span.inputValue(), '3600', 'a level is for an hour where nothing else is chosen');
  await page.getByText('After that, the level is user again.').waitFor();
  await span.selectOption('For good');
  await page.getByText('Until an admin changes it again.').waitFor();
  await span.selectOption('1 hour');
  await fill(page, { 'Reason (you may leave it out)': 'stands in for Ada' });
  const from = Date.now();
  await button(dialog(page), 'Change the level').dblclick();
  await notice(page, 'The level is changed.');
  t.match(await focus(page, 'textContent', /The level is changed/), /The level is changed/);
  t.equal(sent.length, 1);
  t.match(sent[0], /^"/);
  const user = await read(grace);
  t.match(user, { access: 2, permanentAccess: 1 });
  const left = Date.parse(user.accessUntil) - from;
  t.ok(left > 3_590_000 && left < 3_700_000, `${left} ms`);
  await part(page, 'Activity').getByText('Level: user → admin').waitFor();
  await part(page, 'Activity').getByText('stands in for Ada').waitFor();
  await part(page, 'Access').getByText('Level after that').waitFor();
  await button(page, 'End it now').click();
  await button(dialog(page), 'End it now').click();
  await notice(page, 'The level for a limited time has ended.');
  t.match(await read(grace), { access: 1, permanentAccess: 1, accessUntil: null });
  await part(page, 'Activity').getByText('Level: admin → user').waitFor();
  t.equal(await button(page, 'End it now').count(), 0);
});

t.test('The end of a level is typed in the zone of the reader, and a past one is refused', async (t) => {
  const grace = await someone(stage, 'Grace');
  const page = await opened(t, grace);
  await button(page, 'Change the level').click();
  await page.getByLabel('Level', { exact: true }).selectOption('admin');
  await page.getByLabel('How long').selectOption('Until a time that I choose');
  await page.getByText('Date and time in your zone: Asia/Tokyo.').waitFor();
  await button(dialog(page), 'Change the level').click();
  await page.getByText('Fill this in.').waitFor();
  await fill(page, { Until: '2020-01-31T09:00' });
  await button(dialog(page), 'Change the level').click();
  await page.getByText('Choose a time that is still to come.').waitFor();
  t.equal(await focus(page, 'name', 'accessUntil'), 'accessUntil');
  const year = new Date().getFullYear() + 1;
  await fill(page, { Until: `${year}-01-31T09:00` });
  await button(dialog(page), 'Change the level').click();
  await notice(page, 'The level is changed.');
  t.equal((await read(grace)).accessUntil, `${year}-01-31T00:00:00.000Z`);
});

t.test('Only levels that one may give, in that session, are offered', async (t) => {
  const [grace, helper] = [await someone(stage, 'Grace'), await someone(stage, 'For an hour')];
  await change(helper, { access: 2, accessUntil: inHours(1) });
  for (const reader of [helper.email, stage.email]) {
    const page = await stage.newPage(t);
    if (reader === stage.email) await capSession(page, 1);
    await screen(`users/${grace.id}`)(page, { ...stage, email: reader });
    await button(page, 'Change the level').click();
    const level = page.getByLabel('Level', { exact: true });
    t.strictSame(await level.locator('option').allTextContents(), ['guest', 'user'], reader);
  }
  await change(helper, { access: 1 });
});

t.test('The page follows: on focus, when it is seen, and never while a load is under way', async (t) => {
  const grace = await someone(stage, 'Grace');
  const page = await stage.newPage(t);
  await page.clock.install();
  await screen(`users/${grace.id}`)(page, stage);
  await page.locator('.user-name').waitFor();
  // Nothing is asked for by the time alone.
  await page.clock.pauseAt((await page.evaluate<number>('Date.now()')) + 500);
  let count = 0;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(`${stage.service.url}/users/${grace.id}`, async (route) => {
    count++;
    await held;
    await route.continue();
  });
  await change(grace, { name: 'Grace Hopper' });
  const focusPage = () => page.evaluate("dispatchEvent(new Event('focus'))");
  // One that was under way before is waited for too.
  await until(async () => {
    await focusPage();
    return count === 1;
  });
  // Less than the ten seconds after which a load is given up.
  await page.clock.runFor(9_000);
  await focusPage();
  t.equal(count, 1, 'a load that takes longer is waited for');
  release();
  await page.locator('.user-name').getByText('Grace Hopper').waitFor();
  await change(grace, { name: 'Rear Admiral' });
  await page.clock.runFor(5_000);
  await page.locator('.user-name').getByText('Rear Admiral').waitFor();
  await setVisibility(page, 'hidden');
  const before = count;
  await page.clock.runFor(20_000);
  t.equal(count, before, 'a hidden page asks for nothing');
  await change(grace, { name: 'Amazing Grace' });
  await setVisibility(page, 'visible');
  await page.locator('.user-name').getByText('Amazing Grace').waitFor();
});

t.test('What another admin changed meanwhile is shown, and nothing is overwritten', async (t) => {
  const grace = await someone(stage, 'Grace');
  const other = await someone(stage, 'Other admin', { access: 2 });
  const [mine, theirs] = [await opened(t, grace), await opened(t, grace, other.email)];
  const rename = async (page: Page, name: string) => {
    await button(page, 'Change the name').click();
    await fill(page, { Name: name });
  };
  await rename(mine, 'Mine');
  await rename(theirs, 'Theirs');
  await button(theirs, 'Save the name').click();
  await notice(theirs, 'The name is changed.');
  // The page follows; what is being filled in stays.
  await until(async () => (await mine.locator('.user-name').innerText()).startsWith('Theirs'));
  t.equal(await mine.getByLabel('Name', { exact: true }).inputValue(), 'Mine');
  await button(mine, 'Save the name').click();
  await button(mine, 'Use mine').waitFor();
  t.strictSame(await row(mine, 'Name'), ['Name', 'Grace', 'Theirs', 'Mine']);
  t.match(await focus(mine, 'textContent', /Since you opened this/), /Since you opened this/);
  await button(mine, 'Keep theirs').click();
  await notice(mine, 'Nothing was changed by you.');
  t.equal((await read(grace)).name, 'Theirs');

  await rename(mine, 'Mine');
  await change(grace, { access: 2, accessUntil: inHours(8) });
  await button(mine, 'Save the name').click();
  await button(mine, 'Use mine').waitFor();
  t.match(await row(mine, 'Level'), ['Level', 'user', /^admin until /, '–']);
  // Again, between the look and the answer.
  await change(grace, { name: 'Once more' });
  await button(mine, 'Use mine').click();
  await until(async () => (await row(mine, 'Name'))[2] === 'Once more');
  await button(mine, 'Use mine').click();
  await notice(mine, 'The name is changed.');
  t.match(await read(grace), { name: 'Mine', access: 2 });

  await button(mine, 'Delete the account').click();
  await change(grace, { disabled: true });
  await fill(mine, { 'Name or address': 'Mine' });
  await button(mine, 'Delete the account for good').click();
  await button(mine, 'Use mine').waitFor();
  t.strictSame(await row(mine, 'Account'), ['Account', 'exists', 'exists', 'deleted']);
  await button(mine, 'Keep theirs').click();
  t.equal((await read(grace)).disabled, true);
  await change(other, { access: 1 });
});

t.test('A change waits for a recent sign-in, which is asked for over it, and goes on', async (t) => {
  const grace = await someone(stage, 'Grace');
  const page = await opened(t, grace);
  const challenge = 'Bearer error="insufficient_user_authentication", max_age=900';
  const json = { type: 'about:blank', slug: 'recent-sign-in-required', title: '', status: 401, detail: '' };
  let count = 0;
  // The session of a test is never a quarter of an hour old.
  await page.route(`${stage.service.url}/users/${grace.id}`, (route) =>
    route.request().method() === 'PATCH' && count++ === 0
      ? route.fulfill({
          status: 401,
          headers: { 'www-authenticate': challenge },
          contentType: 'application/problem+json',
          body: JSON.stringify(json),
        })
      : route.continue(),
  );
  await button(page, 'Disable the account').click();
  await button(page, 'Disable it').click();
  await fill(page, { Password: PASSWORD });
  await dialog(page).last().locator('button[type=submit]').click();
  await notice(page, 'The account is disabled.');
  t.equal((await read(grace)).disabled, true);
});

t.test('A dialog stays open while the admin proves the second factor, and says what was done', async (t) => {
  const admin = await someone(stage, 'Second admin', { access: 2 });
  const grace = await someone(stage, 'Grace');
  await secondFactorOf(stage, grace.email);
  const page = await opened(t, grace, admin.email);
  const app = await secondFactorOf(stage, admin.email);
  await button(page, 'Remove the second factor').click();
  await button(dialog(page), 'Remove it').click();
  await fill(page, { Password: PASSWORD, Code: codeOf(app, stepNow(1)) });
  await dialog(page).last().locator('button[type=submit]').click();
  await notice(page, 'The second factor is removed');
  t.equal((await read(grace)).secondFactor, false);
  await change(admin, { access: 1 });
});

t.test('A demotion throws another open console out', async (t) => {
  const hedy = await someone(stage, 'Hedy', { access: 2 });
  const theirs = await opened(t, hedy, hedy.email);
  const overview = await theirs.context().newPage();
  await overview.goto(`${stage.url}/audit`);
  await overview.locator('.console-nav').getByText('Settings').waitFor();
  const mine = await opened(t, hedy);
  await button(mine, 'Change the level').click();
  await mine.getByLabel('Level', { exact: true }).selectOption('user');
  await button(dialog(mine), 'Change the level').click();
  await notice(mine, 'The level is changed.');
  await overview.getByText('You do not have access to that page.').waitFor();
  await theirs.bringToFront();
  await button(theirs, 'Change the name').waitFor({ state: 'detached' });
  await part(theirs, 'Activity').waitFor({ state: 'detached' });
  await theirs.getByText(hedy.email).waitFor({ state: 'detached' });
});
