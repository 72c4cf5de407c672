/**
 * The walk of docs/guides/console.md: an admin, an invited user, an hour's elevation and its end, a demotion,
 * and the audit of all of it, in the pages alone. The test plays it, and `node scripts/guide-pictures.ts`
 * takes the pictures of the guide on the way.
 */
import type { Page } from 'playwright-core';
import { PASSWORD } from '../../helper.ts';
import { tokenIn } from '../../mail-server.ts';
import { noteSecret } from '../../secret-log.ts';
import { until } from '../../until.ts';
import { fill, submit } from '../scenes.ts';
import type { PagesStage } from '../stage.ts';

export interface Walkers {
  /** A window of the first admin. */
  readonly ada: Page;
  /** A window of the person who is invited. */
  readonly grace: Page;
}

export interface WalkOptions {
  /** The link that the first start prints. */
  readonly link: string;
  /** Is told of each view that the guide shows. */
  readonly look?: (page: Page, name: string) => Promise<void>;
}

export const GRACE = 'grace@example.com';
export const REASON = 'stands in for Ada tonight';

/** Milliseconds in which an open console has followed a change of the level (W7). */
const FOLLOW_MS = 2_000;
/** Milliseconds in which the clock of a page is told to stand still. */
const PAUSE_MS = 500;
/** Milliseconds of a step: `until` waits for 1,000 of them at most. */
const STEP_MS = 1;

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true }).waitFor();
const notice = (page: Page, text: string) => page.locator('.notice').getByText(text).waitFor();
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const inDialog = (page: Page, name: string) =>
  page.locator('dialog.dialog').getByRole('button', { name, exact: true }).click();
const screen = async (page: Page, name: string) => {
  await page.locator('.console-nav').getByRole('link', { name, exact: true }).click();
  await heading(page, name);
};

/** Walks, and fails where a view is not what it has to be. At the end, Ada sees what was done to Grace. */
export async function walk(
  { mails, url }: Pick<PagesStage, 'mails' | 'url'>,
  { ada, grace }: Walkers,
  { link, look = async () => {} }: WalkOptions,
): Promise<void> {
  await grace.clock.install();
  await ada.goto(link);
  await fill(ada, { Name: 'Ada Lovelace', 'Email address': 'ada@example.com', Password: PASSWORD });
  await submit(ada);
  await heading(ada, 'Your account');

  await screen(ada, 'Invitations');
  await ada.getByRole('link', { name: 'Invite a person' }).click();
  await fill(ada, { 'Email address': GRACE });
  await submit(ada);
  await heading(ada, 'The invitation is on its way');
  await ada.getByRole('link', { name: 'All invitations' }).click();
  await ada.locator('.table tbody').getByText(GRACE).waitFor();
  await look(ada, 'invitations');

  const [mail] = await mails.waitFor(GRACE);
  if (mail === undefined) throw new Error('No mail');
  noteSecret(tokenIn(mail));
  await grace.goto(`${url}/accept-invitation#token=${tokenIn(mail)}`);
  await fill(grace, { Name: 'Grace Hopper', Password: PASSWORD });
  await submit(grace);
  await heading(grace, 'Your account');
  await grace.locator('.badge').getByText('user', { exact: true }).waitFor();

  await screen(ada, 'Overview');
  await look(ada, 'overview');
  await screen(ada, 'Users');
  await ada.getByLabel('Name begins with').fill('grace');
  await ada.getByRole('link', { name: 'Ada Lovelace' }).waitFor({ state: 'detached' });
  await look(ada, 'users');
  await ada.getByRole('link', { name: 'Grace Hopper' }).click();
  await ada.locator('.user-name').waitFor();
  const [id = ''] = /[^/]+$/.exec(ada.url()) ?? [];
  await changeLevel(ada, 'admin', '1 hour', () => look(ada, 'elevate'));
  await look(ada, 'user');

  // The open page of the other follows by itself.
  await grace.locator('.badge').getByText('admin', { exact: true }).waitFor();
  await screen(grace, 'Overview');
  await look(grace, 'elevated-overview');
  await screen(ada, 'Elevated now');
  const row = ada.locator('.table tbody tr', { hasText: 'Grace Hopper' });
  await row.getByText(REASON).waitFor();
  await look(ada, 'elevated');
  await closes(grace, async () => {
    await row.getByRole('button').click();
    await inDialog(ada, 'End it now');
    await notice(ada, 'The elevation of Grace Hopper has ended.');
  });
  await look(grace, 'closed');

  await screen(ada, 'Users');
  await ada.getByRole('link', { name: 'Grace Hopper' }).click();
  // The link goes by itself when the level is back.
  await grace.getByRole('link', { name: 'Go to your account' }).click();
  await changeLevel(ada, 'admin', 'For good');
  await grace.locator('.badge').getByText('admin', { exact: true }).waitFor();
  await screen(grace, 'Audit');
  await grace.locator('.table tbody tr').first().waitFor();
  await closes(grace, () => changeLevel(ada, 'user'));

  await screen(ada, 'Audit');
  await fill(ada, { 'Done to': id });
  await press(ada, 'Show');
  await ada.getByText('What was done to this user:').waitFor();
  await ada.locator('.events').getByText(REASON).waitFor();
  await look(ada, 'audit');
}

/** Gives the user of the open page another level. @param looking is called before it is sent */
async function changeLevel(
  page: Page,
  level: string,
  span?: string,
  looking: () => Promise<void> = async () => {},
): Promise<void> {
  await press(page, 'Change the level');
  await page.getByLabel('Level', { exact: true }).selectOption(level);
  if (span !== undefined) await page.getByLabel('How long').selectOption(span);
  if (span === '1 hour') await fill(page, { 'Reason (you may leave it out)': REASON });
  await looking();
  // The notice of the change before may still be there.
  const changed = page.waitForResponse((response) => response.request().method() === 'PATCH');
  await inDialog(page, 'Change the level');
  await changed;
  await notice(page, 'The level is changed.');
}

/**
 * Waits until a change has closed an open console. Its clock stands still until the service has confirmed the
 * change. Then it has 2 s, and after that it is so slow that what closes the console is no second look.
 */
async function closes(page: Page, change: () => Promise<void>): Promise<void> {
  // Soon after one look, the next one is due.
  await page.waitForRequest((request) => request.method() === 'HEAD');
  await page.clock.pauseAt((await page.evaluate<number>('Date.now()')) + PAUSE_MS);
  await change();
  await page.clock.runFor(FOLLOW_MS);
  await until(async () => {
    await page.clock.runFor(STEP_MS);
    return page.getByRole('heading', { name: 'No access', exact: true }).isVisible();
  });
  await page.clock.resume();
}
