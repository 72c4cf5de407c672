/**
 * The ways of people through the pages of their own account, against the real service and a real mail
 * server.
 */

import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import t from 'tap';
import { openDatabase } from '#latchkey/db/open.ts';
import { codeOf, stepNow } from '../accounts/second-factor.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { tokenIn } from '../mail-server.ts';
import { noteSecret, noteSecretsIn } from '../secret-log.ts';
import { account } from './account-scenes.ts';
import { focus } from './focus.ts';
import { fill, signIn, submit } from './scenes.ts';
import { startPages } from './stage.ts';

const { url: DATABASE_URL } = await createMigratedDatabase(t);
const stage = await startPages(t, { DATABASE_URL, SECOND_FACTOR_FROM: 'admin' });
const { service, mails, url } = stage;
const { db, close } = openDatabase(DATABASE_URL);
t.teardown(close);

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true }).waitFor();
const notice = (page: Page, text: string) => page.locator('.notice').getByText(text).waitFor();
const click = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

/** Makes an account. An admin by an invitation of one's own: the level asks for a second factor. */
async function person(email: string, access = 1): Promise<{ email: string; id: string }> {
  await service.ask('POST', '/register', { body: { name: 'Grace', email, password: PASSWORD } });
  const token = tokenIn((await mails.waitFor(email)).at(-1)!);
  noteSecret(token);
  const { body } = await service.ask('POST', '/email/verify', { body: { token, password: PASSWORD } });
  if (access !== 1)
    await db.user.update({ where: { id: body.id }, data: { access, permanentAccess: access } });
  return { email, id: body.id };
}

/** Makes the sign-in of all sessions of a person an old one, which a token has after the next refresh. */
async function age(page: Page, userId: string): Promise<void> {
  await db.session.updateMany({
    where: { userId },
    data: { authenticatedAt: new Date(Date.now() - 3_600_000) },
  });
  await page.reload();
  await page.locator('.areas').waitFor();
  await page.locator('.loading').waitFor({ state: 'detached' });
}

t.test('An app is set up, used, lost and removed', async (t) => {
  const { email } = await person('katherine@example.com', 2);
  const page = await stage.newPage(t, { acceptDownloads: true });
  await account('access')(page, { ...stage, email });
  t.match(await page.locator('.badge').textContent(), 'admin');
  await page.getByText('A second factor gives you more access.').waitFor();
  await page.getByText('What a second factor would open').click();
  await page.getByText('List audit events').waitFor();
  await page.getByRole('link', { name: 'Set up a second factor' }).click();
  await click(page, 'Begin');
  await page.getByRole('img', { name: 'QR code' }).waitFor();
  const secret = (await page.locator('.secret').textContent())!.replaceAll(' ', '');
  noteSecret(secret);
  t.match(await page.getByText('Open in an app').getAttribute('href'), `secret=${secret}`);
  const mail = (await mails.waitFor(email, 2)).at(-1)!;
  const [mailCode] = /\b\d{8}\b/.exec(mail.text ?? '') ?? [''];
  noteSecret(mailCode);
  await fill(page, { Code: codeOf({ secret }), 'Code from the mail': mailCode });
  await click(page, 'Confirm');
  await heading(page, 'Recovery codes');
  const codes = await page.locator('.codes code').allTextContents();
  noteSecretsIn(codes);
  t.equal(codes.length, 10);
  const [download] = await Promise.all([page.waitForEvent('download'), click(page, 'Download')]);
  const file = await readFile(await download.path(), 'utf8');
  t.equal(download.suggestedFilename(), 'latchkey-recovery-codes.txt');
  for (const code of codes) t.match(file, code);
  await page.emulateMedia({ media: 'print' });
  t.equal(await page.locator('.codes').isVisible(), true);
  t.equal(await page.getByRole('button', { name: 'Print' }).isVisible(), false, 'only the codes are printed');
  await page.emulateMedia({ media: 'screen' });
  await click(page, 'I have kept them');
  await notice(page, 'Your authenticator app is set up.');
  await page.getByText('10 are left.').waitFor();

  const lost = await stage.newPage(t);
  await signIn(lost, { url, email });
  await click(lost, 'Use a recovery code');
  await fill(lost, { 'Recovery code': codes[0]! });
  await submit(lost);
  await heading(lost, 'Your account');
  await lost.getByRole('link', { name: 'Sign-in and security' }).click();
  await lost.getByText('9 are left.').waitFor();
  await lost.getByRole('link', { name: 'Make new recovery codes' }).click();
  await click(lost, 'Make new codes');
  await lost.locator('.codes code').first().waitFor();
  const renewed = await lost.locator('.codes code').allTextContents();
  noteSecretsIn(renewed);
  t.notOk(renewed.some((code) => codes.includes(code)));
  await click(lost, 'I have kept them');
  await notice(lost, 'The new recovery codes count now.');
  await lost.getByRole('link', { name: 'Replace or remove the app' }).click();
  await click(lost, 'Remove the app');
  await notice(lost, 'The app is removed');
  await lost.getByText('Off. With an app').waitFor();
  await notice(page, 'Your session has ended.');
  await signIn(page, { url, email });
  await heading(page, 'Your account');
});

t.test('A step-up asks for all factors, and goes on with what was asked for', async (t) => {
  const { email, id } = await person('joan@example.com');
  const page = await stage.newPage(t);
  await account('app')(page, { ...stage, email });
  await click(page, 'Begin');
  const secret = (await page.locator('.secret').textContent())!.replaceAll(' ', '');
  noteSecret(secret);
  // The code of now, and later the one of the next step: each is accepted for 30 s after its step.
  await fill(page, { Code: codeOf({ secret }) });
  await click(page, 'Confirm');
  await page.locator('.codes code').first().waitFor();
  noteSecretsIn(await page.locator('.codes code').allTextContents());
  await click(page, 'I have kept them');
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('link', { name: 'Change the address' }).click();
  await age(page, id);
  await fill(page, { 'New email address': 'joan.clarke@example.com' });
  const dialog = page.getByRole('dialog', { name: 'Confirm that it is you' });
  await submit(page);
  await dialog.getByLabel('Password', { exact: true }).waitFor();
  t.equal(await focus(page, 'name', 'password'), 'password');
  await page.keyboard.press('Escape');
  await page.locator('.notice.error').getByText('You signed in some time ago.').waitFor();
  t.equal(await page.locator('input[name=email]').inputValue(), 'joan.clarke@example.com');
  t.equal(await focus(page, 'type', 'submit'), 'submit', 'the focus is where it was');
  await page.locator('form button[type=submit]').click();
  await dialog.getByLabel('Password', { exact: true }).fill('not this password');
  await dialog.getByLabel('Code', { exact: true }).fill(codeOf({ secret }, stepNow(1)));
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await dialog.locator('.field.wrong').waitFor();
  await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await dialog.getByLabel('Code', { exact: true }).fill(codeOf({ secret }, stepNow(1)));
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await heading(page, 'Check your mail');
  const sent = (await mails.waitFor('joan.clarke@example.com')).at(-1)!;
  noteSecret(tokenIn(sent));
  for (const { text = '' } of await mails.waitFor(email, 3))
    if (text.includes('stop-email-change')) noteSecret(/token=(\S+)/.exec(text)?.[1] ?? '');
  await page.goto(/^http\S+#token=\S+$/m.exec(sent.text!)![0]);
  await submit(page);
  await heading(page, 'Address confirmed');
  await page.getByRole('link', { name: 'Go on' }).click();
  await page.getByText('joan.clarke@example.com').waitFor();
});

t.test('Sessions: one is ended, then all others, and each browser says so', async (t) => {
  const { email } = await person('mary@example.com');
  const [page, second, third] = await Promise.all([1, 2, 3].map(() => stage.newPage(t)));
  for (const one of [second!, third!, page!]) {
    await signIn(one, { url, email });
    await heading(one, 'Your account');
  }
  await page!.getByRole('link', { name: 'Sessions' }).click();
  await page!
    .getByRole('button', { name: /^End it/ })
    .nth(1)
    .waitFor();
  t.equal(await page!.locator('.rows > li').count(), 3);
  await page!
    .getByRole('button', { name: /^End it/ })
    .first()
    .dblclick();
  await notice(page!, 'The session has ended.');
  await notice(third!, 'Your session has ended.');
  t.match(await second!.locator('h1').textContent(), 'Your account');
  await click(page!, 'End the other session');
  await notice(page!, 'All other sessions have ended.');
  await page!.getByText('You are signed in here only.').waitFor();
  await notice(second!, 'Your session has ended.');
});

t.test('Name and password are changed, the activity tells of it, and the account is deleted', async (t) => {
  const { email, id } = await person('radia@example.com');
  const page = await stage.newPage(t);
  await account('name')(page, { ...stage, email });
  await fill(page, { Name: 'Radia Perlman' });
  await submit(page);
  await notice(page, 'Your name is saved.');
  t.equal(await page.locator('dd').first().textContent(), 'Radia Perlman');
  await page.getByRole('link', { name: 'Sign-in and security' }).click();
  await page.getByRole('link', { name: 'Change the password' }).click();
  await fill(page, {
    'Current password': 'not this password',
    'New password': 'another horse battery staple',
  });
  await submit(page);
  await page.locator('.field.wrong').waitFor();
  await fill(page, { 'Current password': PASSWORD });
  await submit(page);
  await notice(page, 'Your password is changed');
  await page.getByRole('link', { name: 'Activity' }).click();
  for (const action of ['Name changed', 'Password changed', 'Signed in', 'Account registered'])
    await page.getByText(action, { exact: true }).first().waitFor();
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('link', { name: 'Delete the account' }).click();
  await fill(page, { 'Email address': 'radia' });
  await submit(page);
  await notice(page, 'This is not the address of your account.');
  await age(page, id);
  await fill(page, { 'Email address': email });
  await submit(page);
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Password', { exact: true }).fill('another horse battery staple');
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await notice(page, 'Your account is deleted.');
  t.equal(await db.user.count({ where: { id } }), 0);
});
