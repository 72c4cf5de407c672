import type { Page } from 'playwright-core';
import { fill, type Scene, signIn } from '../scenes.ts';
import { giveKeys, openForm } from './api-keys-scenes.ts';
import { screen } from './screen.ts';

const ID = '01890a5d-ac96-774b-bcce-b302099a8060';
const ACCOUNT = {
  id: ID,
  name: 'reports',
  access: 1,
  accessName: 'user',
  disabled: false,
  apiKeys: 2,
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-02-01T09:30:00.000Z',
};
const USER = {
  ...ACCOUNT,
  kind: 'service',
  email: null,
  permanentAccess: 1,
  accessUntil: null,
  secondFactor: false,
  externalId: null,
};

const problem = (slug: string, status: number) => ({
  type: 'about:blank',
  title: '',
  detail: '',
  slug,
  status,
});
const TOO_MANY = problem('too-many-requests', 429);

/** Accounts as the service lists them: long names, other scripts, no names. */
const ACCOUNTS = [
  ACCOUNT,
  { ...ACCOUNT, id: `${ID}1`, name: 'guard', access: 2, accessName: 'admin', apiKeys: 1 },
  { ...ACCOUNT, id: `${ID}2`, name: 'דוחות \u202eחודשיים', disabled: true, apiKeys: 0 },
  { ...ACCOUNT, id: `${ID}3`, name: '🗝️'.repeat(50), apiKeys: 50 },
];

/** Answers the requests to a path of the service, and not to the page that has the same one below /ui. */
async function give(
  page: Page,
  path: string,
  json: object,
  headers: Record<string, string> = {},
  status = 200,
) {
  await page.route(
    ({ pathname }) => pathname === path,
    (route) =>
      route.request().method() === 'GET' ? route.fulfill({ status, json, headers }) : route.fallback(),
  );
}

/** Opens the page of an account in the place of the service's. */
function account(user: object = {}, keys?: readonly object[]): Scene['play'] {
  return async (page, stage) => {
    await give(page, `/users/${ID}`, { ...USER, ...user }, { etag: '"1"' });
    await giveKeys(page, `/service-accounts/${ID}/api-keys`, keys);
    await screen(`service-accounts/${ID}`)(page, stage);
    await page.getByText(ID).waitFor();
  };
}

export const serviceAccountsScenes: readonly Scene[] = [
  { name: 'service-accounts-none', play: screen('service-accounts') },
  {
    name: 'service-accounts',
    play: async (page, stage) => {
      await give(page, '/service-accounts', { serviceAccounts: ACCOUNTS });
      await screen('service-accounts')(page, stage);
      await page.getByRole('link', { name: 'guard' }).waitFor();
    },
  },
  {
    name: 'service-accounts-no-match',
    play: async (page, stage) => {
      await give(page, '/service-accounts', { serviceAccounts: ACCOUNTS });
      await screen('service-accounts?q=nothing')(page, stage);
      await page.getByText('No service account has this name.').waitFor();
    },
  },
  {
    name: 'service-accounts-failed',
    play: async (page, stage) => {
      await give(page, '/service-accounts', TOO_MANY, {}, 429);
      await screen('service-accounts')(page, stage);
      await page.getByRole('button', { name: 'Try again' }).waitFor();
    },
  },
  {
    name: 'service-accounts-refused',
    play: async (page, stage) => {
      await page.route('**/me/permissions', async (route) => {
        if (route.request().method() !== 'GET') return route.fallback();
        const json = await (await route.fetch()).json();
        await route.fulfill({ json: { ...json, permissions: [] } });
      });
      await signIn(page, stage);
      await page.getByRole('heading', { name: 'Your account' }).waitFor();
      await page.goto(`${stage.url}/service-accounts`);
      await page.getByRole('heading', { name: 'No access' }).waitFor();
    },
  },
  { name: 'service-account', play: account() },
  { name: 'service-account-disabled', play: account({ disabled: true }, []) },
  { name: 'service-account-missing', play: screen(`service-accounts/${ID}`) },
  {
    name: 'service-account-above',
    play: account({ access: 3, accessName: 'owner', permanentAccess: 3, name: '🗝️'.repeat(50) }),
  },
  {
    name: 'service-account-key',
    play: async (page, stage) => {
      await account({ access: 2, accessName: 'admin', permanentAccess: 2 }, [])(page, stage);
      await openForm(page);
      await page.getByLabel('Level at most').selectOption('admin');
      await page.getByLabel('Filter the operations').fill('user');
      await page.getByLabel('Change user').check();
      // The colours of what is under the pointer change late when the window does.
      await page.mouse.move(0, 0);
    },
  },
  {
    name: 'service-account-conflict',
    play: async (page, stage) => {
      await account()(page, stage);
      const now = { ...USER, name: 'monthly reports', access: 0, accessName: 'guest', disabled: true };
      await give(page, `/users/${ID}`, now, { etag: '"2"' });
      await page.route(`**/users/${ID}`, (route) =>
        route.request().method() === 'PATCH'
          ? route.fulfill({ status: 412, json: problem('precondition-failed', 412) })
          : route.fallback(),
      );
      await fill(page, { Name: 'weekly reports' });
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Somebody else has changed').waitFor();
    },
  },
  {
    name: 'service-account-disable',
    play: async (page, stage) => {
      await account()(page, stage);
      await page.getByRole('button', { name: 'Disable', exact: true }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'service-account-delete',
    play: async (page, stage) => {
      await account()(page, stage);
      await page.getByRole('button', { name: 'Delete', exact: true }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
];
