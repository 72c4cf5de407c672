/** The pages of one's own account in every state that looks different: more of {@link scenes}. */
import type { Page } from 'playwright-core';
import { answer, fill, type Scene, type Stage, signIn, submit } from './scenes.ts';

/** A secret of no account. */
const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const ENROLMENT = {
  secret: SECRET,
  uri: `otpauth://totp/localhost:ada%40example.com?issuer=localhost&secret=${SECRET}&algorithm=SHA1&digits=6&period=30`,
  expiresAt: '2026-01-31T12:10:00.000Z',
  mailCodeRequired: true,
};
const CODES = Array.from({ length: 10 }, (_, index) => `7h2k-9mqx-4tfe-p0v${index}`);
const AUTHENTICATORS = {
  password: true,
  totp: { createdAt: '2026-01-31T12:00:00.000Z', lastUsedAt: null },
  passkeys: [],
  recoveryCodes: { left: 2, createdAt: '2026-01-31T12:00:00.000Z' },
};

export const accountScenes: readonly Scene[] = [
  { name: 'account-name', play: account('name') },
  { name: 'account-email', play: account('email') },
  {
    name: 'account-email-sent',
    play: async (page, stage) => {
      await give(page, '/me/email', {}, 202);
      await account('email')(page, stage);
      await fill(page, { 'New email address': 'a.rather.long.address.of.mine@subdomain.example.com' });
      await submit(page);
      await page.getByRole('heading', { name: 'Check your mail' }).waitFor();
    },
  },
  { name: 'account-password', play: account('password') },
  { name: 'account-security', play: account('security') },
  {
    name: 'account-security-on',
    play: async (page, stage) => {
      await give(page, '/me/authenticators', AUTHENTICATORS);
      await account('security')(page, stage);
    },
  },
  { name: 'account-app', play: account('app') },
  {
    name: 'account-app-on',
    play: async (page, stage) => {
      await give(page, '/me/authenticators', AUTHENTICATORS);
      await account('app')(page, stage);
    },
  },
  { name: 'account-app-scan', play: scan },
  {
    name: 'account-app-expired',
    play: async (page, stage) => {
      await answer(page, '/me/totp/confirm', 409, { slug: 'totp-not-pending' });
      await scan(page, stage);
      await fill(page, { Code: '123456', 'Code from the mail': '12345678' });
      await submit(page);
      await page.getByRole('button', { name: 'Begin again' }).waitFor();
    },
  },
  { name: 'account-recovery-codes', play: account('recovery-codes') },
  {
    name: 'account-recovery-codes-shown',
    play: async (page, stage) => {
      await give(page, '/me/recovery-codes', { recoveryCodes: CODES });
      await account('recovery-codes')(page, stage);
      await submit(page);
      await page.getByText('I have kept them').waitFor();
    },
  },
  {
    name: 'account-recovery-codes-none',
    play: async (page, stage) => {
      await answer(page, '/me/recovery-codes', 409, { slug: 'no-second-factor' });
      await account('recovery-codes')(page, stage);
      await submit(page);
      await page.getByText('Your account has none yet.').waitFor();
    },
  },
  { name: 'account-sessions', play: account('sessions') },
  { name: 'account-activity', play: account('activity') },
  {
    name: 'account-activity-empty',
    play: async (page, stage) => {
      await give(page, '/me/activity?limit=25', { events: [], nextCursor: null });
      await account('activity')(page, stage);
    },
  },
  {
    name: 'account-activity-failed',
    play: async (page, stage) => {
      await answer(page, '/me/activity?limit=25', 429, { slug: 'too-many-requests' });
      await account('activity')(page, stage);
      await page.getByRole('button', { name: 'Try again' }).waitFor();
    },
  },
  {
    name: 'account-access',
    play: async (page, stage) => {
      await account('access')(page, stage);
      await page.locator('summary').first().click();
    },
  },
  {
    name: 'account-access-raise',
    play: async (page, stage) => {
      await raise(page);
      await account('access')(page, stage);
    },
  },
  { name: 'account-leave', play: account('leave') },
  {
    name: 'account-leave-mismatch',
    play: async (page, stage) => {
      await account('leave')(page, stage);
      await fill(page, { 'Email address': 'no' });
      await submit(page);
      await page.locator('.notice.error').waitFor();
    },
  },
  { name: 'step-up', play: stepUp({ ...AUTHENTICATORS, totp: null }, 'recent-sign-in-required') },
  { name: 'step-up-code', play: stepUp(AUTHENTICATORS, 'two-factors-required') },
  { name: 'step-up-set-up', play: stepUp({ ...AUTHENTICATORS, totp: null }, 'two-factors-required') },
  {
    name: 'step-up-no-password',
    play: stepUp({ ...AUTHENTICATORS, password: false }, 'recent-sign-in-required'),
  },
  {
    name: 'step-up-wrong',
    play: async (page, stage) => {
      await answer(page, '/me/reauthenticate', 401, { slug: 'wrong-password' });
      await stepUp(AUTHENTICATORS, 'recent-sign-in-required')(page, stage);
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Password', { exact: true }).fill('wrong');
      await dialog.getByLabel('Code', { exact: true }).fill('123456');
      await dialog.getByRole('button', { name: 'Go on' }).click();
      await dialog.locator('.field.wrong').waitFor();
    },
  },
];

/** Signs in and opens a page of one's own account. */
export function account(path: string): Scene['play'] {
  return async (page, stage) => {
    await signIn(page, stage);
    await page.getByRole('heading', { name: 'Your account' }).waitFor();
    await page.goto(`${stage.url}/account/${path}`);
    await page.locator('.areas').waitFor();
    await page.locator('.loading').waitFor({ state: 'detached' });
  };
}

/** Answers the requests to a path with a success, in the place of the service. */
async function give(page: Page, path: string, body: object, status = 200): Promise<void> {
  await page.route(`**${path}`, (route) => route.fulfill({ status, json: body }));
}

async function scan(page: Page, stage: Stage): Promise<void> {
  await give(page, '/me/totp', ENROLMENT);
  await account('app')(page, stage);
  await submit(page);
  await page.getByRole('img', { name: 'QR code' }).waitFor();
}

/** The access of an account whose level needs a second factor. */
async function raise(page: Page): Promise<void> {
  await page.route('**/me/permissions', async (route) => {
    if (route.request().method() !== 'GET') return route.continue();
    const json = await (await route.fetch()).json();
    const permissions = json.permissions.map((one: object) => ({
      ...one,
      allowed: false,
      secondFactor: true,
    }));
    await route.fulfill({ json: { ...json, access: 1, access2: 2, permissions } });
  });
}

function stepUp(authenticators: object, slug: string): Scene['play'] {
  return async (page, stage) => {
    await give(page, '/me/authenticators', authenticators);
    await account('recovery-codes')(page, stage);
    await answer(page, '/me/recovery-codes', 401, { slug });
    await submit(page);
    await page.getByRole('dialog').locator('h2').waitFor();
    await page.getByRole('dialog').locator('.loading').waitFor({ state: 'detached' });
  };
}
