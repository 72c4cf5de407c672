/** The routes of the console: what each level may do is what the service allows it. */
import type { Page } from 'playwright-core';
import t from 'tap';
import { PASSWORD } from '../../helper.ts';
import { until } from '../../until.ts';
import { startPages } from '../stage.ts';
import { screen } from './screen.ts';

const stage = await startPages(t, { ACCESS_LEVELS: 'guest:0,user:1,auditor:5,admin:10' });
const { service } = stage;

async function permissionsOf(email: string) {
  const { body } = await service.ask('POST', '/login', { body: { email, password: PASSWORD } });
  const token: string = body.accessToken;
  return { token, ...(await service.ask('GET', '/me/permissions', { token })).body };
}

interface Permission {
  readonly method: string;
  readonly path: string;
  readonly allowed: boolean;
}
const allowedOf = (permissions: readonly Permission[]) =>
  permissions.flatMap(({ method, path, allowed }) => (allowed ? `${method} ${path}` : []));

const rows = (page: Page) => page.locator('.routes tbody tr');

t.test('What a level may do is what the service says to a person of it', async (t) => {
  const { token, permissions } = await permissionsOf(stage.email);
  const body = { name: 'Grace', email: 'grace@example.com', access: 5, password: PASSWORD };
  await service.ask('POST', '/users', { token, body });
  const auditor = await permissionsOf('grace@example.com');
  const page = await stage.newPage(t);
  await screen('routes')(page, stage);
  t.equal(await rows(page).count(), permissions.length);
  t.strictSame((await page.locator('.routes thead th').allTextContents()).slice(3), [
    'guest (0)',
    'user (1)',
    'auditor (5)',
    'admin (10)',
  ]);
  const listedFor = (level: string) =>
    rows(page)
      .filter({ has: page.locator(`[data-title="${level}"] .may`) })
      .locator('code')
      .allTextContents();
  const listed = await listedFor('auditor (5)');
  t.strictSame(listed, allowedOf(auditor.permissions));
  // No operation needs just an auditor, and many need just an admin.
  t.strictSame(await listedFor('admin (10)'), allowedOf(permissions));
  await page.getByLabel('What may a level do').selectOption('5');
  await page.getByText(`auditor (5) may use ${listed.length} of ${permissions.length} operations.`).waitFor();
  t.strictSame(await rows(page).locator('code').allTextContents(), listed);
  t.equal(new URL(page.url()).search, '?level=5');
});

t.test('An operation says what it needs: a level, a recent sign-in, a session', async (t) => {
  const page = await stage.newPage(t);
  await screen('routes')(page, stage);
  await page.getByLabel('Name or path').fill('DELETE passkeys/{id}');
  await page.getByText('1 operation', { exact: true }).waitFor();
  t.equal(await rows(page).count(), 1);
  const cells = await rows(page).locator('td').allTextContents();
  t.equal(cells[1], 'guest (0)');
  t.equal(cells[2], 'a sign-in of the last 15 minutesa session: no API keys');
  await page.reload();
  await until(async () => (await rows(page).count()) === 1);
  t.equal(await page.getByLabel('Name or path').inputValue(), 'DELETE passkeys/{id}');
  await page.getByLabel('Name or path').fill('no such operation');
  await page.getByText('No operation matches.').waitFor();
});
