/** Invitations: made with a level, sent again, taken back, and handed over where there is no mail server. */

import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { PASSWORD } from '../../helper.ts';
import { tokenIn } from '../../mail-server.ts';
import { noteSecret } from '../../secret-log.ts';
import { focus } from '../focus.ts';
import { fill, submit } from '../scenes.ts';
import { type PagesStage, startPages } from '../stage.ts';
import { capSession, screen } from './screen.ts';

const stage = await startPages(t);
const { mails, url, email } = stage;

const row = (page: Page, address: string) => page.locator('.table tbody tr', { hasText: address });
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true }).waitFor();
const offered = async (page: Page) => {
  await page.getByLabel('Level').waitFor();
  return page.getByLabel('Level').locator('option').allTextContents();
};
const notice = (page: Page, text: string) => page.locator('.notice').getByText(text).waitFor();

async function tokenOfAdmin({ service }: PagesStage): Promise<string> {
  return (await service.ask('POST', '/login', { body: { email, password: PASSWORD } })).body.accessToken;
}

async function openScreen(t: Test, on = stage, path = 'invitations'): Promise<Page> {
  const page = await on.newPage(t);
  page.on('dialog', (dialog) => t.fail(dialog.message()));
  await screen(path)(page, on);
  return page;
}

/** Returns the token in the newest mail of an address, when there are so many. */
async function tokenFor(address: string, count: number): Promise<string> {
  const token = tokenIn((await mails.waitFor(address, count)).at(-1)!);
  noteSecret(token);
  return token;
}

/** Opens the link of a token and makes an account with it. */
async function accept(page: Page, token: string): Promise<void> {
  await page.goto(`${url}/accept-invitation#token=${token}`);
  await fill(page, { Name: 'Grace', Password: PASSWORD });
  await submit(page);
}

t.test('An invitation with a level is made, sent again and accepted', async (t) => {
  const page = await openScreen(t);
  await page.getByText('No invitation is open.').waitFor();
  await page.getByRole('link', { name: 'Invite a person' }).click();
  await heading(page, 'Invite a person');
  const name = '"><img src=x onerror=alert(1)>';
  await fill(page, { 'Email address': 'grace@example.com', Name: name });
  await page.getByLabel('Level').selectOption({ label: 'admin' });
  await submit(page);
  await heading(page, 'The invitation is on its way');
  const first = await tokenFor('grace@example.com', 1);
  await page.getByRole('link', { name: 'All invitations' }).click();
  const grace = row(page, 'grace@example.com');
  await grace.getByText(name).waitFor();
  await grace.getByRole('link', { name: 'Admin' }).waitFor();
  t.equal(await grace.locator('.badge').textContent(), 'admin');
  await grace.getByRole('button', { name: 'Send again' }).dblclick();
  await notice(page, 'A mail with a new link goes to grace@example.com.');
  t.equal(await focus(page, 'getAttribute("role")', 'status'), 'status');
  const second = await tokenFor('grace@example.com', 2);
  const isCounted = page.waitForRequest((request) => request.url().endsWith('/control-panel'));
  await grace.getByRole('button', { name: 'Send again' }).click();
  await isCounted;
  const third = await tokenFor('grace@example.com', 3);
  t.equal(new Set([first, second, third]).size, 3);
  await grace.getByRole('button', { name: 'Send again' }).click();
  await notice(page, 'has got as many mails as it may within an hour');
  const other = await stage.newPage(t);
  await accept(other, first);
  await heading(other, 'This link does not work');
  await accept(other, third);
  await heading(other, 'Your account');
  t.equal(await other.locator('.badge').textContent(), 'admin');
  await grace.getByRole('button', { name: 'Take back' }).click();
  await page.getByRole('button', { name: 'Take it back' }).click();
  await notice(page, 'was accepted or taken back meanwhile');
  await page.getByText('No invitation is open.').waitFor();
});

t.test('An invitation is taken back, and can be made again', async (t) => {
  const address = 'joan@example.com';
  const page = await openScreen(t, stage, 'invite');
  await fill(page, { 'Email address': address });
  await submit(page);
  await heading(page, 'The invitation is on its way');
  const token = await tokenFor(address, 1);
  await page.getByRole('button', { name: 'Invite another person' }).click();
  await fill(page, { 'Email address': address });
  await submit(page);
  await page.locator('.field.wrong').getByText('This address has an invitation already.').waitFor();
  await page.getByRole('link', { name: 'All invitations' }).click();
  const button = row(page, address).getByRole('button', { name: 'Take back' });
  await button.click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  t.equal(await focus(page, 'textContent', 'Take back'), 'Take back', 'the focus is back');
  await button.click();
  await page.getByRole('button', { name: 'Take it back' }).dblclick();
  await notice(page, `The invitation of ${address} is taken back.`);
  const other = await stage.newPage(t);
  await accept(other, token);
  await heading(other, 'This link does not work');
  await page.getByRole('link', { name: 'Invite again' }).click();
  t.equal(await page.getByLabel('Email address').inputValue(), address);
  await submit(page);
  await heading(page, 'The invitation is on its way');
  await tokenFor(address, 2);
  const body = { name: 'Ada' };
  await stage.service.ask('PATCH', '/me', { token: await tokenOfAdmin(stage), body });
  await page.getByRole('link', { name: 'All invitations' }).click();
  await row(page, address).getByRole('link', { name: 'Ada' }).waitFor();
});

t.test('An elevated admin is offered no level above the permanent one', async (t) => {
  const token = await tokenOfAdmin(stage);
  const body = { name: 'Hedy', email: 'hedy@example.com', password: PASSWORD };
  const { id } = (await stage.service.ask('POST', '/users', { token, body })).body;
  const accessUntil = new Date(Date.now() + 3_600_000).toISOString();
  await stage.service.ask('PATCH', `/users/${id}`, { token, body: { access: 2, accessUntil } });
  const page = await openScreen(t, { ...stage, email: body.email }, 'invite');
  t.strictSame(await offered(page), ['That of new users', 'guest', 'user']);
});

t.test('A session of a lower level is offered none above it', async (t) => {
  const page = await stage.newPage(t);
  await capSession(page, 1);
  await screen('invite')(page, stage);
  t.strictSame(await offered(page), ['That of new users', 'guest', 'user']);
});

t.test('Without a mail server, a link is handed over, and taken back', async (t) => {
  const silent = await startPages(t, { SMTP_URL: '' });
  const page = await openScreen(t, silent, 'invite');
  await fill(page, { 'Email address': 'grace@example.com', Name: 'Grace' });
  await page.getByLabel('Level').selectOption({ label: 'guest' });
  await submit(page);
  await heading(page, 'Hand over this link');
  noteSecret(new URL((await page.locator('code').textContent()) ?? '').hash.replace('#token=', ''));
  await page.getByRole('link', { name: 'All invitations' }).click();
  await page.getByText('This service sends no mails.').waitFor();
  const grace = row(page, 'grace@example.com');
  t.equal(await grace.locator('.badge').textContent(), 'guest');
  t.equal(await grace.getByRole('button', { name: 'Send again' }).count(), 0);
  await grace.getByRole('button', { name: 'Take back' }).click();
  await page.getByRole('button', { name: 'Take it back' }).click();
  await page.getByText('No invitation is open.').waitFor();
});
