/**
 * Passkeys and codes by mail in the pages, with a virtual authenticator: from the first passkey to the last,
 * in every place that takes one.
 *
 * @runs once, on SQLite: it is about the pages.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { type AuthenticatorOptions, addAuthenticator } from '../browser/authenticator.ts';
import { temporaryFolder } from '../child.ts';
import { PASSWORD } from '../helper.ts';
import { tokenIn } from '../mail-server.ts';
import { noteSecret } from '../secret-log.ts';
import { until } from '../until.ts';
import { focus } from './focus.ts';
import { fill, open, signIn, submit } from './scenes.ts';
import { startPages } from './stage.ts';

const stage = await startPages(t, {
  SIGN_IN_METHODS: 'password,passkey,email',
  SECOND_FACTOR_FROM: 'admin',
});
const { service, mails, url } = stage;

/** Milliseconds after which a list of passkeys has another challenge: the first one is still good. */
const RENEWED_MS = 4.5 * 60_000;

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true }).waitFor();
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const isHome = (page: Page) => heading(page, 'Your account');
const notice = (page: Page, text: string) => page.locator('.notice').getByText(text).waitFor();
const cancelled = 'No passkey was used. Try again, or choose another way.';

interface DeviceOptions extends AuthenticatorOptions {
  /** False for a browser that lists no passkeys: the device would choose one before any click. */
  readonly hasList?: boolean;
}

/** Opens the window of a person with a device. */
async function withDevice(t: Test, { hasList = true, ...options }: DeviceOptions = {}) {
  const page = await stage.newPage(t);
  if (!hasList) await page.addInitScript('delete PublicKeyCredential.isConditionalMediationAvailable');
  page.on('pageerror', ({ message }) => t.fail(`no error is unhandled: ${message}`));
  return { page, device: await addAuthenticator(page, options) };
}

/** Makes an account without the pages. */
async function person(email: string): Promise<{ email: string }> {
  const admin = await service.ask('POST', '/register', {
    body: { name: 'Grace', email, password: PASSWORD },
  });
  if (admin.status !== 202) throw new Error(JSON.stringify(admin.body));
  const token = tokenIn((await mails.waitFor(email)).at(-1)!);
  noteSecret(token);
  const proven = await service.ask('POST', '/email/verify', { body: { token, password: PASSWORD } });
  if (proven.status >= 300) throw new Error(JSON.stringify(proven.body));
  return { email };
}

/** Signs in and adds a passkey, which is named by the service. */
async function enrol(page: Page, email: string): Promise<void> {
  await signIn(page, { url, email });
  await isHome(page);
  await page.getByRole('link', { name: 'Sign-in and security' }).click();
  await page.getByRole('link', { name: /passkey/ }).click();
  await button(page, 'Add a passkey').click();
  await heading(page, 'Keep your recovery codes');
  await button(page, 'I have kept them').click();
  await notice(page, 'The passkey is added.');
}

async function signOut(page: Page): Promise<void> {
  await page.goto(url);
  await button(page, 'Sign out').click();
  await notice(page, 'You are signed out.');
}

/** Returns the code in the last mail of an address. */
async function codeTo(email: string, count: number): Promise<string> {
  const mail = (await mails.waitFor(email, count)).at(-1)!;
  const [code = ''] = /\b\d{8}\b/.exec(mail.text ?? '') ?? [];
  noteSecret(code);
  return code;
}

t.test('An admin adds the first passkey with a mailed code, renames it and removes it', async (t) => {
  const { page } = await withDevice(t, { isSynced: false });
  await signIn(page, stage);
  await isHome(page);
  await page.getByRole('link', { name: 'Sign-in and security' }).click();
  await page.getByRole('link', { name: /passkey/ }).click();
  await page.getByText('You have no passkey yet.').waitFor();
  await fill(page, { 'Name of the passkey': '<b>Blue</b> key' });
  await button(page, 'Add a passkey').click();
  t.equal(await focus(page, 'name', 'mailCode'), 'mailCode');
  await button(page, 'Cancel').click();
  t.equal(await focus(page, 'name', 'name'), 'name');
  await button(page, 'Add a passkey').click();
  await fill(page, { Code: await codeTo(stage.email, 2) });
  await button(page, 'Go on').click();
  await heading(page, 'Keep your recovery codes');
  const codes = await page.locator('.codes li').allTextContents();
  t.equal(codes.length, 10);
  for (const code of codes) noteSecret(code);
  const download = page.waitForEvent('download');
  await button(page, 'Download').click();
  const chunks = await (await (await download).createReadStream()).toArray();
  t.match(Buffer.concat(chunks).toString(), codes.join('\n'), 'the file has the codes');
  await button(page, 'I have kept them').click();
  await notice(page, 'The passkey is added.');
  const item = page.locator('.item');
  t.match(await item.textContent(), /^<b>Blue<\/b> key On one device/);
  await button(page, 'Rename <b>Blue</b> key').click();
  // The focus is in the field.
  await until(() => page.evaluate<boolean>("document.activeElement.name === 'name'"));
  await item.getByLabel('Name of the passkey').fill('Red key');
  await button(page, 'Save').click();
  await item.getByText('Red key').waitFor();
  await button(page, 'Remove Red key').click();
  await button(page, 'Remove it').click();
  await notice(page, 'The passkey is removed here.');
  await page.getByText('You have no passkey yet.').waitFor();
});

t.test('A passkey signs in by the button, and after a password', async (t) => {
  const { page } = await withDevice(t, { hasList: false });
  const { email } = await person('button@example.com');
  await enrol(page, email);
  await signOut(page);
  await button(page, 'Sign in with a passkey').click();
  await isHome(page);
  await page.getByText(email).waitFor();
  await signOut(page);
  await signIn(page, { url, email });
  await heading(page, 'Second step');
  t.equal(await button(page, 'Use the authenticator app').count(), 0, 'the account has none');
  await button(page, 'Use a recovery code').click();
  await page.getByLabel('Recovery code').waitFor();
  await button(page, 'Use a passkey').click();
  await page.locator('button[type=submit]').click();
  await isHome(page);
});

t.test('The browser lists passkeys in the field of the address, with challenges that are good', async (t) => {
  const { page, device } = await withDevice(t);
  const { email } = await person('list@example.com');
  await enrol(page, email);
  await device.setPresence(false);
  await signOut(page);
  // The sign-in that is shown now asks for a list too.
  await page.goto('about:blank');
  let rounds = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/login/passkey/options')) rounds++;
  });
  await page.clock.install();
  await open('sign-in')(page, stage);
  const field = page.getByLabel('Email address');
  t.equal(await field.getAttribute('autocomplete'), 'username webauthn');
  await until(() => rounds === 1);
  await page.clock.fastForward(RENEWED_MS);
  await until(() => rounds === 2);
  await device.setPresence(true);
  await page.clock.fastForward(RENEWED_MS);
  await isHome(page);
  await page.getByText(email).waitFor();
});

t.test('A cancelled dialog leaves the page as it was, and the password signs in', async (t) => {
  const { page, device } = await withDevice(t);
  const { email } = await person('cancelled@example.com');
  await device.setUserVerified(false);
  await open('sign-in')(page, stage);
  await fill(page, { 'Email address': email });
  await button(page, 'Sign in with a passkey').click();
  await notice(page, cancelled);
  t.equal(await page.getByLabel('Email address').inputValue(), email);
  await fill(page, { Password: PASSWORD });
  await button(page, 'Sign in').click();
  await isHome(page);
  await open('account/passkeys')(page, stage);
  await button(page, 'Add a passkey').click();
  await notice(page, cancelled);
  await device.setUserVerified(true);
  await button(page, 'Add a passkey').dblclick();
  await heading(page, 'Keep your recovery codes');
  t.equal((await device.credentials()).length, 1, 'a double click adds one');
  await button(page, 'I have kept them').click();
  await button(page, 'Add a passkey').click();
  await notice(page, 'This device has a passkey of your account already.');
});

t.test('A passkey that was removed from the account is refused, and another way is open', async (t) => {
  const { page, device } = await withDevice(t);
  const { email } = await person('removed@example.com');
  await enrol(page, email);
  await button(page, 'Remove Passkey').click();
  await button(page, 'Remove it').click();
  await notice(page, 'The passkey is removed here.');
  // The device chooses at once, and again and again. A person does not.
  await page.route('**/login/passkey', async (route) => {
    await device.setPresence(false);
    await route.continue();
  });
  await signOut(page);
  await notice(page, 'This passkey was not accepted.');
  await fill(page, { 'Email address': email, Password: PASSWORD });
  await button(page, 'Sign in').click();
  await isHome(page);
});

t.test('An account is made with a passkey, and confirmed by the mail and that passkey', async (t) => {
  const { page } = await withDevice(t);
  const email = 'registered@example.com';
  await open('register')(page, stage);
  await fill(page, { Name: 'Mary', 'Email address': email });
  await button(page, 'Use a passkey in place of a password').click();
  t.equal(await page.getByLabel('Email address').inputValue(), email, 'what was typed is still there');
  await submit(page);
  await heading(page, 'Check your mail');
  const token = tokenIn((await mails.waitFor(email)).at(-1)!);
  noteSecret(token);
  await page.goto(`${url}/verify-email#token=${token}`);
  await submit(page);
  await button(page, 'Confirm with the passkey').click();
  await heading(page, 'Keep your recovery codes');
  await button(page, 'I have kept them').click();
  await heading(page, 'Your account is ready');
  await button(page, 'Sign in with a passkey').click();
  await isHome(page);
  await page.getByText(email).waitFor();
  await open('account/passkeys')(page, stage);
  await button(page, 'Remove Passkey').click();
  await button(page, 'Remove it').click();
  await notice(page, 'The passkey is removed here.');
});

t.test('A code by mail signs in, in the window that asked for it', async (t) => {
  const page = await stage.newPage(t);
  const { email } = await person('code@example.com');
  await open('sign-in')(page, stage);
  await fill(page, { 'Email address': email });
  await button(page, 'Get a code by mail').click();
  t.equal(await page.getByLabel('Email address').inputValue(), email);
  await submit(page);
  await heading(page, 'Check your mail');
  const code = await codeTo(email, 2);
  await fill(page, { Code: code === '00000000' ? '00000001' : '00000000' });
  await submit(page);
  await page.getByText('The code is wrong').waitFor();
  await fill(page, { Code: code.replace(/^.{4}/, '$& ') });
  await submit(page);
  await isHome(page);
  const other = await stage.newPage(t);
  await open('sign-in')(other, stage);
  await button(other, 'Get a code by mail').click();
  await fill(other, { 'Email address': 'stranger@example.com' });
  await submit(other);
  await heading(other, 'Check your mail');
  // Without an account, the answers are the same.
  for (const status of [401, 401, 401, 401, 401, 429]) {
    const answer = other.waitForResponse('**/login/email/verify');
    await fill(other, { Code: code });
    await submit(other);
    t.equal((await answer).status(), status);
    await until(async () => (await other.locator('form[aria-busy=true]').count()) === 0);
  }
  await notice(other, 'Too many attempts.');
});

t.test('A browser without passkeys is shown none', async (t) => {
  const page = await stage.newPage(t);
  await page.addInitScript('delete window.PublicKeyCredential');
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await open('sign-in')(page, stage);
  await button(page, 'Get a code by mail').waitFor();
  t.equal(await button(page, 'Sign in with a passkey').count(), 0);
  t.equal(await page.getByLabel('Email address').getAttribute('autocomplete'), 'username');
  await page.getByRole('link', { name: 'Make an account' }).click();
  await page.getByLabel('Password', { exact: true }).waitFor();
  t.equal(await button(page, 'Use a passkey in place of a password').count(), 0);
  const { email } = await person('without@example.com');
  await signIn(page, { url, email });
  await isHome(page);
  await page.getByRole('link', { name: 'Sign-in and security' }).click();
  await page.getByRole('link', { name: /passkey/ }).click();
  await page.getByText('This browser cannot make passkeys').waitFor();
  t.notOk(asked.includes('/login/passkey/options'));
});

t.test('Where only passkeys are on, the first admin has one, and signs in with it', async (t) => {
  const DATA_DIR = await temporaryFolder(t);
  const other = await startPages(t, {
    DATA_DIR,
    ADMIN_EMAIL: '',
    ADMIN_PASSWORD: '',
    SIGN_IN_METHODS: 'passkey',
  });
  const [link = ''] = (await readFile(join(DATA_DIR, 'first-admin'), 'utf8')).split('\n');
  noteSecret(link.split('=')[1]);
  const page = await other.newPage(t);
  await addAuthenticator(page);
  await page.goto(link);
  await fill(page, { Name: 'Ada', 'Email address': 'ada@example.com' });
  t.equal(await page.getByLabel('Password', { exact: true }).count(), 0);
  await button(page, 'Make an account with a passkey').click();
  await heading(page, 'Keep your recovery codes');
  for (const code of await page.locator('.codes li').allTextContents()) noteSecret(code);
  await button(page, 'I have kept them').click();
  await button(page, 'Sign in with a passkey').click();
  await isHome(page);
  t.equal(await page.locator('.badge').textContent(), 'admin');
  await open('account/passkeys')(page, other);
  await button(page, 'Remove Passkey').click();
  await button(page, 'Remove it').click();
  await notice(page, 'Nothing else signs in to your account');
});
