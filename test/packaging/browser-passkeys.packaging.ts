/**
 * Runs the passkeys of `@latchkey/client` in a real Chromium with virtual authenticators, against the real
 * service.
 *
 * @runs once, on SQLite: it is about the page.
 */
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { openDatabase } from '#latchkey/db/open.ts';
import { type AuthenticatorOptions, addAuthenticator } from '../browser/authenticator.ts';
import { startChromium } from '../browser/chromium.ts';
import { serve, temporaryFolder } from '../child.ts';
import { startGate } from '../client/gate.ts';
import { register } from '../client/register.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { until } from '../until.ts';
import { bundleClient } from './client-bundle.ts';

/** Milliseconds after which a list of passkeys has another challenge: the first one is still good. */
const RENEWED_MS = 4.5 * 60_000;

const script = await bundleClient();

const HTML = `<!doctype html><title>Tab</title><input autocomplete="username webauthn">
<script type="module">
  import * as client from '/page/client.js';
  window.client = client;
  window.createAuth = () => client.createClient({ baseUrl: '/' });
  window.auth = createAuth();
  await auth.ready;
  window.isReady = true;
</script>`;

const { url: DATABASE_URL } = await createMigratedDatabase(t);
const database = openDatabase(DATABASE_URL);
t.teardown(() => database.close());
const port = await freePort();
const gate = await startGate(t, {
  target: `http://127.0.0.1:${port}`,
  serve: ({ url = '' }, response) => {
    if (!url.startsWith('/page/')) return false;
    const isScript = url === '/page/client.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(isScript ? script : HTML);
    return true;
  },
});
// Browsers bind passkeys to names: the page is at localhost, and so is the RP ID.
const origin = gate.url.replace('127.0.0.1', 'localhost');
const service = await serve(t, {
  DATABASE_URL,
  DATA_DIR: await temporaryFolder(t),
  PORT: String(port),
  PUBLIC_URL: origin,
  RATE_LIMIT: '0',
});
const browser = await startChromium(t);
t.comment(`Chromium ${browser.version()}`);

/** Runs statements in a tab. */
const run = <Result = unknown>(page: Page, code: string) =>
  page.evaluate<Result>(`(async () => { ${code} })()`);

/** The parts of a result that tests look at. */
const RESULT = `({ data, error }) => ({
  ok: data !== undefined, slug: error?.slug, reason: error?.reason, detail: error?.detail, methods: error?.methods,
})`;
/** Calls a member of the client in a tab. */
const call = (page: Page, code: string) =>
  run<{ ok: boolean; slug?: string; reason?: string }>(page, `return (${RESULT})(await auth.${code})`);

interface TabOptions extends AuthenticatorOptions {
  readonly origin?: string;
  /** A script that runs before those of the page. */
  readonly before?: string;
}

/** Opens a tab with an authenticator. */
async function openTab(t: Test, { before = '', origin: at = origin, ...options }: TabOptions = {}) {
  const context = await browser.newContext();
  t.teardown(() => context.close());
  const page = await context.newPage();
  page.on('pageerror', ({ message }) => t.fail(`no error is unhandled: ${message}`));
  await page.addInitScript(before);
  const authenticator = await addAuthenticator(page, options);
  await page.goto(`${at}/page/`);
  await page.waitForFunction('window.isReady');
  gate.requests.length = 0;
  return { page, authenticator };
}

/** Registers a user with a password and a passkey of the tab's authenticator. */
async function enrol(page: Page) {
  const user = await register(service, database.db, 1);
  const { email } = user;
  await run(page, `await auth.signIn({ email: '${email}', password: '${PASSWORD}' })`);
  const added = await run<{ recoveryCodes?: string[] }>(page, 'return (await auth.addPasskey()).data');
  if (added.recoveryCodes?.length !== 10) throw new Error('The first passkey comes with recovery codes');
  await run(page, 'await auth.signOut()');
  gate.requests.length = 0;
  return user;
}

t.test('A user signs in by a button, with two factors', async (t) => {
  const { page } = await openTab(t);
  const user = await enrol(page);
  t.match(await call(page, 'signInWithPasskey()'), { ok: true });
  t.match(await run(page, 'return auth.state'), { signedIn: true, factors: 2, userId: user.id });
  t.equal(await run(page, `return (await auth.api.GET('/me')).response.status`), 200);
  await run(page, 'await auth.signOut()');
  t.match(await call(page, 'signInWithPasskey({ access: 0 })'), { ok: true });
  t.match(await run(page, 'return auth.state'), { access: 0 });
});

/** Offers the list of passkeys; `window.listed` is its result. */
const list = (page: Page, options = '') =>
  run(
    page,
    `window.listed = undefined;
     window.stop = new AbortController();
     auth.signInWithPasskey({ mediation: 'conditional', signal: stop.signal${options} })
       .then(${RESULT}).then((result) => { window.listed = result; });`,
  );
const listed = (page: Page) => run(page, 'return window.listed');
const rounds = () => gate.count('POST /login/passkey/options');

t.test('A user signs in from the list of the browser', async (t) => {
  const { page, authenticator } = await openTab(t);
  const user = await enrol(page);
  t.equal(await run(page, 'return auth.passkeyListAvailable()'), true);
  await list(page);
  await page.waitForFunction('window.listed');
  t.match(await listed(page), { ok: true });
  t.match(await run(page, 'return auth.state'), { signedIn: true, factors: 2, userId: user.id });
  t.equal((await authenticator.credentials()).length, 1);
});

t.test(
  'A list waits, gets another challenge before the last one expires, and ends by its signal',
  async (t) => {
    const { page, authenticator } = await openTab(t);
    await enrol(page);
    await authenticator.setPresence(false);
    await page.clock.install();
    await list(page);
    await until(() => rounds() === 1);
    await page.clock.fastForward(10_000);
    t.equal(rounds(), 1, 'a challenge that is good is not replaced');
    gate.next('/login/passkey/options', 503);
    await page.clock.fastForward(RENEWED_MS);
    await until(() => rounds() === 2);
    await authenticator.setPresence(true);
    await page.clock.fastForward(10_000);
    await until(() => rounds() === 3);
    await page.waitForFunction('window.listed');
    t.match(await listed(page), { ok: true }, 'the service being busy for a moment does not end it');
    await run(page, 'await auth.signOut()');
    await authenticator.setPresence(false);
    await list(page);
    await until(() => rounds() === 4);
    await run(page, 'stop.abort()');
    await page.waitForFunction('window.listed');
    t.match(await listed(page), { ok: false, reason: 'aborted' });
  },
);

t.test('A dialog interrupts the list, which is offered again when the dialog has ended', async (t) => {
  const { page, authenticator } = await openTab(t);
  await enrol(page);
  await authenticator.setPresence(false);
  await list(page);
  await until(() => rounds() === 1);
  const dialog = call(page, 'signInWithPasskey({ signal: AbortSignal.timeout(1) })');
  t.match(await dialog, { ok: false, reason: 'aborted' });
  await until(() => rounds() === 3);
  t.equal(await listed(page), undefined, 'the list was not ended by the dialog');
  await authenticator.setPresence(true);
  t.match(await call(page, 'signInWithPasskey()'), { ok: true });
  await page.waitForFunction('window.listed');
  t.match(await listed(page), { ok: false, reason: 'aborted' }, 'nobody needs the list any more');
});

t.test('Another list ends the first one', async (t) => {
  const { page, authenticator } = await openTab(t);
  await enrol(page);
  await authenticator.setPresence(false);
  await list(page);
  await until(() => rounds() === 1);
  await run(page, 'window.first = window.auth.signInWithPasskey({ mediation: "conditional" })');
  await page.waitForFunction('window.listed');
  t.match(await listed(page), { ok: false, reason: 'aborted' });
  await until(() => rounds() === 2);
});

t.test('The reasons of a browser are values', async (t) => {
  const { page, authenticator } = await openTab(t);
  const { email } = await enrol(page);
  await authenticator.setPresence(false);
  const aborted = call(page, 'signInWithPasskey({ signal: AbortSignal.timeout(1) })');
  t.match(await aborted, { ok: false, reason: 'aborted', detail: 'The request for a passkey has ended.' });
  await authenticator.setPresence(true);
  await call(page, 'signInWithPasskey()');
  t.match(await call(page, 'addPasskey()'), { ok: false, reason: 'already-registered' });
  await authenticator.setUserVerified(false);
  t.match(await call(page, 'signInWithPasskey()'), { ok: false, reason: 'cancelled' });
  await run(page, 'await auth.signOut()');
  const body = { email, password: PASSWORD };
  const { body: problem } = await service.ask('POST', '/login', { body });
  t.strictSame(problem.methods.includes('passkey'), true);

  const elsewhere = await openTab(t, { origin: gate.url });
  t.match(await call(elsewhere.page, 'signInWithPasskey()'), { ok: false, reason: 'wrong-site' });
});

t.test('A browser without passkeys, or without a list of them, says so', async (t) => {
  const none = await openTab(t, { before: 'delete window.PublicKeyCredential' });
  t.equal(await run(none.page, 'return auth.passkeysAvailable()'), false);
  t.equal(await run(none.page, 'return auth.passkeyListAvailable()'), false);
  t.match(await call(none.page, 'signInWithPasskey()'), { ok: false, reason: 'not-supported' });
  const before = 'delete PublicKeyCredential.isConditionalMediationAvailable';
  const { page } = await openTab(t, { before });
  t.equal(await run(page, 'return auth.passkeysAvailable()'), true);
  t.equal(await run(page, 'return auth.passkeyListAvailable()'), false);
  await list(page);
  await page.waitForFunction('window.listed');
  t.match(await listed(page), { ok: false, reason: 'not-supported' });
  t.equal(rounds(), 0, 'the service is not asked');
});

t.test('A session in a cookie begins with a passkey, too', async (t) => {
  const { page } = await openTab(t);
  await enrol(page);
  const open = `window.auth = client.createClient({ baseUrl: '/', session: 'cookie', storageKey: 'cookie' });`;
  await run(page, `auth.dispose(); ${open}`);
  t.match(await call(page, 'signInWithPasskey()'), { ok: true });
  await run(page, `auth.dispose(); ${open} await auth.ready;`);
  t.match(await run(page, 'return auth.state'), { signedIn: true, factors: 2 });
  t.equal(await run(page, `return localStorage.getItem('cookie')`), null);
});

t.test('Problems of the service are values, too', async (t) => {
  const { page } = await openTab(t);
  const user = await enrol(page);
  await database.db.passkey.deleteMany({ where: { userId: user.id } });
  t.match(await call(page, 'signInWithPasskey()'), { ok: false, slug: 'passkey-not-accepted' });
  gate.next('/login/passkey/options', 503);
  t.match(await call(page, 'signInWithPasskey()'), { ok: false, slug: 'busy' });
  await list(page);
  await page.waitForFunction('window.listed');
  t.match(await listed(page), { ok: false, slug: 'passkey-not-accepted' });
});

t.test('A request that needs a recent sign-in waits for the passkey', async (t) => {
  const { page } = await openTab(t);
  const { id } = await enrol(page);
  await run(
    page,
    `auth.dispose();
     window.auth = client.createClient({
       baseUrl: '/',
       reauthenticate: async () => (await auth.reauthenticateWithPasskey()).error === undefined,
     });
     await auth.signInWithPasskey();`,
  );
  const authenticatedAt = new Date(Date.now() - 86_400_000);
  await database.db.session.updateMany({ where: { userId: id }, data: { authenticatedAt } });
  await database.db.user.update({ where: { id }, data: { generation: { increment: 1 } } });
  const [passkey] = await run<{ id: string }[]>(
    page,
    `return (await auth.api.GET('/me/authenticators')).data.passkeys`,
  );
  const params = `{ params: { path: { id: '${passkey?.id}' } } }`;
  t.equal(
    await run(page, `return (await auth.api.DELETE('/me/passkeys/{id}', ${params})).response.status`),
    200,
  );
  t.equal(gate.count('POST /me/reauthenticate 200'), 1);
  t.match(
    await run(page, 'return auth.state'),
    { signedIn: true, factors: 1 },
    'and has the tokens of the answer',
  );
});

t.test('A user registers with a passkey at once where there is no mail server', async (t) => {
  const { page } = await openTab(t);
  const user = `{ name: 'Ada', email: 'ada@example.com' }`;
  const { data } = await run<{ data: { id: string; recoveryCodes: string[] } }>(
    page,
    `return auth.registerWithPasskey(${user})`,
  );
  t.equal(data.recoveryCodes.length, 10);
  t.match(await call(page, 'signInWithPasskey()'), { ok: true });
  t.match(await run(page, 'return auth.state'), { userId: data.id, factors: 2 });
  await run(page, 'await auth.signOut()');
  t.match(await call(page, `registerWithPasskey(${user})`), { ok: false, slug: 'email-taken' });
});
