/**
 * `node scripts/guide-pictures.ts [pages | console]`: walks as docs/guides/pages.md and
 * docs/guides/console.md do, each from an empty database on, and writes the pictures of these guides.
 */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { addAuthenticator } from '../test/browser/authenticator.ts';
import { temporaryFolder } from '../test/child.ts';
import { PASSWORD } from '../test/helper.ts';
import { tokenIn } from '../test/mail-server.ts';
import { walk } from '../test/pages/console/walk.ts';
import { fill, submit } from '../test/pages/scenes.ts';
import { startPages } from '../test/pages/stage.ts';
import { until } from '../test/until.ts';

const folder = resolve(import.meta.dirname, '../docs/images');
const options = { colorScheme: 'light', viewport: { width: 640, height: 560 } } as const;

const ends: (() => unknown)[] = [];
const scope = { teardown: (work: () => unknown) => void ends.push(work) };

async function picture(page: Page, name: string, title: string): Promise<void> {
  await page.getByRole('heading', { name: title, exact: true }).waitFor();
  await page.locator('.loading').waitFor({ state: 'detached' });
  await page.screenshot({ path: resolve(folder, `pages-${name}.png`), fullPage: true });
}

/** Starts a service without an admin. @returns the link that it prints, too */
async function start() {
  const DATA_DIR = await temporaryFolder(scope);
  const stage = await startPages(scope, { DATA_DIR, ADMIN_EMAIL: '', ADMIN_PASSWORD: '' });
  const [link = ''] = (await readFile(join(DATA_DIR, 'first-admin'), 'utf8')).split('\n');
  return { ...stage, link };
}

async function walkPages(): Promise<void> {
  const { mails, url, newPage, link } = await start();
  const ada = await newPage(scope, options);
  await addAuthenticator(ada);
  await ada.goto(link);
  await fill(ada, { Name: 'Ada Lovelace', 'Email address': 'ada@example.com', Password: PASSWORD });
  await picture(ada, 'first-admin', 'Set up Latchkey');
  await submit(ada);
  await picture(ada, 'account', 'Your account');
  await ada.getByRole('link', { name: 'Sign-in and security' }).click();
  await ada.getByRole('link', { name: /passkey/ }).click();
  await ada.getByLabel('Name of the passkey').fill('My laptop');
  await ada.getByRole('button', { name: 'Add a passkey' }).click();
  await ada.getByRole('button', { name: 'I have kept them' }).click();
  await picture(ada, 'passkeys', 'Passkeys');
  await ada.goto(url);
  await ada.getByRole('link', { name: 'Invite a person' }).click();
  await ada.getByLabel('Email address').fill('grace@example.com');
  await picture(ada, 'invite', 'Invite a person');
  await submit(ada);
  await ada.getByRole('heading', { name: 'The invitation is on its way' }).waitFor();

  const [mail] = await mails.waitFor('grace@example.com');
  if (mail === undefined) throw new Error('No mail');
  const grace = await newPage(scope, options);
  await grace.goto(`${url}/accept-invitation#token=${tokenIn(mail)}`);
  await fill(grace, { Name: 'Grace Hopper', Password: PASSWORD });
  await picture(grace, 'invitation', 'You are invited');
  await submit(grace);
  await picture(grace, 'second-person', 'Your account');
  await grace.getByRole('button', { name: 'Sign out' }).click();
  await picture(grace, 'sign-in', 'Sign in');
}

/** The views of the walk that the guide shows: the height of the window, or a part of the page. */
const views: Readonly<Record<string, number | string>> = {
  overview: 900,
  elevate: 760,
  elevated: 420,
  closed: 420,
  audit: '.events',
};

async function walkConsole(): Promise<void> {
  const { link, ...stage } = await start();
  const viewport = { width: 1100, height: 900 };
  const ada = await stage.newPage(scope, { colorScheme: 'light', viewport });
  const grace = await stage.newPage(scope, { colorScheme: 'light', viewport });
  const look = async (page: Page, name: string) => {
    const view = views[name];
    if (view === undefined) return;
    await until(async () => (await page.locator('.loading').count()) === 0);
    const path = resolve(folder, `console-${name}.png`);
    if (typeof view === 'string') {
      await page.locator(view).screenshot({ path });
      return;
    }
    await page.setViewportSize({ ...viewport, height: view });
    await page.screenshot({ path });
    await page.setViewportSize(viewport);
  };
  await walk(stage, { ada, grace }, { link, look });
}

const walks = { pages: walkPages, console: walkConsole };
try {
  for (const [name, play] of Object.entries(walks)) if (name.includes(process.argv[2] ?? '')) await play();
} finally {
  for (const end of ends.reverse()) await end();
}
process.stderr.write(`Written to ${folder}\n`);
