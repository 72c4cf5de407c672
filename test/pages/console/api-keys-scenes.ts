import type { Page } from 'playwright-core';
import { account } from '../account-scenes.ts';
import { answer, fill, type Scene, submit } from '../scenes.ts';

const DAY_MS = 86_400_000;
const daysAhead = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();

/** Keys as the service lists them, in every state. */
export const KEYS = [
  {
    id: '01890a5d-ac96-774b-bcce-b302099a8057',
    name: 'nightly import',
    access: 1,
    accessName: 'user',
    operations: ['listUsers', 'getUser'],
    createdAt: '2026-01-31T12:00:00.000Z',
    expiresAt: daysAhead(80),
    lastUsedAt: '2026-02-01T03:00:12.000Z',
    lastUsedIp: '2001:db8:85a3::8a2e:370:7334',
  },
  {
    id: '01890a5d-ac96-774b-bcce-b302099a8058',
    name: 'dashboard in the hall',
    access: 1,
    accessName: 'user',
    operations: null,
    createdAt: '2026-01-31T12:00:00.000Z',
    expiresAt: daysAhead(3),
    lastUsedAt: null,
    lastUsedIp: null,
  },
  {
    id: '01890a5d-ac96-774b-bcce-b302099a8059',
    name: 'a script of last year with a rather long name-01',
    access: 0,
    accessName: 'guest',
    operations: ['*'],
    createdAt: '2026-01-31T12:00:00.000Z',
    expiresAt: daysAhead(-1),
    lastUsedAt: '2026-02-01T03:00:12.000Z',
    lastUsedIp: '192.0.2.7',
  },
];

/** Answers the list of keys in the place of the service. */
export async function giveKeys(page: Page, path: string, apiKeys: readonly object[] = KEYS): Promise<void> {
  await page.route(`**${path}`, (route) =>
    route.request().method() === 'GET' ? route.fulfill({ json: { apiKeys } }) : route.fallback(),
  );
}

/** Opens the form of a new key. */
export async function openForm(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Make a key' }).click();
  await page.getByRole('heading', { name: 'A new key' }).waitFor();
}

export const apiKeysScenes: readonly Scene[] = [
  { name: 'account-api-keys-none', play: account('api-keys') },
  {
    name: 'account-api-keys',
    play: async (page, stage) => {
      await giveKeys(page, '/me/api-keys');
      await account('api-keys')(page, stage);
      await page.getByText('2 operations').click();
      await page.getByText('What a key may never do').click();
    },
  },
  {
    name: 'account-api-keys-failed',
    play: async (page, stage) => {
      await answer(page, '/me/api-keys', 503, { slug: 'database-unavailable' });
      await account('api-keys')(page, stage);
      await page.getByRole('button', { name: 'Try again' }).waitFor();
    },
  },
  {
    name: 'account-api-keys-make',
    play: async (page, stage) => {
      await account('api-keys')(page, stage);
      await openForm(page);
      await page.getByRole('button', { name: 'Choose what only reads' }).click();
    },
  },
  {
    name: 'account-api-keys-make-wrong',
    play: async (page, stage) => {
      await account('api-keys')(page, stage);
      await openForm(page);
      await fill(page, { 'Name of the key': 'nightly import' });
      await submit(page);
      await page.getByText('Choose an operation, or allow all.').waitFor();
    },
  },
  {
    name: 'account-api-keys-make-admin',
    play: async (page, stage) => {
      await account('api-keys')(page, stage);
      await openForm(page);
      await page.getByLabel('Level at most').selectOption('admin');
      await page.getByLabel('May do').selectOption('all');
      await page.getByLabel('Expires', { exact: true }).selectOption('other');
      await page.getByLabel('Expires at').waitFor();
    },
  },
  {
    name: 'account-api-keys-shown',
    play: async (page, stage) => {
      await page.route('**/me/api-keys', (route) =>
        route.request().method() === 'POST'
          ? route.fulfill({
              status: 201,
              json: { ...KEYS[0], key: 'lk_03562gVmBPBHCRX19YEOCw_an-example-of-a-key-that-is-no-key00' },
            })
          : route.fallback(),
      );
      await account('api-keys')(page, stage);
      await openForm(page);
      await fill(page, { 'Name of the key': 'nightly import' });
      await page.getByLabel('May do').selectOption('all');
      await submit(page);
      await page.getByText('I have kept it').waitFor();
    },
  },
  {
    name: 'account-api-keys-end',
    play: async (page, stage) => {
      await giveKeys(page, '/me/api-keys');
      await account('api-keys')(page, stage);
      await page.getByRole('button', { name: 'Take back: nightly import' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'account-security-keys',
    play: async (page, stage) => {
      await giveKeys(page, '/me/api-keys');
      await account('security')(page, stage);
      await page.getByText('You have 3 keys.').waitFor();
    },
  },
];
