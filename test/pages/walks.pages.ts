/**
 * The ways of people through the pages, against the real service and a real mail server: from the link that
 * the first start prints to a new password.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import t from 'tap';
import { codeOf, stepNow } from '../accounts/second-factor.ts';
import { temporaryFolder } from '../child.ts';
import { PASSWORD } from '../helper.ts';
import { tokenIn } from '../mail-server.ts';
import { noteSecret, noteSecretsIn } from '../secret-log.ts';
import { focus } from './focus.ts';
import { fill, open, signIn, submit } from './scenes.ts';
import { startPages } from './stage.ts';

const DATA_DIR = await temporaryFolder(t);
const stage = await startPages(t, { DATA_DIR, ADMIN_EMAIL: '', ADMIN_PASSWORD: '' });
const { service, mails, url } = stage;

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true }).waitFor();
const isHome = (page: Page) => heading(page, 'Your account');
const badge = (page: Page) => page.locator('.badge').textContent();

/** Returns the link in the last mail of an address. */
async function linkTo(email: string, count = 1): Promise<string> {
  const mail = (await mails.waitFor(email, count)).at(-1)!;
  noteSecret(tokenIn(mail));
  return /^http\S+#token=\S+$/m.exec(mail.text ?? '')![0];
}

async function tokenOf(email: string, password = PASSWORD): Promise<string> {
  const { body } = await service.ask('POST', '/login', { body: { email, password } });
  return body.accessToken;
}

/** Makes an account by registration, without the pages. */
async function person(email: string, name = 'Grace'): Promise<{ email: string; id: string; token: string }> {
  await service.ask('POST', '/register', { body: { name, email, password: PASSWORD } });
  const token = tokenIn((await mails.waitFor(email)).at(-1)!);
  const { body } = await service.ask('POST', '/email/verify', { body: { token, password: PASSWORD } });
  return { email, id: body.id, token: await tokenOf(email) };
}

t.test('The printed link makes the first admin, once', async (t) => {
  const [link = ''] = (await readFile(join(DATA_DIR, 'first-admin'), 'utf8')).split('\n');
  noteSecret(link.split('=')[1]);
  const page = await stage.newPage(t);
  await page.goto(link);
  await heading(page, 'Set up Latchkey');
  t.equal(page.url(), `${url}/first-admin`, 'the token leaves the address bar');
  const other = await stage.newPage(t);
  await other.goto(link);
  await heading(other, 'Set up Latchkey');
  for (const [one, email] of [
    [page, 'ada@example.com'],
    [other, 'eve@example.com'],
  ] as const)
    await fill(one, { Name: 'Ada', 'Email address': email, Password: PASSWORD });
  await submit(page);
  await isHome(page);
  t.equal(await badge(page), 'admin', 'opening the link used nothing up');
  await submit(other);
  await heading(other, 'This link does not work');
  await other.getByRole('link', { name: 'Sign in' }).click();
  await heading(other, 'Sign in');
});

t.test('An invitation makes an account, also in a browser that is signed in to another', async (t) => {
  const page = await stage.newPage(t);
  await signIn(page, { url, email: 'ada@example.com' });
  await isHome(page);
  await page.getByRole('link', { name: 'Invite a person' }).click();
  for (const email of ['ada@example.com', 'grace@example.com']) {
    await fill(page, { 'Email address': email });
    await page.locator('button[type=submit]').dblclick();
    if (email.startsWith('ada')) await page.getByText('There is an account with this address.').waitFor();
  }
  await heading(page, 'The invitation is on its way');
  await page.goto(await linkTo('grace@example.com'));
  await heading(page, 'You are invited');
  await fill(page, { Name: 'Grace Hopper', Password: 'grace' });
  await submit(page);
  t.equal(await focus(page, 'name', 'password'), 'password', 'the wrong field has the focus');
  await fill(page, { Password: 'correct horse battery' });
  await submit(page);
  await isHome(page);
  t.equal(await badge(page), 'user');
  await page.getByText('Grace Hopper').waitFor();
});

t.test('A registration is confirmed by the link and the password', async (t) => {
  const email = 'mary@example.com';
  const page = await stage.newPage(t);
  await open('sign-in')(page, stage);
  await page.getByRole('link', { name: 'Make an account' }).click();
  await fill(page, { Name: 'Mary', 'Email address': email, Password: PASSWORD });
  await submit(page);
  await heading(page, 'Check your mail');
  await page.goto(await linkTo(email));
  await submit(page);
  await fill(page, { Password: 'not this password' });
  await submit(page);
  await page.getByText('This is not the password that you chose.').waitFor();
  await fill(page, { Password: PASSWORD });
  await submit(page);
  await isHome(page);
  await page.getByText(email).waitFor();
});

t.test('A forgotten password is replaced, and the link works once', async (t) => {
  const { email } = await person('joan@example.com');
  const page = await stage.newPage(t);
  await open('sign-in')(page, stage);
  await page.getByRole('link', { name: 'Forgotten your password?' }).click();
  await fill(page, { 'Email address': email });
  await submit(page);
  await heading(page, 'Check your mail');
  const link = await linkTo(email, 2);
  const changed = 'another horse battery staple';
  await page.goto(link);
  await fill(page, { 'New password': changed });
  await submit(page);
  await page.locator('.notice').getByText('The new password is set.').waitFor();
  await fill(page, { 'Email address': email, Password: changed });
  await submit(page);
  await isHome(page);
  await page.goto(link);
  await fill(page, { 'New password': changed });
  await submit(page);
  await heading(page, 'This link does not work');
  await page.getByRole('link', { name: 'Ask for a new link' }).click();
  await heading(page, 'Set a new password');
});

t.test('Another address is confirmed by one link and stopped by the other', async (t) => {
  const { email, token } = await person('hedy@example.com');
  const other = 'hedy.lamarr@example.com';
  await service.ask('PUT', '/me/email', { token, body: { email: other } });
  const page = await stage.newPage(t);
  await page.goto(await linkTo(other));
  await submit(page);
  await heading(page, 'Address confirmed');
  await page.getByText(other).waitFor();
  const mail = (await mails.waitFor(email, 2)).find(({ text = '' }) => text.includes('stop-email-change'))!;
  noteSecret(tokenIn(mail));
  await page.goto(/^http\S+stop-email-change\S+$/m.exec(mail.text!)![0]);
  await submit(page);
  await heading(page, 'Stopped');
  t.equal((await service.ask('GET', '/me', { token })).status, 401, 'all sessions have ended');
  t.ok(await tokenOf(email), 'the account has its address again');
});

t.test('A second factor is asked for, and a recovery code stands in for a lost phone', async (t) => {
  const { email, token } = await person('katherine@example.com');
  const { body: app } = await service.ask('POST', '/me/totp', { token });
  const confirmed = await service.ask('POST', '/me/totp/confirm', { token, body: { code: codeOf(app) } });
  noteSecretsIn([app, confirmed.body]);
  const page = await stage.newPage(t);
  await signIn(page, { url, email });
  await heading(page, 'Second step');
  t.equal(await focus(page, 'name', 'code'), 'code', 'the code can be typed at once');
  await fill(page, { Code: '000000' });
  await submit(page);
  await page.getByText('The code is wrong').waitFor();
  await fill(page, { Code: codeOf(app, stepNow(1)).replace(/^.../, '$& ') });
  await submit(page);
  await isHome(page);

  const later = await stage.newPage(t);
  await signIn(later, { url, email });
  await later.getByRole('button', { name: 'Use a recovery code' }).click();
  await fill(later, { 'Recovery code': confirmed.body.recoveryCodes[0] });
  await submit(later);
  await isHome(later);
});

t.test('Links that mail filters have rewritten work, and each leaves the address bar', async (t) => {
  const page = await stage.newPage(t);
  const token = await stage.registrationToken();
  for (const end of [`%23token=${token}`, `?token=${token}`, `#token=${token}`]) {
    await page.goto(`${url}/verify-email${end}`);
    await heading(page, 'Confirm your address');
    t.equal(page.url(), `${url}/verify-email`, end.replace(token, 'TOKEN'));
    t.equal(await page.evaluate('history.length > 0 && document.referrer'), '');
  }
  await submit(page);
  await fill(page, { Password: PASSWORD });
  await submit(page);
  await isHome(page);
});

t.test('The page after the sign-in is one of the pages, and never another site', async (t) => {
  for (const next of [
    'https://example.com/',
    '//example.com',
    '/\\example.com',
    'javascript:alert(1)',
    '..',
  ]) {
    const page = await stage.newPage(t);
    await open(`sign-in?next=${encodeURIComponent(next)}`)(page, stage);
    await fill(page, { 'Email address': 'ada@example.com', Password: PASSWORD });
    await submit(page);
    await isHome(page);
    t.equal(page.url(), `${url}/`, next);
  }
  const page = await stage.newPage(t);
  await open('sign-in?next=stopEmailChange')(page, stage);
  await fill(page, { 'Email address': 'ada@example.com', Password: PASSWORD });
  await submit(page);
  await page.waitForURL(`${url}/stop-email-change`);
});
