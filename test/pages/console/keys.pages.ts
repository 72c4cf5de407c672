/** The ways of people through their API keys and through service accounts, against the real service. */

import type { Page } from 'playwright-core';
import t from 'tap';
import { nameKey } from '#latchkey/accounts/users/sort-keys.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { codeOf, stepNow } from '../../accounts/second-factor.ts';
import { createMigratedDatabase } from '../../database.ts';
import { PASSWORD } from '../../helper.ts';
import { noteSecret, noteSecretsIn } from '../../secret-log.ts';
import { account } from '../account-scenes.ts';
import { focus } from '../focus.ts';
import { fill, signIn } from '../scenes.ts';
import { startPages } from '../stage.ts';
import { openForm } from './api-keys-scenes.ts';
import { screen, weakenTag } from './screen.ts';

const { url: DATABASE_URL } = await createMigratedDatabase(t);
const stage = await startPages(t, { DATABASE_URL });
const { service, url, email: ADMIN } = stage;
const { db, close } = openDatabase(DATABASE_URL);
t.teardown(close);
const token = await tokenOf(ADMIN);

const HOSTILE = '"><img src=x onerror=alert(1)>\u202e{{7*7}}<b>\u05d0';
const EMOJI = '🗝️'.repeat(50);

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true }).waitFor();
const notice = (page: Page, text: string) => page.locator('.notice').getByText(text).waitFor();
const click = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

async function tokenOf(email: string): Promise<string> {
  const { body } = await service.ask('POST', '/login', { body: { email, password: PASSWORD } });
  return body.accessToken;
}

async function person(email: string, access = 1): Promise<{ email: string; id: string }> {
  const body = { name: 'Grace', email, password: PASSWORD, access };
  const { body: made } = await service.ask('POST', '/users', { token, body });
  return { email, id: made.id };
}

async function serviceAccount(name: string, access = 1): Promise<string> {
  const { body } = await service.ask('POST', '/service-accounts', { token, body: { name, access } });
  return body.id;
}

/** Reads the key that a page shows, for the only time. */
async function shownKey(page: Page): Promise<string> {
  await page.getByText('I have kept it').waitFor();
  const key = await page.locator('.new-key .secret').textContent();
  noteSecret(key);
  return key!;
}

/** Makes the second factor and the sign-in of all sessions of a person old ones. */
async function age(userId: string): Promise<void> {
  const long = new Date(Date.now() - 172_800_000);
  await db.session.updateMany({ where: { userId }, data: { authenticatedAt: long, secondFactorAt: long } });
}

t.test('A key is made, shown once, used, and taken back', async (t) => {
  const { email, id } = await person('edith@example.com');
  const page = await stage.newPage(t, { permissions: ['clipboard-read', 'clipboard-write'] });
  let fails = true;
  await page.route('**/me/api-keys', (route) => (fails ? route.abort() : route.continue()));
  await account('security')(page, { ...stage, email });
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  fails = false;
  await click(page, 'Try again');
  await page.getByText('You have none. With a key').waitFor();
  await page.getByRole('link', { name: 'Manage API keys' }).click();
  await page.getByText('There are no keys yet.').waitFor();
  await openForm(page);
  t.equal(await focus(page, 'name', 'name'), 'name');
  t.strictSame(await page.getByLabel('Level at most').locator('option').allTextContents(), ['guest', 'user']);
  await page.keyboard.type('nightly import');
  await click(page, 'Make the key');
  await page.getByText('Choose an operation, or allow all.').waitFor();
  t.equal(await focus(page, 'type', 'search'), 'search');
  await page.keyboard.type('list use');
  t.equal(await page.locator('.choices li').count(), 1);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await page.getByText(/^1 of \d+ chosen\.$/).waitFor();
  // Enter in the filter sends nothing: the form would be gone.
  await page.getByLabel('Filter the operations').press('Enter');
  await page.getByRole('button', { name: 'Make the key' }).dblclick();
  const key = await shownKey(page);
  t.match(key, /^lk_\w{22}_\w{36}$/);
  await page.locator('.new-key').getByRole('button', { name: 'Copy' }).click();
  await page.getByText('Copied.').waitFor();
  t.equal(await page.evaluate('navigator.clipboard.readText()'), key);
  const kept = await page.evaluate<string>(
    'JSON.stringify([location.href, history.state, { ...localStorage }, { ...sessionStorage }, document.cookie])',
  );
  t.notMatch(kept, key.slice(26), 'it is neither in the address nor kept in the browser');

  t.equal((await service.ask('GET', '/users', { token: key })).status, 200);
  t.equal((await service.ask('GET', '/me', { token: key })).body.slug, 'operation-not-allowed');
  const [row] = await db.apiKey.findMany({ where: { userId: id } });
  t.match(row, { name: 'nightly import', access: 1, operations: 'listUsers' });
  t.equal(await db.apiKey.count({ where: { userId: id } }), 1, 'a double click makes one');
  const days = (row!.expiresAt.getTime() - Date.now()) / 86_400_000;
  t.ok(days > 89 && days < 91);

  await click(page, 'I have kept it');
  await notice(page, 'The key is made.');
  t.equal(await focus(page, 'textContent', 'The key is made.'), 'The key is made.');
  t.notMatch(await page.content(), key.slice(26), 'it is shown once');
  await click(page, 'Make one like it: nightly import');
  t.equal(await page.getByLabel('Name of the key').inputValue(), 'nightly import');
  t.equal(await page.getByLabel('Level at most').inputValue(), '1');
  t.strictSame(await page.locator('.choices :checked + span').allTextContents(), ['List users GET /users ']);
  await click(page, 'Cancel');
  t.equal(await focus(page, 'textContent', 'Make a key'), 'Make a key');
  await page.getByText('1 operation').click();
  await page.getByText('listUsers').waitFor();
  await click(page, 'Take back: nightly import');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  t.equal(await focus(page, 'ariaLabel', 'Take back: nightly import'), 'Take back: nightly import');
  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'Take it back' }).dblclick();
  await notice(page, 'The key is taken back.');
  t.equal(await focus(page, 'textContent', 'The key is taken back.'), 'The key is taken back.');
  await page.getByText('There are no keys yet.').waitFor();
  t.equal((await service.ask('GET', '/users', { token: key })).status, 401);
});

t.test('Errors are beside their fields, and nothing is made', async (t) => {
  const { email, id } = await person('ellen@example.com');
  const page = await stage.newPage(t);
  await account('api-keys')(page, { ...stage, email });
  await openForm(page);
  await page.getByLabel('May do').selectOption('all');
  await fill(page, { 'Name of the key': HOSTILE.slice(0, 40) });
  await click(page, 'Make the key');
  const wrong = page.locator('.field.wrong');
  await wrong.getByText('This is not complete, or has a character that cannot be here.').waitFor();
  t.equal(await focus(page, 'name', 'name'), 'name');
  await fill(page, { 'Name of the key': 'import' });
  await page.getByLabel('Expires', { exact: true }).selectOption('other');
  await click(page, 'Make the key');
  await wrong.getByText('Fill this in.').waitFor();
  await fill(page, { 'Expires at': '2099-01-01T00:00' });
  await click(page, 'Make the key');
  await wrong.getByText('within 366 days').waitFor();
  t.equal(await page.locator('main img, main b').count(), 0);
  t.equal(await db.apiKey.count({ where: { userId: id } }), 0);
  const soon = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 16);
  await fill(page, { 'Expires at': soon });
  await click(page, 'Make the key');
  const key = await shownKey(page);
  await click(page, 'I have kept it');
  await page.getByText('Expires soon').waitFor();
  t.equal((await service.ask('GET', '/me', { token: key })).status, 200);
});

t.test("A key of the admins' level lists its operations, or all when that is chosen (M5)", async (t) => {
  const { email, id } = await person('evelyn@example.com', 2);
  const page = await stage.newPage(t);
  await account('api-keys')(page, { ...stage, email });
  await openForm(page);
  await fill(page, { 'Name of the key': 'all' });
  await page.getByLabel('Level at most').selectOption('admin');
  await page.getByText('List audit events').waitFor();
  t.equal(
    await page.getByText('Delete user').count(),
    0,
    'what a key of a person can never do is not offered',
  );
  await page.getByLabel('May do').selectOption('all');
  await notice(page, 'others could do nearly all that you may do');
  await click(page, 'Make the key');
  const key = await shownKey(page);
  t.match(await db.apiKey.findFirst({ where: { userId: id } }), { access: 2, operations: '*' });
  t.equal((await service.ask('GET', '/control-panel', { token: key })).status, 200);
});

t.test('An open page follows a demotion', async (t) => {
  const { email, id } = await person('erna@example.com', 2);
  const page = await stage.newPage(t);
  await account('api-keys')(page, { ...stage, email });
  await openForm(page);
  const levels = page.getByLabel('Level at most').locator('option');
  t.strictSame(await levels.allTextContents(), ['guest', 'user', 'admin']);
  await page.getByLabel('Level at most').selectOption('admin');
  await fill(page, { 'Name of the key': 'mine' });
  const console = await stage.newPage(t);
  await screen('service-accounts')(console, { ...stage, email });
  await heading(console, 'Service accounts');
  await service.ask('PATCH', `/users/${id}`, { token, body: { access: 1 } });
  await page
    .getByLabel('Level at most')
    .locator('option', { hasText: 'admin' })
    .waitFor({ state: 'detached' });
  t.equal(await page.getByLabel('Level at most').inputValue(), '1');
  t.equal(await page.getByLabel('Name of the key').inputValue(), 'mine', 'the form stays');
  await heading(console, 'No access');
});

t.test('A guest sees and takes back keys of before, and makes none', async (t) => {
  const { email, id } = await person('emmy@example.com');
  const own = await tokenOf(email);
  await service.ask('POST', '/me/api-keys', { token: own, body: { name: 'before', access: 1 } });
  await service.ask('PATCH', `/users/${id}`, { token, body: { access: 0 } });
  const page = await stage.newPage(t);
  await account('security')(page, { ...stage, email });
  await page.getByText('You have 1 key.').waitFor();
  await page.getByRole('link', { name: 'Manage API keys' }).click();
  await click(page, 'Take back: before');
  t.equal(await page.getByRole('button', { name: 'Make a key' }).count(), 0);
  await page.getByRole('dialog').getByRole('button', { name: 'Take it back' }).click();
  await page.getByText('There are no keys yet.').waitFor();
  await page.getByRole('link', { name: 'Back to sign-in and security' }).click();
  await page.getByText('Recovery codes').first().waitFor();
  t.equal(await page.getByRole('link', { name: 'Manage API keys' }).count(), 0);
});

t.test('A key that stands for a recent sign-in asks for two factors, and the form waits (M5)', async (t) => {
  const { email, id } = await person('ada.yonath@example.com', 2);
  const own = await tokenOf(email);
  const { body: enrolment } = await service.ask('POST', '/me/totp', { token: own });
  const { secret } = enrolment;
  noteSecret(secret);
  const code = codeOf({ secret }, stepNow(-1));
  const { body: confirmed } = await service.ask('POST', '/me/totp/confirm', { token: own, body: { code } });
  noteSecretsIn(confirmed.recoveryCodes);
  const account = await serviceAccount(HOSTILE, 2);

  const page = await stage.newPage(t, { viewport: { width: 320, height: 700 } });
  const alerts: string[] = [];
  page.on('dialog', (dialog) => {
    alerts.push(dialog.message());
    void dialog.accept();
  });
  await signIn(page, { url, email });
  await fill(page, { Code: codeOf({ secret }) });
  await page.locator('button[type=submit]').click();
  await heading(page, 'Your account');
  await age(id);
  await page.goto(`${url}/service-accounts`);
  await page.getByRole('link', { name: HOSTILE }).click();
  await heading(page, 'Service account');
  await openForm(page);
  await fill(page, { 'Name of the key': 'provisioning' });
  await page.getByLabel('Level at most').selectOption('admin');
  await page.getByLabel('Filter the operations').fill('change user');
  await page.getByLabel('Change user').check();
  await click(page, 'Make the key');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await dialog.getByLabel('Code', { exact: true }).fill(codeOf({ secret }, stepNow(1)));
  await dialog.getByRole('button', { name: 'Go on' }).click();
  const key = await shownKey(page);
  const target = await person('target@example.com');
  const change = await service.ask('PATCH', `/users/${target.id}`, { token: key, body: { access: 0 } });
  t.equal(change.status, 200, 'it needs no recent sign-in');
  t.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 320);
  t.equal(await page.locator('main img, main b').count(), 0);
  await page.goto(`${url}/service-accounts/${account}`);
  t.strictSame(alerts, [''], 'only the browser asks, before the key would be lost');
});

t.test('A service account is made, changed, disabled, enabled and deleted', async (t) => {
  const page = await stage.newPage(t);
  await screen('service-accounts')(page, stage);
  await fill(page, { Name: EMOJI });
  await page.getByRole('button', { name: 'Make it' }).dblclick();
  await heading(page, 'Service account');
  await page.getByText(EMOJI).first().waitFor();
  t.equal(await db.user.count({ where: { name: EMOJI } }), 1);
  const { id } = await db.user.findFirstOrThrow({ where: { name: EMOJI } });
  t.match(page.url(), id);
  await openForm(page);
  await fill(page, { 'Name of the key': 'nightly' });
  await page.getByLabel('May do').selectOption('all');
  await click(page, 'Make the key');
  const key = await shownKey(page);
  await click(page, 'I have kept it');
  await notice(page, 'The key is made.');
  const works = async () => (await service.ask('GET', '/users', { token: key })).status;
  t.equal(await works(), 200);

  await fill(page, { Name: 'reports', Reason: 'another program' });
  await page.getByLabel('Level', { exact: true }).selectOption('guest');
  await click(page, 'Save');
  await notice(page, 'The change is saved.');
  t.equal(await focus(page, 'textContent', 'The change is saved.'), 'The change is saved.');
  t.match(await db.user.findUnique({ where: { id } }), { name: 'reports', access: 0 });
  t.equal(await works(), 403);
  await click(page, 'Save');
  await notice(page, 'Nothing was changed.');

  await click(page, 'Disable');
  await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
  await notice(page, 'The account is disabled.');
  await notice(page, 'all its keys are suspended');
  t.equal(await works(), 401);
  await click(page, 'Enable');
  await notice(page, 'The account is enabled.');
  t.equal(await works(), 403);

  await click(page, 'Delete');
  await page.getByRole('dialog').getByText('Its key ends at once, and for good.').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await notice(page, 'The service account is deleted, and its keys have ended.');
  t.equal(await works(), 401);
  t.equal(await db.user.count({ where: { id } }), 0);
  await page.goBack();
  await page.goto(`${url}/service-accounts/${id}`);
  await page.getByText('There is no service account at this address.').waitFor();
});

t.test('Nothing is overwritten that somebody else has changed meanwhile', async (t) => {
  const id = await serviceAccount('imports');
  const page = await stage.newPage(t);
  await screen(`service-accounts/${id}`)(page, stage);
  await page.getByText(id).waitFor();
  const other = await service.ask('PATCH', `/users/${id}`, { token, body: { access: 2 } });
  t.equal(other.status, 200);
  await fill(page, { Name: 'weekly imports' });
  await click(page, 'Save');
  await notice(page, 'Somebody else has changed this account meanwhile.');
  await page.getByText('Level: it was user, and is admin now.').waitFor();
  t.match(await db.user.findUnique({ where: { id } }), { name: 'imports', access: 2 });
  t.equal(
    await page.getByLabel('Name', { exact: true }).inputValue(),
    'weekly imports',
    'it is still wanted',
  );
  t.equal(await page.getByLabel('Level', { exact: true }).inputValue(), '2', 'and the other change is kept');
  await click(page, 'Save');
  await notice(page, 'The change is saved.');
  t.match(await db.user.findUnique({ where: { id } }), { name: 'weekly imports', access: 2 });

  // The page loads the account again, and has to have done so before the next change.
  await page.locator('dd').getByText('weekly imports').waitFor();
  await service.ask('PATCH', `/users/${id}`, { token, body: { name: 'daily imports' } });
  await click(page, 'Disable');
  await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
  await notice(page, 'nothing of yours was done');
  await page.locator('dd').getByText('daily imports').waitFor();
  t.match(await db.user.findUnique({ where: { id } }), { disabled: false });

  await weakenTag(page, id);
  await page.reload();
  const isWeak = page.getByText('turn its compression off');
  await fill(page, { Name: 'imports' });
  await click(page, 'Save');
  await isWeak.waitFor();
  await click(page, 'Disable');
  await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
  await page.getByRole('dialog').locator(isWeak).waitFor();
});

t.test('A long list is shown in parts, and filtered by a link', async (t) => {
  const row = await db.user.findFirstOrThrow({ where: { kind: 'service' } });
  await db.user.createMany({
    data: Array.from({ length: 900 }, (_, index) => {
      const id = `01890a5d-ac96-774b-bcce-${String(index).padStart(12, '0')}`;
      const name = `robot ${index}`;
      return {
        ...row,
        id,
        name,
        nameKey: nameKey(name, id),
        email: `service:${id}`,
        emailKey: `service:${id}`,
      };
    }),
  });
  const page = await stage.newPage(t);
  await screen('service-accounts')(page, stage);
  await page.getByRole('link', { name: 'robot 0', exact: true }).waitFor();
  t.equal(await page.locator('tbody tr').count(), 50);
  await click(page, 'Show more');
  t.equal(await page.locator('tbody tr').count(), 100);
  await fill(page, { 'Filter by name': 'ROBOT 89' });
  await page.getByRole('link', { name: 'robot 899' }).waitFor();
  t.equal(await page.locator('tbody tr').count(), 11);
  await page.reload();
  await page.getByRole('link', { name: 'robot 899' }).waitFor();
  t.equal(await page.locator('tbody tr').count(), 11, 'the filter is in the address');
});

t.test('The id of a person, or none, is no service account', async (t) => {
  const { id } = await person('no.robot@example.com');
  const page = await stage.newPage(t);
  await screen(`service-accounts/${id}`)(page, stage);
  await page.getByText('There is no service account at this address.').waitFor();
  t.equal(await page.getByRole('button', { name: /Make|Save|Delete/ }).count(), 0);
  await page.goto(`${url}/service-accounts/none`);
  await page.getByText('There is no service account at this address.').waitFor();
});

t.test('The settings are shown as they run, without secrets', async (t) => {
  const page = await stage.newPage(t);
  await screen('settings')(page, stage);
  const row = (name: string) => page.locator('tr', { has: page.getByText(name, { exact: true }) });
  t.match(await row('ADMIN_PASSWORD').textContent(), /set, not shown/);
  t.match(await row('RATE_LIMIT').textContent(), /0Set/);
  t.match(await row('ACCESS_TOKEN_TTL').textContent(), /Default/);
  t.notMatch(await page.content(), PASSWORD);
  t.match(await page.getByRole('region', { name: 'Access levels' }).textContent(), /0guest1user2admin/);
  const keys = page.getByRole('table', { name: 'Keys of access tokens' });
  t.match(await keys.textContent(), /Signs new tokens/);
  const { body } = await service.ask('GET', '/settings', { token });
  const levels = body.findings.map(({ level }: { level: string }) => level);
  const count = (level: string) => levels.filter((one: string) => one === level).length;
  t.equal(await page.locator('.findings .notice.error').count(), count('error'));
  t.equal(await page.locator('.findings .notice.warning').count(), count('warning'));
  await page.getByText(/^\d+ checks? found nothing wrong$/).waitFor();

  await fill(page, { 'Filter by name': 'rate limit' });
  await row('ACCESS_TOKEN_TTL').waitFor({ state: 'detached' });
  await row('RATE_LIMIT').waitFor();
  await page.getByLabel('Only what is set').check();
  await page.reload();
  await row('RATE_LIMIT').waitFor();
  t.equal(await page.getByLabel('Only what is set').isChecked(), true, 'the filter is in the address');
  await page.getByRole('button', { name: 'Check again' }).click();
  await page.getByText('Checked').waitFor();

  const { email } = await person('grete@example.com');
  const other = await stage.newPage(t);
  await signIn(other, { url, email });
  await heading(other, 'Your account');
  await other.goto(`${url}/settings`);
  await heading(other, 'No access');
});
