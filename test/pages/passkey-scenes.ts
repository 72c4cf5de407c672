/** The pages with passkeys and codes by mail, in every state. The service and the device are stood in for. */
import type { Page, Route } from 'playwright-core';
import { fill, open, type Scene, type Stage, signIn, submit } from './scenes.ts';

const TOKEN = 'A'.repeat(43);
const CODES = Array.from({ length: 10 }, (_, index) => `7h2k-9m4p-x3vq-0a8${index}`);
const USER = { id: '019db7a5-9c3e-7d1a-8b2f-3c4d5e6f7a8b', name: 'Ada', email: 'ada@example.com', access: 1 };
const OPTIONS = {
  challenge: 'AAAA',
  timeout: 300_000,
  user: { id: 'AAAA', name: 'ada@example.com', displayName: 'Ada' },
  excludeCredentials: [],
};
const PASSKEYS = ['Ada’s phone', 'Blue security key \u202e', 'W'.repeat(100)].map((name, index) => ({
  id: USER.id.replace(/.$/, String(index)),
  name,
  synced: index === 0,
  createdAt: '2026-01-31T12:00:00.000Z',
  lastUsedAt: index === 0 ? '2026-11-28T07:30:00.000Z' : null,
}));

/** A device that makes a passkey, or that is asked for one and has none. */
const DEVICE = `
  const bytes = new ArrayBuffer(4);
  const response = { clientDataJSON: bytes, attestationObject: bytes };
  navigator.credentials.create = async () => ({ id: 'AAAA', rawId: bytes, type: 'public-key', response });
  navigator.credentials.get = ({ mediation, signal }) => new Promise((_, reject) => {
    if (mediation) signal.addEventListener('abort', () => reject(signal.reason));
    else reject(new DOMException('', 'NotAllowedError'));
  });`;
const NO_PASSKEYS = 'delete window.PublicKeyCredential;';

export const passkeyScenes: readonly Scene[] = [
  {
    name: 'sign-in-every-way',
    play: async (page, stage) => {
      await settings(page, stage, ['password', 'passkey', 'email']);
      await open('sign-in')(page, stage);
      await button(page, 'Get a code by mail').waitFor();
    },
  },
  {
    name: 'sign-in-passkey-cancelled',
    play: async (page, stage) => {
      await page.addInitScript(DEVICE);
      await open('sign-in')(page, stage);
      await button(page, 'Sign in with a passkey').click();
      await page.getByText('No passkey was used.').waitFor();
    },
  },
  {
    name: 'sign-in-only-passkeys',
    play: async (page, stage) => {
      await settings(page, stage, ['passkey']);
      await open('sign-in')(page, stage);
      await page.getByText('Passkeys are the way').waitFor();
    },
  },
  {
    name: 'sign-in-no-passkeys',
    play: async (page, stage) => {
      await page.addInitScript(NO_PASSKEYS);
      await settings(page, stage, ['passkey']);
      await open('sign-in')(page, stage);
      await page.getByText('This browser cannot use passkeys').waitFor();
    },
  },
  {
    name: 'sign-in-needs-https',
    play: async (page, stage) => {
      await reply(page, '/login', 409, { slug: 'cookies-need-https' });
      await signIn(page, stage);
      await page.locator('.notice.error').waitFor();
    },
  },
  { name: 'mail-code-address', play: mailCodeAddress },
  {
    name: 'mail-code-wrong',
    play: async (page, stage) => {
      await mailCodeAddress(page, stage);
      await reply(page, '/login/email', 202, { flow: 'flow', detail: '' });
      await reply(page, '/login/email/verify', 401, { slug: 'wrong-code' });
      await fill(page, { 'Email address': 'a.person.with.a.rather.long.address@subdomain.example.com' });
      await submit(page);
      await fill(page, { Code: '12345678' });
      await submit(page);
      await page.getByText('The code is wrong').waitFor();
    },
  },
  {
    name: 'mail-code-ended',
    play: async (page, stage) => {
      await mailCodeAddress(page, stage);
      await reply(page, '/login/email', 202, { flow: 'flow', detail: '' });
      await reply(page, '/login/email/verify', 401, { slug: 'challenge-invalid' });
      await fill(page, { 'Email address': 'ada@example.com' });
      await submit(page);
      await fill(page, { Code: '12345678' });
      await submit(page);
      await page.getByText('This code is no longer valid').first().waitFor();
    },
  },
  {
    name: 'second-factor-passkey',
    play: async (page, stage) => {
      const methods = ['totp', 'passkey', 'recoveryCode'];
      await reply(page, '/login', 401, { slug: 'second-factor-required', challenge: 'challenge', methods });
      await signIn(page, stage);
      await button(page, 'Use a passkey').waitFor();
    },
  },
  { name: 'register-passkey', play: registerPasskey },
  {
    name: 'recovery-codes',
    play: async (page, stage) => {
      await registered(page, stage);
    },
  },
  {
    name: 'account-ready',
    play: async (page, stage) => {
      await registered(page, stage);
      await button(page, 'I have kept them').click();
      await page.getByRole('heading', { name: 'Your account is ready' }).waitFor();
    },
  },
  {
    name: 'verify-email-passkey',
    play: async (page, stage) => {
      const errors = [{ pointer: '/passkey', code: 'required', message: 'is required' }];
      await reply(page, '/email/verify', 400, { slug: 'validation-failed', errors });
      await open(`verify-email#token=${TOKEN}`)(page, stage);
      await submit(page);
      await button(page, 'Confirm with the passkey').waitFor();
    },
  },
  {
    name: 'invite',
    play: async (page, stage) => {
      await signIn(page, stage);
      await page.getByRole('link', { name: 'Invite a person' }).click();
      await button(page, 'Send the invitation').waitFor();
    },
  },
  { name: 'passkeys', play: passkeys(PASSKEYS) },
  { name: 'passkeys-none', play: passkeys([]) },
  {
    name: 'passkeys-failed',
    play: async (page, stage) => {
      await reply(page, '/me/authenticators', 503, { slug: 'database-unavailable' });
      await openPasskeys(page, stage);
      await button(page, 'Try again').waitFor();
    },
  },
  {
    name: 'passkeys-rename',
    play: async (page, stage) => {
      await passkeys(PASSKEYS)(page, stage);
      await button(page, 'Rename Ada’s phone').click();
      await button(page, 'Save').waitFor();
    },
  },
  {
    name: 'passkeys-last',
    play: async (page, stage) => {
      await passkeys(PASSKEYS.slice(0, 1))(page, stage);
      await reply(page, `/me/passkeys/${PASSKEYS[0]?.id}`, 409, { slug: 'last-authenticator' });
      await button(page, 'Remove Ada’s phone').click();
      await button(page, 'Remove it').click();
      await page.getByText('Nothing else signs in').waitFor();
    },
  },
  {
    name: 'passkeys-mail-code',
    play: async (page, stage) => {
      await passkeys([])(page, stage);
      await reply(page, '/me/passkeys/options', 200, { options: OPTIONS, mailCodeRequired: true });
      await button(page, 'Add a passkey').click();
      await page.getByText('We have sent a code').waitFor();
    },
  },
];

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

async function mailCodeAddress(page: Page, stage: Stage): Promise<void> {
  await settings(page, stage, ['password', 'email']);
  await open('sign-in')(page, stage);
  await button(page, 'Get a code by mail').click();
  await page.getByRole('heading', { name: 'Sign in by mail' }).waitFor();
}

async function registerPasskey(page: Page, stage: Stage): Promise<void> {
  await page.addInitScript(DEVICE);
  await open('register')(page, stage);
  await button(page, 'Use a passkey in place of a password').click();
  await button(page, 'Make an account with a passkey').waitFor();
}

/** Makes an account with a passkey, as without a mail server, up to its recovery codes. */
async function registered(page: Page, stage: Stage): Promise<void> {
  await registerPasskey(page, stage);
  await reply(page, '/register/passkey/options', 200, OPTIONS);
  await reply(page, '/register', 201, { ...USER, recoveryCodes: CODES });
  await fill(page, { Name: 'Ada', 'Email address': 'ada@example.com' });
  await submit(page);
  await page.getByRole('heading', { name: 'Keep your recovery codes' }).waitFor();
}

function passkeys(list: typeof PASSKEYS): Scene['play'] {
  return async (page, stage) => {
    await reply(page, '/me/authenticators', 200, {
      password: true,
      totp: null,
      passkeys: list,
      recoveryCodes: { left: 0, createdAt: null },
    });
    await openPasskeys(page, stage);
    await page.getByRole('heading', { name: 'Add a passkey' }).waitFor();
  };
}

async function openPasskeys(page: Page, stage: Stage): Promise<void> {
  await signIn(page, stage);
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
  await open('account/passkeys')(page, stage);
}

/** Says in the place of the service which ways to sign in are on. */
async function settings(page: Page, { url }: Stage, signInMethods: readonly string[]): Promise<void> {
  const body = { registration: 'open', passwordMinLength: 15, mail: true, signInMethods };
  await reply(page, url.replace(/ui$/, ''), 200, { settings: body });
}

/** Answers the requests to a path, or to a whole URL, in the place of the service. */
async function reply(page: Page, path: string, status: number, answer: object): Promise<void> {
  const isProblem = status >= 400;
  const contentType = isProblem ? 'application/problem+json' : 'application/json';
  const body = JSON.stringify(
    isProblem ? { type: 'about:blank', title: '', detail: '', status, ...answer } : answer,
  );
  await page.route(path.startsWith('/') ? `**${path}` : path, (route: Route) =>
    // The pages have paths of the same names.
    route.request().resourceType() === 'document'
      ? route.continue()
      : route.fulfill({ status, contentType, body }),
  );
}
