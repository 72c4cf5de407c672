/**
 * The session of the pages, as a browser sees it (rules W1 to W3): nothing that a script can read, nothing
 * for other sites, and one session in all tabs.
 *
 * @runs once, on SQLite: it is about the browser.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { PASSWORD } from '../helper.ts';
import { until } from '../until.ts';
import { fill, open, signIn, submit } from './scenes.ts';
import { startPages } from './stage.ts';
import { setVisibility } from './visibility.ts';

const stage = await startPages(t);
const { service, url, email, port } = stage;

const isHome = (page: Page) => page.getByRole('heading', { name: 'Your account' }).waitFor();
const run = (page: Page, code: string) => page.evaluate(`(async () => { ${code} })()`);

/** Starts a page of somebody else on this machine. @returns its port */
async function startHostile(t: Test): Promise<number> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>Hostile</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Opens a window that is signed in, with the value of its cookie. */
async function signedIn(t: Test) {
  const page = await stage.newPage(t);
  await signIn(page, { url, email });
  await isHome(page);
  const context = page.context();
  const cookie = async () =>
    (await context.cookies(service.url)).find(({ name }) => name.includes('latchkey'));
  return { page, context, cookie };
}

t.test(
  'The cookie is for this origin and no script (W2), and a second sign-in replaces it (W3)',
  async (t) => {
    const { page, cookie } = await signedIn(t);
    const first = await cookie();
    t.match(first, { name: `latchkey-${port}`, httpOnly: true, sameSite: 'Strict', path: '/' });
    t.equal(await page.evaluate('document.cookie'), '');
    const body = JSON.stringify({ email, password: PASSWORD, session: 'cookie' });
    const answer = await run(
      page,
      `const headers = { 'content-type': 'application/json' };
     return (await fetch('../login', { method: 'POST', headers, body: ${JSON.stringify(body)} })).json();`,
    );
    t.match(answer, { refreshToken: undefined });
    const second = await cookie();
    t.not(second?.value, first?.value);
    const { status } = await service.ask('POST', '/refresh', { body: { refreshToken: first?.value } });
    t.equal(status, 401, 'the session of before has ended');
  },
);

for (const [where, host] of [
  ['another port of the same host', 'localhost'],
  ['another site', '127.0.0.1'],
] as const)
  t.test(`A page on ${where} can neither use the session nor set one (W1)`, async (t) => {
    const { page, context, cookie } = await signedIn(t);
    const before = await cookie();
    const evil = await context.newPage();
    const answers: string[] = [];
    evil.on('response', (response) => {
      const { pathname } = new URL(response.url());
      answers.push(`${response.request().method()} ${pathname} ${response.status()}`);
    });
    const hostile = `http://${host}:${await startHostile(t)}/`;
    await evil.goto(hostile);
    const login = JSON.stringify({ email, password: PASSWORD, session: 'cookie' });
    for (const path of ['/refresh', '/logout', '/login'])
      for (const mode of ['cors', 'no-cors'])
        for (const type of ['application/json', 'text/plain'])
          await run(
            evil,
            `await fetch('${service.url}${path}', { method: 'POST', mode: '${mode}', credentials: 'include',
               headers: { 'content-type': '${type}' }, body: ${JSON.stringify(login)} }).catch(() => {})`,
          );
    for (const path of ['/refresh', '/logout', '/login']) {
      await evil.goto(hostile);
      const loaded = evil.waitForURL(`${service.url}${path}`);
      await run(
        evil,
        `document.body.innerHTML = '<form method=post action="${service.url}${path}"></form>';
         document.forms[0].submit();`,
      );
      await loaded;
    }
    const posts = answers.filter((line) => line.startsWith('POST '));
    t.ok(posts.length >= 3, 'the requests arrived');
    t.strictSame(
      posts.filter((line) => / 2\d\d$/.test(line)),
      [],
      'and none was answered',
    );
    t.strictSame(await cookie(), before, 'the cookie is the one of before');
    await page.reload();
    await isHome(page);
  });

t.test('Two tabs that load at once keep the session, and signing out ends it in both', async (t) => {
  const { page, context } = await signedIn(t);
  const other = await context.newPage();
  for (let round = 0; round < 2; round++) {
    await Promise.all([page.goto(`${url}/`), other.goto(`${url}/`)]);
    await Promise.all([isHome(page), isHome(other)]);
  }
  await other.getByRole('button', { name: 'Sign out' }).click();
  await page.locator('.notice').getByText('Your session has ended.').waitFor();
  // All tabs are signed out before the service has answered.
  await until(async () => (await context.cookies()).length === 0);
  // A page that is looked at again takes the session over that is in its storage.
  const asked: string[] = [];
  page.on('request', (request) => /\/me\b/.test(request.url()) && asked.push(request.url()));
  await setVisibility(page, 'visible');
  await page.waitForTimeout(300);
  t.strictSame(asked, [], 'nobody is signed in');
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

t.test('An open page becomes that of the person who signs in in another tab', async (t) => {
  const { page, context } = await signedIn(t);
  await page.goto(`${url}/account/leave`);
  const address = page.locator('main bdi.value');
  await address.getByText(email).waitFor();
  await fill(page, { 'Email address': email });
  const other = await context.newPage();
  await other.goto(`${url}/verify-email#token=${await stage.registrationToken()}`);
  await submit(other);
  await fill(other, { Password: PASSWORD });
  await submit(other);
  await isHome(other);
  await address.getByText(/^person-/).waitFor();
  t.equal(await page.getByLabel('Email address').inputValue(), '');
});

t.test('Without https, the pages say what to do (W2)', async (t) => {
  // The service is told that it is at a name: it looks at PUBLIC_URL, and not at the request.
  const plain = await startPages(t, { PUBLIC_URL: 'http://latchkey.example' });
  const page = await plain.newPage(t);
  await open('sign-in')(page, plain);
  t.equal(await page.getByRole('button', { name: 'Sign in with a passkey' }).count(), 0);
  await signIn(page, plain);
  await page.locator('.notice.error').getByText('needs an address that begins with https').waitFor();
  t.strictSame(await page.context().cookies(), []);
});
