/**
 * What pages do when something is in the way: hostile texts, double clicks, no network, a service that
 * restarts, a change by an admin, and no mouse.
 *
 * @runs once, on SQLite: it is about the pages.
 */

import type { Page } from 'playwright-core';
import t from 'tap';
import { temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { noteSecret } from '../secret-log.ts';
import { until } from '../until.ts';
import { focus } from './focus.ts';
import { fill, open, signIn, submit } from './scenes.ts';
import { startPages, startService } from './stage.ts';

const variables = { DATABASE_URL: (await createMigratedDatabase(t)).url, DATA_DIR: await temporaryFolder(t) };
const stage = await startPages(t, variables);
const { url, email } = stage;

const admin = await stage.service.ask('POST', '/login', { body: { email, password: PASSWORD } });
const token: string = admin.body.accessToken;
const isHome = (page: Page) => page.getByRole('heading', { name: 'Your account' }).waitFor();

/** Makes an account, as an admin does. */
async function person(name: string, address: string): Promise<{ id: string; email: string }> {
  const body = { name, email: address, password: PASSWORD };
  const { body: user, status } = await stage.service.ask('POST', '/users', { token, body });
  if (status !== 201) throw new Error(JSON.stringify(user));
  return user;
}

t.test('Without a mail server, an admin gets the link of an invitation to hand over', async (t) => {
  const { newPage, url } = await startPages(t, { SMTP_URL: '' });
  const page = await newPage(t);
  await signIn(page, { url, email });
  await isHome(page);
  await page.getByRole('link', { name: 'Invite a person' }).click();
  await fill(page, { Name: 'Grace', 'Email address': 'grace@example.com' });
  await submit(page);
  await page.getByRole('heading', { name: 'Hand over this link' }).waitFor();
  const link = (await page.locator('code').textContent()) ?? '';
  noteSecret(new URL(link).hash.replace('#token=', ''));
  await page.goto(link);
  await page.getByRole('heading', { name: 'You are invited' }).waitFor();
  await fill(page, { Name: 'Grace Hopper', Password: PASSWORD });
  await submit(page);
  await isHome(page);
  await page.getByText('Grace Hopper').waitFor();
});

const HOSTILE = [
  '"><img src=x onerror=alert(1)>',
  '<script>alert(1)</script>',
  '{{constructor.constructor("alert(1)")()}}',
  'javascript:alert(1)//\u202egpj.exe',
  '\u05d0\u05d1\u05d2 <b>\u0627\u0628\u062c</b>',
  '\u{1f511}'.repeat(100),
  'W'.repeat(100),
];

t.test('Hostile names are text, and make no page wider', async (t) => {
  for (const [index, name] of HOSTILE.entries()) {
    const { email, name: stored } = Object(await person(name, `hostile-${index}@example.com`));
    const page = await stage.newPage(t, { viewport: { width: 320, height: 640 } });
    const wrong: string[] = [];
    page.on('dialog', (dialog) => {
      wrong.push(dialog.message());
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      // Chromium reports the answer that there is no session yet.
      if (message.type() === 'error' && !message.text().includes('401')) wrong.push(message.text());
    });
    await signIn(page, { url, email });
    await isHome(page);
    await page.locator('dd').first().waitFor();
    t.equal(await page.locator('dd').first().textContent(), stored, name);
    t.equal(await page.locator('main img, main script, main b').count(), 0, name);
    t.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 320, name);
    t.strictSame(wrong, [], name);
    await page.context().close();
  }
});

t.test('A double click sends one request, and a repetition has the same key', async (t) => {
  const page = await stage.newPage(t);
  const keys: (string | undefined)[] = [];
  let answer: 'lost' | 'real' = 'lost';
  await page.route('**/register', (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    keys.push(route.request().headers()['idempotency-key']);
    return answer === 'lost' ? route.abort('connectionreset') : route.continue();
  });
  await open('register')(page, stage);
  await fill(page, { Name: 'Ada', 'Email address': 'double@example.com', Password: PASSWORD });
  await page.locator('button[type=submit]').dblclick();
  await page.locator('.notice.error').waitFor();
  answer = 'real';
  await page.locator('button[type=submit]').dblclick();
  await page.getByRole('heading', { name: 'Check your mail' }).waitFor();
  // The second click of a slow double click hits what has come in the place of the button.
  await page.getByRole('button', { name: 'Use another address' }).hover();
  await page.mouse.down({ clickCount: 2 });
  await page.mouse.up({ clickCount: 2 });
  t.equal(await page.getByRole('heading', { name: 'Check your mail' }).count(), 1);
  t.equal(keys.length, 2);
  t.match(keys[0], /^[0-9a-f]{32}$/);
  t.equal(keys[0], keys[1], 'the service would know the second one');
  t.equal((await stage.mails.waitFor('double@example.com')).length, 1);
});

t.test('After an upgrade, "Try again" gets a page with the new files', async (t) => {
  const page = await stage.newPage(t);
  await signIn(page, { url, email });
  await isHome(page);
  let isOld = true;
  await page.route('**/ui/assets/*.js', (route) =>
    isOld ? route.fulfill({ status: 404 }) : route.continue(),
  );
  page.on('request', (request) => {
    if (request.isNavigationRequest()) isOld = false;
  });
  await page.getByRole('link', { name: 'Sessions' }).click();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'Sessions' }).waitFor();
});

t.test('Too many attempts: the page says how long to wait, and counts down', async (t) => {
  const page = await stage.newPage(t);
  await page.clock.install();
  await page.route('**/login', (route) =>
    route.fulfill({
      status: 429,
      headers: { 'retry-after': '90' },
      contentType: 'application/problem+json',
      body: JSON.stringify({ status: 429, slug: 'too-many-attempts', title: '', detail: '', type: '' }),
    }),
  );
  await signIn(page, { url, email });
  await page.locator('.notice').getByText('Try again in 90 seconds').waitFor();
  const button = page.locator('button[type=submit]').first();
  t.equal(await button.isDisabled(), true);
  await page.clock.runFor(89_000);
  await page.locator('.notice').getByText('Try again in 1 second.').waitFor();
  await page.clock.runFor(2_000);
  await until(async () => !(await button.isDisabled()));
});

t.test('Without a network the page says so, and goes on when there is one', async (t) => {
  const page = await stage.newPage(t);
  await open('sign-in')(page, stage);
  await page.context().setOffline(true);
  await page.getByText('You are offline.').waitFor();
  await fill(page, { 'Email address': email, Password: PASSWORD });
  await submit(page);
  await page.getByText('The service cannot be reached.').waitFor();
  await page.context().setOffline(false);
  await page.getByText('You are offline.').waitFor({ state: 'detached' });
  await submit(page);
  await isHome(page);
});

t.test('A change of the level shows in an open page', async (t) => {
  const { id, email } = await person('Radia', 'radia@example.com');
  const page = await stage.newPage(t);
  await signIn(page, { url, email });
  await page.locator('.badge').getByText('user').waitFor();
  await stage.service.ask('PATCH', `/users/${id}`, { token, body: { access: 0 } });
  await page.locator('.badge').getByText('guest').waitFor();
  await stage.service.ask('PATCH', `/users/${id}`, { token, body: { disabled: true } });
  await page.locator('.notice').getByText('Your session has ended.').waitFor();
});

t.test('The keyboard is enough, and the focus is where the work is', async (t) => {
  const page = await stage.newPage(t);
  await open('sign-in')(page, stage);
  const focused = (expected: string) => focus(page, 'name || document.activeElement.textContent', expected);
  t.equal(await focused('email'), 'email');
  await page.keyboard.press('Enter');
  await page.getByText('Fill this in.').first().waitFor();
  t.equal(await focused('email'), 'email', 'the first wrong field');
  await page.keyboard.type(email);
  await page.keyboard.press('Tab');
  t.equal(await focused('password'), 'password');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Tab');
  t.equal(await focused('Show'), 'Show');
  await page.keyboard.press('Space');
  t.equal(await page.locator('input[name=password]').getAttribute('type'), 'text');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await isHome(page);
  t.equal(await focused('Your account'), 'Your account', 'the heading of the next page');
});

t.test('A password is masked, can be pasted, and is named for password managers', async (t) => {
  const page = await stage.newPage(t);
  await open('sign-in')(page, stage);
  const [name, password] = [page.locator('input[name=email]'), page.locator('input[name=password]')];
  t.equal(await password.getAttribute('type'), 'password');
  t.equal(await name.getAttribute('autocomplete'), 'username webauthn');
  t.equal(await password.getAttribute('autocomplete'), 'current-password');
  await name.fill(PASSWORD);
  await name.press('Control+A');
  await name.press('Control+C');
  await name.fill(email);
  await password.focus();
  await password.press('Control+V');
  t.equal(await password.inputValue(), PASSWORD);
  await submit(page);
  await isHome(page);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
});

t.test('Nothing moves for a reader who asks for less motion', async (t) => {
  for (const [reducedMotion, animation] of [
    ['reduce', 'none'],
    ['no-preference', 'turn'],
  ] as const) {
    const page = await stage.newPage(t, { reducedMotion });
    await open('sign-in')(page, stage);
    const found = await page.evaluate<[string, string]>(`(() => {
      const spinner = document.createElement('span');
      spinner.className = 'spinner';
      document.body.append(spinner);
      return [getComputedStyle(spinner).animationName, getComputedStyle(document.body).transitionDuration];
    })()`);
    t.strictSame(found, [animation, '0s'], reducedMotion);
  }
});

t.test('Back and forward show the pages before, and the reader stays signed in', async (t) => {
  const page = await stage.newPage(t);
  await open('sign-in')(page, stage);
  await page.getByRole('link', { name: 'Forgotten your password?' }).click();
  await page.getByRole('heading', { name: 'Set a new password' }).waitFor();
  await page.goBack();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.goForward();
  await page.getByRole('heading', { name: 'Set a new password' }).waitFor();
  await page.getByRole('link', { name: 'Back to the sign-in' }).click();
  await fill(page, { 'Email address': email, Password: PASSWORD });
  await submit(page);
  await isHome(page);
  await page.goBack();
  await page.goForward();
  await isHome(page);
});

t.test('A reload and another tab keep the session, and signing out ends it in both', async (t) => {
  const page = await stage.newPage(t);
  await signIn(page, { url, email });
  await isHome(page);
  await page.reload();
  await isHome(page);
  const other = await page.context().newPage();
  await other.goto(url);
  await isHome(other);
  await other.getByRole('button', { name: 'Sign out' }).click();
  await other.locator('.notice').getByText('You are signed out.').waitFor();
  await page.locator('.notice').getByText('Your session has ended.').waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

t.test('A sign-out that is not answered is one of this browser', async (t) => {
  const page = await stage.newPage(t);
  await signIn(page, { url, email });
  await isHome(page);
  await page.clock.install();
  await page.route('**/logout', () => {});
  const asked = page.waitForRequest('**/logout');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await asked;
  await page.clock.runFor(10_000);
  await page.locator('.notice').getByText('You are signed out in this browser.').waitFor();
});

t.test('Without the settings, the sign-in offers to try again, and no way that may be off', async (t) => {
  const page = await stage.newPage(t);
  const settings = `${stage.service.url}/`;
  await page.route(settings, (route) => route.abort('connectionreset'));
  await open('sign-in')(page, stage);
  const again = page.getByRole('button', { name: 'Try again' });
  await again.waitFor();
  t.equal(await page.locator('input').count(), 0);
  await page.unroute(settings);
  await again.click();
  await page.getByRole('button', { name: 'Sign in with a passkey' }).waitFor();
  t.equal(await focus(page, 'name', 'email'), 'email');
});

t.test('A service that restarts while a page is open costs nothing', async (t) => {
  const page = await stage.newPage(t);
  await signIn(page, { url, email });
  await isHome(page);
  await stage.service.stop();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  const service = await startService(t, stage, variables);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.locator('.notice').getByText('You are signed out.').waitFor();
  await signIn(page, { url, email });
  await isHome(page);
  await service.stop();
  const banner = page.locator('.banner').getByText('The service is out of reach');
  await banner.waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.locator('.notice').getByText('You are signed out in this browser.').waitFor();
  await banner.waitFor();
  const again = await startService(t, stage, variables);
  await banner.waitFor({ state: 'detached' });
  await again.stop();
});
