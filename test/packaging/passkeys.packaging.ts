/**
 * Builds `examples/passkeys` as its readme says, and uses it in a real Chromium with a virtual authenticator.
 *
 * @runs once, on SQLite: it is about the page.
 */
import t, { type Test } from 'tap';
import { openDatabase } from '#latchkey/db/open.ts';
import { type AuthenticatorOptions, addAuthenticator } from '../browser/authenticator.ts';
import { startChromium } from '../browser/chromium.ts';
import { serve, temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { startMailServer, tokenIn } from '../mail-server.ts';
import { freePort } from '../postgres-server.ts';
import { buildPage, countLines, servePage } from './page.ts';

/** Lines of the example: index.html and the sources. */
const MAX_LINES = 200;

const port = await freePort();
const files = await buildPage(t, 'passkeys', `http://localhost:${port}`);
const origin = `http://localhost:${await servePage(t, files)}`;
const mailServer = await startMailServer(t);
const { url: DATABASE_URL } = await createMigratedDatabase(t);
const { db, close } = openDatabase(DATABASE_URL);
t.teardown(close);
const service = await serve(t, {
  DATABASE_URL,
  DATA_DIR: await temporaryFolder(t),
  PORT: String(port),
  PUBLIC_URL: `http://localhost:${port}`,
  FRONTEND_URL: origin,
  CORS_ORIGINS: origin,
  PASSKEY_ORIGINS: origin,
  SMTP_URL: mailServer.url,
  SECOND_FACTOR_FROM: 'admin',
  MAIL_FROM: 'latchkey@example.com',
  RATE_LIMIT: '0',
});
const browser = await startChromium(t);

interface PageOptions extends AuthenticatorOptions {
  /** Whether the browser lists passkeys in the field of the address. If so, it chooses the only one. */
  readonly hasList?: boolean;
}

/** Opens the page with an authenticator. */
async function openPage(t: Test, { hasList = false, ...options }: PageOptions = {}) {
  const context = await browser.newContext();
  t.teardown(() => context.close());
  const page = await context.newPage();
  page.on('pageerror', (error) => t.fail(error.message));
  const authenticator = await addAuthenticator(page, options);
  if (!hasList)
    await page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false');
  await page.goto(origin);
  const click = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const signIn = async (email: string) => {
    const form = page.getByRole('form', { name: 'Sign in' });
    await form.getByLabel('Email').fill(email);
    await form.getByLabel('Password').fill(PASSWORD);
    await click('Sign in');
  };
  /** Waits until the session has so many factors. */
  const factors = (count: number) => page.getByText(`Factors: ${count}`).waitFor();
  return { page, authenticator, click, signIn, factors };
}

/** Registers a user with a password, and confirms the address. */
async function register(name: string): Promise<string> {
  const email = `${name.toLowerCase()}@example.com`;
  await service.ask('POST', '/register', { body: { name, email, password: PASSWORD } });
  const [mail] = await mailServer.waitFor(email);
  if (mail === undefined) throw new Error('No mail has arrived');
  const body = { token: tokenIn(mail), password: PASSWORD };
  const { status } = await service.ask('POST', '/email/verify', { body });
  if (status !== 200) throw new Error(`The address was not confirmed: ${status}`);
  return email;
}

t.test('The example has at most 200 lines', async (t) => {
  const lines = await countLines('passkeys');
  t.ok(lines <= MAX_LINES, `${lines} lines`);
});

t.test('A user registers with a passkey, confirms the address with it, and signs in', async (t) => {
  const { page, authenticator, click, factors } = await openPage(t);
  const form = page.getByRole('form', { name: 'Register' });
  await form.getByLabel('Name').fill('Ada');
  await form.getByLabel('Email').fill('ada@example.com');
  await click('Register with a passkey');
  await page.getByText('mail').waitFor();
  t.equal((await authenticator.credentials()).length, 1);

  await click('Sign in with a passkey');
  await page.getByText('The passkey is not one').waitFor();
  const [mail] = await mailServer.waitFor('ada@example.com');
  if (mail === undefined) throw new Error('No mail has arrived');
  await page.goto(`${origin}/verify-email#token=${tokenIn(mail)}`);
  await page.waitForURL(`${origin}/`);
  await click('Confirm your address');
  await page.getByText('You can sign in now. Keep these recovery codes').waitFor();
  await click('Sign in with a passkey');
  await factors(2);
});

t.test(
  'An admin adds a first passkey with a code of a mail, renames it, uses it, and removes it',
  async (t) => {
    const { page, click, signIn, factors } = await openPage(t);
    const email = await register('Grace');
    await db.user.update({ where: { email }, data: { access: 2, permanentAccess: 2 } });
    await signIn(email);
    await factors(1);
    await page.getByLabel('Name of the passkey').fill('Laptop');
    page.once('dialog', async (dialog) => {
      const [, mail] = await mailServer.waitFor(email, 2);
      await dialog.accept(/^\d{8}$/m.exec(mail?.text ?? '')?.[0]);
    });
    await click('Add a passkey');
    await page.getByText('Keep these recovery codes').waitFor();
    await factors(2);
    await click('Add a passkey');
    await page.getByText('This device has a passkey of this account already.').waitFor();
    page.once('dialog', (dialog) => dialog.accept('My old laptop'));
    await click('Rename');
    await page.getByText('My old laptop').waitFor();

    await click('Sign out');
    await signIn(email);
    await factors(2);
    await click('Remove');
    await page.getByRole('listitem').waitFor({ state: 'detached' });
    await factors(1);
    await click('Sign out');
    await signIn(email);
    await factors(1);
  },
);

t.test('A user signs in from the list of the browser', async (t) => {
  const { page, authenticator, click, signIn, factors } = await openPage(t, { hasList: true });
  await signIn(await register('Joan'));
  await page.getByLabel('Name of the passkey').fill('Laptop');
  await click('Add a passkey');
  await factors(2);
  await click('Sign out');
  await factors(2);
  t.equal((await authenticator.credentials()).length, 1);
});

t.test('A dialog that is cancelled says so', async (t) => {
  const { page, authenticator, click } = await openPage(t);
  await authenticator.setUserVerified(false);
  await click('Sign in with a passkey');
  await page.getByText('No passkey was used.').waitFor();
});

t.test('A passkey that does not verify its user is a second factor only', async (t) => {
  const { page, click, signIn, factors } = await openPage(t, { verifiesUser: false });
  const email = await register('Radia');
  await signIn(email);
  await page.getByLabel('Name of the passkey').fill('Key');
  await click('Add a passkey');
  await factors(2);
  await click('Sign out');
  await click('Sign in with a passkey');
  await page.getByText('No passkey was used.').waitFor();
  await signIn(email);
  await factors(2);
});
