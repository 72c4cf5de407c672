/**
 * Builds `examples/spa` as its readme says, and uses it in two tabs of a real Chromium. Its origin is another
 * one than that of the service.
 *
 * @runs once, on SQLite: it is about the page.
 */
import type { Page } from 'playwright-core';
import t from 'tap';
import { openDatabase } from '#latchkey/db/open.ts';
import { startChromium } from '../browser/chromium.ts';
import { serve, temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { buildPage, countLines, servePage } from './page.ts';

/** Lines of the example: index.html and the sources. */
const MAX_LINES = 150;

const port = await freePort();
const page = await buildPage(t, 'spa', `http://127.0.0.1:${port}`);
const origin = `http://127.0.0.1:${await servePage(t, page)}`;
const { url: DATABASE_URL } = await createMigratedDatabase(t);
const service = await serve(t, {
  DATABASE_URL,
  DATA_DIR: await temporaryFolder(t),
  PORT: String(port),
  CORS_ORIGINS: origin,
  RATE_LIMIT: '0',
});
const database = openDatabase(DATABASE_URL);
t.teardown(() => database.close());
const browser = await startChromium(t);

async function register(name: string, access: number): Promise<string> {
  const email = `${name.toLowerCase()}@example.com`;
  const { body } = await service.ask('POST', '/register', { body: { name, email, password: PASSWORD } });
  await database.db.user.update({ where: { id: body.id }, data: { access, permanentAccess: access } });
  return body.id;
}
const ada = await register('Ada', 2);
await register('Grace', 2);
const login = { email: 'grace@example.com', password: PASSWORD };
const token: string = (await service.ask('POST', '/login', { body: login })).body.accessToken;

t.test('The example has at most 150 lines', async (t) => {
  const lines = await countLines('spa');
  t.ok(lines <= MAX_LINES, `${lines} lines`);
});

t.test('A user signs in, is told what is missing, is demoted, and signs out in both tabs', async (t) => {
  const context = await browser.newContext();
  t.teardown(() => context.close());
  const open = async (): Promise<Page> => {
    const page = await context.newPage();
    page.on('pageerror', (error) => t.fail(error.message));
    await page.goto(origin);
    return page;
  };
  const [one, two] = [await open(), await open()];
  const signIn = async (password: string) => {
    await one.getByLabel('Email').fill('ada@example.com');
    await one.getByLabel('Password').fill(password);
    await one.getByRole('button', { name: 'Sign in' }).click();
  };
  await signIn('not the password of Ada');
  await one.getByText('Email or password is wrong').waitFor();
  await signIn(PASSWORD);
  for (const page of [one, two]) {
    await page.getByText('Level 2').waitFor();
    await page.getByText('Grace, admin').waitFor();
    await page.getByText('you are an admin').waitFor();
  }
  await one.getByLabel('Search').fill('gra');
  await one.getByText('Ada, admin').waitFor({ state: 'detached' });
  await one.getByRole('button', { name: 'Control panel' }).click();
  await one.getByText('2 users').waitFor();

  const { status } = await service.ask('PATCH', `/users/${ada}`, { token, body: { access: 1 } });
  t.equal(status, 200);
  await one.getByRole('button', { name: 'Control panel' }).click();
  await one.getByText('It needs level 2, and yours is 1.').waitFor();
  for (const page of [one, two]) {
    await page.getByText('Level 1').waitFor();
    await page.getByText('for admins').waitFor();
  }

  await two.getByRole('button', { name: 'Sign out' }).click();
  for (const page of [one, two]) await page.getByRole('button', { name: 'Sign in' }).waitFor();
  t.equal(await one.evaluate(`localStorage.getItem('latchkey')`), null);
});
