/**
 * The walk of the guide of the console, by an admin and a person who is invited, and the help for a lost
 * phone: in the pages alone, with real mails.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import t from 'tap';
import { codeOf } from '../../accounts/second-factor.ts';
import { temporaryFolder } from '../../child.ts';
import { type ReceivedMail, tokenIn } from '../../mail-server.ts';
import { noteSecret, noteSecretsIn } from '../../secret-log.ts';
import { until } from '../../until.ts';
import { fill, open, signIn, submit } from '../scenes.ts';
import { startPages } from '../stage.ts';
import { GRACE, REASON, walk } from './walk.ts';

const DATA_DIR = await temporaryFolder(t);
const stage = await startPages(t, { DATA_DIR, ADMIN_EMAIL: '', ADMIN_PASSWORD: '' });
const { mails, url, email } = stage;

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true }).waitFor();
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const notice = (page: Page, text: string) => page.locator('.notice').getByText(text).waitFor();

t.test('An invited user is elevated for an hour and demoted, and each time the console closes', async (t) => {
  const [link = ''] = (await readFile(join(DATA_DIR, 'first-admin'), 'utf8')).split('\n');
  noteSecret(link.split('=')[1]);
  const [ada, grace] = [await stage.newPage(t), await stage.newPage(t)];
  await walk(stage, { ada, grace }, { link });
  const rows = ada.locator('.events .table > tbody > tr');
  const levels = rows.filter({ hasText: 'Access level changed' });
  t.strictSame(
    await Promise.all(
      (await levels.all()).map((row) =>
        row.locator('.changes tbody tr').first().locator('td').allInnerTexts(),
      ),
    ),
    [
      ['admin (2)', 'user (1)'],
      ['user (1)', 'admin (2)'],
      ['admin (2)', 'user (1)'],
      ['user (1)', 'admin (2)'],
    ],
  );
  t.equal(await levels.getByRole('link', { name: 'Ada Lovelace' }).count(), 4, 'each by Ada');
  t.equal(await levels.locator('.reason').count(), 1);
  t.match(await levels.last().innerText(), REASON);
  t.match(await rows.last().innerText(), /Invitation accepted|Account made/);
  // The closed console says nothing more of what it has shown.
  t.equal(await grace.locator('main').getByText('Ada').count(), 0);
  t.equal(await grace.locator('.console-nav').getByText('Audit').count(), 0);
});

/** Sets up an app in the pages. @returns its secret */
async function setUpApp(page: Page): Promise<string> {
  await page.getByRole('link', { name: 'Set one up' }).click();
  await press(page, 'Begin');
  const secret = (await page.locator('.secret').innerText()).replaceAll(/\s/g, '');
  noteSecret(secret);
  await fill(page, { Code: codeOf({ secret }) });
  await press(page, 'Confirm');
  await heading(page, 'Recovery codes');
  noteSecretsIn(await page.locator('.codes code').allTextContents());
  await press(page, 'I have kept them');
  await notice(page, 'Your authenticator app is set up.');
  return secret;
}

t.test('For a lost phone, an admin removes the second factor, and a mail sets a new password', async (t) => {
  const before = await stage.newPage(t);
  await signIn(before, { url, email: GRACE });
  await heading(before, 'Your account');
  const lost = await setUpApp(before);
  const later = await stage.newPage(t);
  await signIn(later, { url, email: GRACE });
  await heading(later, 'Second step');

  const ada = await stage.newPage(t);
  await signIn(ada, { url, email });
  await ada.locator('.console-nav').getByRole('link', { name: 'Users' }).click();
  await ada.getByRole('link', { name: 'Grace Hopper' }).click();
  await press(ada, 'Remove the second factor');
  await ada.locator('dialog.dialog').getByRole('button', { name: 'Remove it' }).click();
  await notice(ada, 'The second factor is removed');
  await notice(before, 'Your session has ended.');

  const theirs = ({ recipient, text }: ReceivedMail) =>
    recipient === GRACE && text?.includes('/reset-password#');
  await until(() => mails.mails.some(theirs));
  const token = tokenIn(mails.mails.find(theirs)!);
  noteSecret(token);
  await later.goto(`${url}/reset-password#token=${token}`);
  const password = 'another horse battery staple';
  noteSecret(password);
  await fill(later, { 'New password': password });
  await submit(later);
  await notice(later, 'The new password is set.');
  await fill(later, { 'Email address': GRACE, Password: password });
  await submit(later);
  await heading(later, 'Your account');
  t.not(await setUpApp(later), lost, 'another secret');
  const again = await stage.newPage(t);
  await open('sign-in')(again, stage);
  await fill(again, { 'Email address': GRACE, Password: password });
  await submit(again);
  await heading(again, 'Second step');
});
