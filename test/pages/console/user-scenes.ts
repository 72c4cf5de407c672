import type { Page } from 'playwright-core';
import { answer, fill, type Scene, type Stage } from '../scenes.ts';
import { ask, EMOJI, HOSTILE, inHours, type Someone, someone, tokenOf } from './people.ts';
import { screen } from './screen.ts';

export const userScenes: readonly Scene[] = [
  {
    name: 'user',
    play: async (page, stage) => {
      await show(page, stage, await busy(stage, 'Grace Hopper'));
      await page.locator('.table').nth(1).waitFor();
    },
  },
  {
    name: 'user-new',
    play: async (page, stage) => {
      await show(page, stage, await someone(stage, 'Annie Easley'));
      await page.getByText('signed in nowhere').waitFor();
    },
  },
  {
    name: 'user-hostile',
    play: async (page, stage) => {
      const person = await busy(stage, EMOJI);
      const token = await tokenOf(stage, stage.email);
      const body = { name: HOSTILE, reason: HOSTILE };
      await ask(stage, 'PATCH', `/users/${person.id}`, { token, body });
      await ask(stage, 'PATCH', `/users/${person.id}`, { token, body: { name: EMOJI, disabled: true } });
      await show(page, stage, person);
    },
  },
  {
    name: 'user-self',
    play: async (page, stage) => {
      const { id } = await ask(stage, 'GET', '/me', { token: await tokenOf(stage, stage.email) });
      await show(page, stage, { id });
      await page.getByText('This is your own account.').waitFor();
    },
  },
  {
    name: 'user-self-lower',
    play: async (page, stage) => {
      const { id } = await ask(stage, 'GET', '/me', { token: await tokenOf(stage, stage.email) });
      await show(page, stage, { id });
      await page.getByRole('button', { name: 'Change the level' }).click();
      await page.getByLabel('Level', { exact: true }).selectOption('user');
      await page.locator('dialog').getByRole('button', { name: 'Change the level' }).click();
      await page.getByText('You lower your own level').waitFor();
    },
  },
  {
    name: 'user-level',
    play: async (page, stage) => {
      await show(page, stage, await someone(stage, 'Annie Easley'));
      await page.getByRole('button', { name: 'Change the level' }).click();
      await page.getByLabel('Level', { exact: true }).selectOption('admin');
      await page.getByLabel('How long').selectOption('Until a time that I choose');
      await page.getByLabel('Until', { exact: true }).waitFor();
    },
  },
  {
    name: 'user-level-wrong',
    play: async (page, stage) => {
      await show(page, stage, await someone(stage, 'Annie Easley'));
      await page.getByRole('button', { name: 'Change the level' }).click();
      await page.getByLabel('Level', { exact: true }).selectOption('admin');
      await page.getByLabel('How long').selectOption('Until a time that I choose');
      await page.getByLabel('Until', { exact: true }).fill('2020-01-31T12:00');
      await page.locator('dialog').getByRole('button', { name: 'Change the level' }).click();
      await page.getByText('still to come').waitFor();
    },
  },
  {
    name: 'user-conflict',
    play: async (page, stage) => {
      const { id } = await someone(stage, HOSTILE);
      await show(page, stage, { id });
      await page.getByRole('button', { name: 'Change the name' }).click();
      const token = await tokenOf(stage, stage.email);
      const body = { name: 'Annie J. Easley', access: 2, accessUntil: inHours(8) };
      await ask(stage, 'PATCH', `/users/${id}`, { token, body });
      await fill(page, { Name: EMOJI });
      await page.getByRole('button', { name: 'Save the name' }).click();
      await page.getByRole('button', { name: 'Use mine' }).waitFor();
    },
  },
  {
    name: 'user-rate-limited',
    play: async (page, stage) => {
      const { id } = await someone(stage, 'Annie Easley');
      await show(page, stage, { id });
      await page.getByRole('button', { name: 'Disable the account' }).click();
      await answer(page, `/users/${id}`, 429, { slug: 'too-many-requests' }, { 'retry-after': '90' });
      await page.getByRole('button', { name: 'Disable it' }).click();
      await page.locator('.notice').getByText('Try again in 90 seconds').waitFor();
    },
  },
  {
    name: 'user-delete',
    play: async (page, stage) => {
      await show(page, stage, await someone(stage, 'Annie Easley'));
      await page.getByRole('button', { name: 'Delete the account' }).click();
      await fill(page, { 'Name or address': 'Annie' });
      await page.getByRole('button', { name: 'Delete the account for good' }).click();
      await page.getByText('neither the name nor the address').waitFor();
    },
  },
  {
    name: 'user-reset',
    play: async (page, stage) => {
      const { id } = await someone(stage, 'Annie Easley');
      await page.route(`**/users/${id}/authenticators`, (route) => route.fulfill({ json: AUTHENTICATORS }));
      await show(page, stage, { id });
      await page.getByRole('button', { name: 'Remove the second factor' }).click();
      await page.getByText('a thief would ask the same').waitFor();
    },
  },
  {
    name: 'user-ended',
    play: async (page, stage) => {
      await show(page, stage, await busy(stage, 'Grace Hopper'));
      await page
        .getByRole('button', { name: /^End it:/ })
        .first()
        .click();
      await page.locator('.notice.success').waitFor();
      await page.locator('.listed[aria-busy=false]').waitFor();
    },
  },
  {
    name: 'user-gone',
    play: async (page, stage) => {
      await show(page, stage, { id: '01890a5d-ac96-774b-bcce-b302099a8057' });
      await page.getByRole('heading', { name: 'No such user' }).waitFor();
    },
  },
  {
    name: 'user-failed',
    play: async (page, stage) => {
      const { id } = await someone(stage, 'Annie Easley');
      // The page has an address that ends alike.
      const json = { status: 503, slug: 'database-unavailable', detail: '' };
      await page.route(new URL(`/users/${id}`, stage.url).href, (route) =>
        route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(json) }),
      );
      await show(page, stage, { id });
      await page.getByRole('button', { name: 'Try again' }).waitFor();
    },
  },
  {
    name: 'user-parts-failed',
    play: async (page, stage) => {
      const { id } = await someone(stage, 'Annie Easley');
      for (const part of ['sessions', 'authenticators', 'api-keys'])
        await answer(page, `/users/${id}/${part}`, 503, { slug: 'database-unavailable' });
      await answer(page, '/audit-events?*', 503, { slug: 'database-unavailable' });
      await show(page, stage, { id });
      await page.getByRole('button', { name: 'Try again' }).nth(3).waitFor();
    },
  },
  {
    name: 'user-reader',
    play: async (page, stage) => {
      const [reader, person] = [await someone(stage, 'Annie Easley'), await busy(stage, HOSTILE)];
      await show(page, { ...stage, email: reader.email }, person);
    },
  },
];

const AUTHENTICATORS = {
  password: true,
  totp: { createdAt: '2026-01-31T12:00:00.000Z', lastUsedAt: '2026-03-31T12:00:00.000Z' },
  passkeys: [
    {
      id: '01890a5d-ac96-774b-bcce-b302099a8057',
      name: HOSTILE,
      createdAt: '2026-01-31T12:00:00.000Z',
      lastUsedAt: null,
      backedUp: true,
      transports: [],
    },
  ],
  recoveryCodes: { left: 8, createdAt: '2026-01-31T12:00:00.000Z' },
};

/** Makes a person with a level for some hours, sessions, an API key and a past. */
async function busy(stage: Stage, name: string): Promise<Someone> {
  const person = await someone(stage, name);
  const own = await tokenOf(stage, person.email);
  const body = {
    name: 'nightly import of the reports',
    access: 1,
    operations: ['listUsers', 'getUser'],
    expiresAt: inHours(500),
  };
  await ask(stage, 'POST', '/me/api-keys', { token: own, body });
  await ask(stage, 'GET', '/control-panel', { token: own }).catch(() => {});
  const token = await tokenOf(stage, stage.email);
  const change = { access: 2, accessUntil: inHours(8), reason: 'stands in for Ada' };
  await ask(stage, 'PATCH', `/users/${person.id}`, { token, body: change });
  return person;
}

/** Opens the page of a user, signed in as the person of the stage. */
async function show(page: Page, stage: Stage, { id }: Pick<Someone, 'id'>): Promise<void> {
  await screen(`users/${id}`)(page, stage);
  await page.locator('.user-name, main h2, .notice.error').first().waitFor();
  await page.locator('.loading').first().waitFor({ state: 'detached' });
}
