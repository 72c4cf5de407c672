/** Every page in every state that looks different: for axe, and for `npm run screenshots`. */
import type { Page } from 'playwright-core';
import { PASSWORD } from '../helper.ts';

/** What the scenes are played in. */
export interface Stage {
  /** The URL of the pages. */
  readonly url: string;
  /** An account that can sign in with PASSWORD. */
  readonly email: string;
  /** Makes an account and returns the token of the mail that confirms it. */
  readonly registrationToken: () => Promise<string>;
}

export interface Scene {
  readonly name: string;
  readonly play: (page: Page, stage: Stage) => Promise<void>;
}

/** A token that no mail has. Opening a link asks the service nothing. */
const TOKEN = 'A'.repeat(43);

export const scenes: readonly Scene[] = [
  { name: 'sign-in', play: open('sign-in') },
  {
    name: 'sign-in-empty',
    play: async (page, stage) => {
      await open('sign-in')(page, stage);
      await submit(page);
      await page.getByText('Fill this in.').first().waitFor();
    },
  },
  {
    name: 'sign-in-wrong',
    play: async (page, stage) => {
      await answer(page, '/login', 401, { slug: 'invalid-credentials' });
      await signIn(page, stage);
      await page.locator('.notice.error').waitFor();
    },
  },
  {
    name: 'sign-in-too-many-attempts',
    play: async (page, stage) => {
      await answer(page, '/login', 429, { slug: 'too-many-attempts' }, { 'retry-after': '600' });
      await signIn(page, stage);
      await page.locator('.notice').getByText('Try again in 10 minutes').waitFor();
    },
  },
  {
    name: 'sign-in-unreachable',
    play: async (page, stage) => {
      await open('sign-in')(page, stage);
      await page.context().setOffline(true);
      await fill(page, { 'Email address': stage.email, Password: PASSWORD });
      await submit(page);
      await page.locator('.notice.error').waitFor();
    },
  },
  { name: 'second-factor', play: secondFactor },
  {
    name: 'second-factor-wrong',
    play: async (page, stage) => {
      await secondFactor(page, stage);
      await answer(page, '/login/second-factor', 401, { slug: 'wrong-code' });
      await fill(page, { Code: '123456' });
      await submit(page);
      await page.getByText('The code is wrong').waitFor();
    },
  },
  {
    name: 'recovery-code',
    play: async (page, stage) => {
      await secondFactor(page, stage);
      await page.getByRole('button', { name: 'Use a recovery code' }).click();
      await page.getByLabel('Recovery code').waitFor();
    },
  },
  { name: 'register', play: open('register') },
  {
    name: 'register-wrong',
    play: async (page, stage) => {
      await open('register')(page, stage);
      await fill(page, { Name: 'Ada', 'Email address': 'ada', Password: 'short' });
      await submit(page);
      await page.getByText('Write an address').waitFor();
    },
  },
  {
    name: 'check-mail',
    play: async (page, stage) => {
      await open('forgot-password')(page, stage);
      await fill(page, { 'Email address': 'a.person.with.a.rather.long.address@subdomain.example.com' });
      await submit(page);
      await page.getByRole('heading', { name: 'Check your mail' }).waitFor();
    },
  },
  { name: 'forgot-password', play: open('forgot-password') },
  { name: 'verify-email', play: open(`verify-email#token=${TOKEN}`) },
  {
    name: 'verify-email-password',
    play: async (page, stage) => {
      await open(`verify-email#token=${await stage.registrationToken()}`)(page, stage);
      await submit(page);
      await page.getByLabel('Password', { exact: true }).waitFor();
    },
  },
  { name: 'reset-password', play: open(`reset-password#token=${TOKEN}`) },
  { name: 'accept-invitation', play: open(`accept-invitation#token=${TOKEN}`) },
  { name: 'first-admin', play: open(`first-admin#token=${TOKEN}`) },
  { name: 'stop-email-change', play: open(`stop-email-change#token=${TOKEN}`) },
  {
    name: 'link-used',
    play: async (page, stage) => {
      await open(`reset-password#token=${TOKEN}`)(page, stage);
      await fill(page, { 'New password': 'a password of four words' });
      await submit(page);
      await page.getByRole('heading', { name: 'This link does not work' }).waitFor();
    },
  },
  { name: 'link-missing', play: open('verify-email') },
  {
    name: 'home',
    play: async (page, stage) => {
      await signIn(page, stage);
      await page.getByRole('heading', { name: 'Your account' }).waitFor();
    },
  },
  {
    name: 'home-failed',
    play: async (page, stage) => {
      await answer(page, '/me', 503, { slug: 'database-unavailable' });
      await signIn(page, stage);
      await page.getByRole('button', { name: 'Try again' }).waitFor();
    },
  },
  {
    name: 'signed-out',
    play: async (page, stage) => {
      await signIn(page, stage);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.locator('.notice').getByText('You are signed out.').waitFor();
    },
  },
  { name: 'not-found', play: open('no-such-page') },
];

/** Opens a page below /ui, and waits for its heading and for what it loads. */
export function open(path: string): Scene['play'] {
  return async (page, { url }) => {
    await page.goto(`${url}/${path}`);
    await page.locator('h1').waitFor();
    await page.locator('.loading').waitFor({ state: 'detached' });
  };
}

/** Fills in fields by their labels. */
export async function fill(page: Page, values: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, value] of Object.entries(values))
    await page.getByLabel(label, { exact: true }).fill(value);
}

/** Clicks the button that sends the first form. */
export async function submit(page: Page): Promise<void> {
  await page.locator('button[type=submit]').first().click();
}

/** Opens the sign-in and sends it. */
export async function signIn(page: Page, stage: Pick<Stage, 'url' | 'email'>): Promise<void> {
  await page.goto(`${stage.url}/sign-in`);
  await fill(page, { 'Email address': stage.email, Password: PASSWORD });
  await submit(page);
}

async function secondFactor(page: Page, stage: Stage): Promise<void> {
  await answer(page, '/login', 401, {
    slug: 'second-factor-required',
    challenge: 'challenge',
    methods: ['totp', 'recoveryCode'],
  });
  await signIn(page, stage);
  await page.getByLabel('Code', { exact: true }).waitFor();
}

/** Answers the requests to a path in the place of the service. */
export async function answer(
  page: Page,
  path: string,
  status: number,
  problem: object,
  headers: Record<string, string> = {},
): Promise<void> {
  const body = JSON.stringify({ type: 'about:blank', title: '', detail: '', status, ...problem });
  await page.route(`**${path}`, (route) =>
    route.fulfill({ status, headers, contentType: 'application/problem+json', body }),
  );
}
