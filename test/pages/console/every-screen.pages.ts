/**
 * All screens of the console at once: people who are no admins see none of them, and hostile texts of others
 * stay text in each.
 */
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { paths } from '../../../web/src/paths.ts';
import { until } from '../../until.ts';
import { startPages } from '../stage.ts';
import { ask, EMOJI, HOSTILE, inHours, type Someone, someone, tokenOf } from './people.ts';
import { screen } from './screen.ts';

const stage = await startPages(t);
const token = await tokenOf(stage, stage.email);

/** The first is hostile, the second has no place to break. */
const texts = [HOSTILE, EMOJI];
const people: Someone[] = [];
for (const name of texts)
  people.push(await someone(stage, name, { access: 2, accessUntil: inHours(8), reason: name }));
const robots: { readonly id: string }[] = [];
for (const name of texts)
  robots.push(await ask(stage, 'POST', '/service-accounts', { token, body: { name, access: 1 } }));
for (const [index, name] of texts.entries()) {
  const email = `invited-${index}@example.com`;
  await ask(stage, 'POST', '/invitations', { token, body: { name, email } });
}

/** Each screen of the console, by the table of all pages. */
const screens = Object.values<string>(paths)
  .filter((path) =>
    /^(?:overview|users|invitations|invite|elevated|service-accounts|audit|routes|settings)\b/.test(path),
  )
  .flatMap((path) => {
    const shown = path.startsWith('users/') ? people : robots;
    return path.endsWith(':id') ? shown.map(({ id }) => path.replace(':id', id)) : [path];
  });

/** Opens a screen in a window in which the reader is signed in. */
async function open(page: Page, path: string): Promise<void> {
  await page.goto(`${stage.url}/${path}`);
  await page.locator('h1').waitFor();
  await until(async () => (await page.locator('.loading').count()) === 0);
}

/** A window that fails the test when a text of others does something. */
async function watched(t: Test, email: string): Promise<Page> {
  const page = await stage.newPage(t, { viewport: { width: 320, height: 640 } });
  page.on('dialog', (dialog) => t.fail(dialog.message()));
  page.on('pageerror', ({ message }) => t.fail(message));
  await screen('')(page, { ...stage, email });
  return page;
}

t.test('Hostile and long names are text on every screen, and make none wider than a phone', async (t) => {
  const page = await watched(t, stage.email);
  const seen = new Set<string>();
  for (const path of screens) {
    await open(page, path);
    t.equal(await page.locator('main :is(img, script, b, iframe)').count(), 0, path);
    t.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 320, `${path} fits`);
    const shown = await page.locator('main').innerText();
    if (texts.some((text) => shown.includes(text))) seen.add(path.replace(/\/.*/, '/:id'));
  }
  for (const path of ['users', 'users/:id', 'invitations', 'elevated', 'service-accounts', 'audit'])
    t.ok(seen.has(path), `${path} shows the names`);
});

t.test('A user sees no screen of admins, and the service refuses what they ask for', async (t) => {
  const reader = await someone(stage, 'Reader');
  const page = await watched(t, reader.email);
  for (const path of screens) {
    await open(page, path);
    const title = path.startsWith('users') ? (path === 'users' ? 'Users' : 'User') : 'No access';
    t.equal(await page.locator('h1').innerText(), title, path);
    t.equal(await page.locator('main').getByText('@example.com').count(), 0, `${path} tells no address`);
  }
  t.strictSame(await page.locator('.console-nav a').allInnerTexts(), ['Users', 'Your account']);
  const own = await tokenOf(stage, reader.email);
  const [first] = people;
  for (const path of [
    '/control-panel',
    '/invitations',
    '/users?elevated=true',
    `/users/${first?.id}/sessions`,
    `/users/${first?.id}/authenticators`,
    '/service-accounts',
    '/audit-events',
    '/audit-chain',
    '/settings',
  ]) {
    const { status } = await stage.service.ask('GET', path, { token: own });
    t.equal(status, 403, path);
  }
});
