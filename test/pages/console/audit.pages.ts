/** The audit of the console: events, filters, the chain, and the export. */

import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import t from 'tap';
import type { AuditEvent } from '#latchkey/audit/event.schemas.ts';
import { actions } from '#latchkey/audit/event.ts';
import { auditTexts } from '../../../web/src/texts/console/audit.ts';
import { PASSWORD } from '../../helper.ts';
import { until } from '../../until.ts';
import { focus } from '../focus.ts';
import { fill, submit } from '../scenes.ts';
import { startPages } from '../stage.ts';
import { HOSTILE, LONG_NAME } from './hostile.ts';
import { screen } from './screen.ts';

const stage = await startPages(t);
const { service } = stage;
const { body: admin } = await service.ask('POST', '/login', {
  body: { email: stage.email, password: PASSWORD },
});
const token: string = admin.accessToken;

async function person(name: string, email: string): Promise<string> {
  const { body } = await service.ask('POST', '/users', { token, body: { name, email, password: PASSWORD } });
  return body.id;
}

/** All events of a filter, as the API answers them, from many small pages. */
async function eventsOf(query: string): Promise<AuditEvent[]> {
  const events = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const path = `/audit-events?limit=7&${query}${cursor && `&cursor=${cursor}`}`;
    const { body } = await service.ask('GET', path, { token });
    events.push(...body.events);
    cursor = body.nextCursor;
  }
  return events;
}

const open = async (page: Page, path: string) => screen(path)(page, stage);
const rows = (page: Page) => page.locator('.events .table > tbody > tr');
const click = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

t.test('Every action has a text', async (t) => {
  t.strictSame(Object.keys(auditTexts.actions).sort(), [...actions].sort());
});

t.test(
  'An event says what, who, to whom, the values, the reason and where, and hostile text is text',
  async (t) => {
    const id = await person(HOSTILE, 'hostile@example.com');
    const reason = `${HOSTILE} ${LONG_NAME}`;
    const accessUntil = '2099-01-31T12:00:00.000Z';
    await service.ask('PATCH', `/users/${id}`, { token, body: { access: 2, accessUntil, reason } });
    await service.ask('PATCH', `/users/${id}`, { token, body: { name: LONG_NAME } });
    const page = await stage.newPage(t, { viewport: { width: 320, height: 640 } });
    const wrong: string[] = [];
    page.on('dialog', (dialog) => {
      wrong.push(dialog.message());
      void dialog.dismiss();
    });
    await open(page, `audit?target=${id}`);
    await page.getByText('What was done to this user:').getByRole('link', { name: LONG_NAME }).waitFor();
    t.equal(await rows(page).count(), 3);
    const change = rows(page).filter({ hasText: 'Access level changed' });
    t.equal(await change.locator('.reason bdi').textContent(), reason);
    const cells = change.locator('.changes tbody tr');
    t.strictSame(await cells.nth(0).locator('th, td').allTextContents(), ['Level', 'user (1)', 'admin (2)']);
    t.equal(await cells.nth(1).locator('time').getAttribute('datetime'), accessUntil);
    t.equal(await cells.nth(1).locator('td').first().textContent(), 'none');
    await change.getByRole('link', { name: 'Admin' }).waitFor();
    await change.getByText('More').click();
    const [event] = await eventsOf(`target=${id}&action=user.access-changed`);
    await change.getByText(String(event?.requestId)).waitFor();
    await change.getByText('127.0.0.1').waitFor();
    const renamed = rows(page).filter({ hasText: 'Name changed' }).locator('.changes tbody tr');
    t.strictSame(await renamed.locator('td').allTextContents(), [HOSTILE, LONG_NAME]);
    t.equal(await page.locator('main img, main script, main b').count(), 0);
    t.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 320);
    await change.getByRole('link', { name: 'All that they did' }).click();
    await page.getByText('What this user did:').waitFor();
    t.equal(new URL(page.url()).searchParams.get('actor'), event?.actorId);
    t.strictSame(wrong, []);
  },
);

t.test('A deleted user is an id, and what was personal is gone', async (t) => {
  const id = await person('Grace', 'grace@example.com');
  await service.ask('DELETE', `/users/${id}`, { token });
  const page = await stage.newPage(t);
  await open(page, `audit?target=${id}`);
  const deleted = rows(page).filter({ hasText: 'Account deleted' });
  t.equal(await deleted.locator('[data-title="To whom"] .id').textContent(), id);
  t.equal(await page.getByText('Grace').count(), 0);
});

t.test('Filters are in the address, and the service says which one is wrong', async (t) => {
  const id = await person('Mary', 'mary@example.com');
  const page = await stage.newPage(t, { timezoneId: 'Asia/Kolkata' });
  await open(page, 'audit');
  await fill(page, { 'Done by': 'Mary' });
  await submit(page);
  await page.locator('.field.wrong').getByText('This is not complete').waitFor();
  t.equal(await focus(page, 'name', 'actor'), 'actor');
  t.equal(new URL(page.url()).search, '', 'a wrong filter is not used');
  await fill(page, { 'Done by': '', 'Done to': ` ${id} ` });
  await page.getByLabel('What', { exact: true }).selectOption('user.created');
  await submit(page);
  await page.getByText('1 event', { exact: true }).waitFor();
  t.equal(await rows(page).locator('strong').textContent(), 'Account made');
  // A time is that of the reader's zone.
  await fill(page, { From: '2026-01-31T05:30', Before: '2026-01-31T05:29' });
  await submit(page);
  await page.getByText('“From” is after “Before”').waitFor();
  const query = new URL(page.url()).searchParams;
  t.equal(query.get('from'), '2026-01-31T00:00:00.000Z');
  t.equal(query.get('until'), '2026-01-30T23:59:00.000Z');
  t.equal(query.get('target'), id);
  await page.reload();
  await page.getByLabel('From', { exact: true }).waitFor();
  t.equal(await page.getByLabel('From', { exact: true }).inputValue(), '2026-01-31T05:30');
  // Only a part of a time is typed: it is no filter that nobody sees.
  await page.getByLabel('From', { exact: true }).fill('');
  await page.getByLabel('From', { exact: true }).focus();
  await page.keyboard.type('12');
  await submit(page);
  await page.locator('.field.wrong').getByText('This is not complete').waitFor();
  await page.getByRole('link', { name: 'Clear the filters' }).click();
  await rows(page).nth(1).waitFor();
  t.equal(new URL(page.url()).search, '');
  await page.goBack();
  await page.getByText('“From” is after “Before”').waitFor();
  await page.goto(`${stage.url}/audit?action=user.exploded`);
  await page.getByText('There is no action “user.exploded”.').waitFor();
});

t.test('Denied requests are a ready choice', async (t) => {
  await person('Hedy', 'hedy@example.com');
  const { body } = await service.ask('POST', '/login', {
    body: { email: 'hedy@example.com', password: PASSWORD },
  });
  await service.ask('GET', '/control-panel', { token: body.accessToken });
  await until(async () => (await eventsOf('action=access.denied')).length > 0);
  const page = await stage.newPage(t);
  await open(page, 'audit');
  await page.getByRole('link', { name: 'Denied requests' }).click();
  const denied = rows(page).first();
  await denied.getByText('Request refused: the level was too low').waitFor();
  await denied.getByRole('link', { name: 'Hedy' }).waitFor();
  t.match(await denied.locator('.changes').textContent(), /\/control-panel.*admin \(2\).*user \(1\)/);
});

t.test('A long audit comes page by page', async (t) => {
  for (let count = 0; count < 60; count++)
    await service.ask('POST', '/login', { body: { email: 'mary@example.com', password: PASSWORD } });
  const page = await stage.newPage(t);
  await open(page, 'audit?action=session.opened');
  // Names come later than the rows, and the id of an event with them.
  const firstId = () => rows(page).first().locator('.more bdi').nth(2).textContent();
  const first = await firstId();
  t.equal(await rows(page).count(), 25);
  await click(page, 'Next');
  await until(async () => (await firstId()) !== first);
  await click(page, 'Next');
  await page.getByText(/^\d+ events$/).waitFor();
  await click(page, 'Back');
  await click(page, 'Back');
  await until(async () => (await firstId()) === first);
});

/** Presses the button, and reads the file. */
async function download(page: Page): Promise<{ name: string; events: unknown[] }> {
  const [file] = await Promise.all([page.waitForEvent('download'), click(page, 'Export what is shown')]);
  const lines = (await readFile(await file.path(), 'utf8')).split('\n');
  if (lines.pop() !== '') throw new Error('The last line has no end');
  return { name: file.suggestedFilename(), events: lines.map((line) => JSON.parse(line)) };
}

t.test('The file has what the API answers: all pages of the filters', async (t) => {
  for (let count = 0; count < 60; count++)
    await service.ask('POST', '/login', { body: { email: 'mary@example.com', password: PASSWORD } });
  const page = await stage.newPage(t, { acceptDownloads: true, timezoneId: 'UTC' });
  await open(page, 'audit?action=session.opened');
  await until(async () => (await eventsOf('')).every(({ number }) => number !== null));
  const { name, events } = await download(page);
  t.match(name, /^latchkey-audit-\d{4}-\d\d-\d\d\.jsonl$/);
  t.ok(events.length > 100, 'of several pages');
  t.strictSame(events, await eventsOf('action=session.opened'));
  await page.getByText(`The file has all ${events.length} events.`).waitFor();
  await until(async () => (await page.evaluate('document.activeElement.getAttribute("role")')) === 'status');
  t.equal(await page.getByRole('button', { name: 'Export what is shown' }).count(), 1);
});

/** Answers with pages that never end, in the place of the service. */
async function giveEndless(
  page: Page,
  answer?: (count: number) => object | undefined,
): Promise<() => number> {
  let count = 0;
  const json = { events: Array.from({ length: 100 }, () => ({ id: 'an id' })), nextCursor: 'next' };
  await page.route('**/audit-events?*limit=100*', (route) => {
    count++;
    return route.fulfill(answer?.(count) ?? { json });
  });
  return () => count;
}

t.test('A file has 100,000 events at most, and the page says that there are more', async (t) => {
  const page = await stage.newPage(t, { acceptDownloads: true });
  await open(page, 'audit');
  page.setDefaultTimeout(120_000);
  const requests = await giveEndless(page);
  const { events } = await download(page);
  t.equal(events.length, 100_000);
  t.equal(requests(), 1_000);
  await page.getByText('The file has the newest 100,000 events, and there are more.').waitFor();
});

t.test('An export stops when it is told to, and when the filters change', async (t) => {
  const page = await stage.newPage(t, { acceptDownloads: true });
  const files: unknown[] = [];
  page.on('download', (file) => files.push(file));
  await open(page, 'audit');
  const requests = await giveEndless(page);
  await click(page, 'Export what is shown');
  await until(() => requests() > 3);
  await click(page, 'Stop');
  await page.getByText(/^Stopped after .* There is no file\.$/).waitFor();
  const stopped = requests();
  await click(page, 'Export what is shown');
  await until(() => requests() > stopped + 3);
  await page.getByRole('link', { name: 'Failed sign-ins' }).click();
  await page.getByRole('button', { name: 'Export what is shown' }).waitFor();
  const left = requests();
  await click(page, 'Load again');
  await page.getByText('No event matches.').or(rows(page).first()).first().waitFor();
  t.ok(requests() <= left + 1, 'nothing is asked for any more');
  t.strictSame(files, []);
});

t.test('An export waits when it is asked to, and goes on where an error has stopped it', async (t) => {
  const page = await stage.newPage(t, { acceptDownloads: true });
  await open(page, 'audit');
  const problem = (slug: string, status: number, headers = {}) => ({
    status,
    headers,
    json: { type: 'about:blank', title: '', detail: '', status, slug },
  });
  const answers: Record<number, object> = {
    2: problem('too-many-requests', 429, { 'retry-after': '1' }),
    4: problem('database-unavailable', 503),
    6: { json: { events: [{ id: 'the last' }], nextCursor: null } },
  };
  const requests = await giveEndless(page, (count) => answers[count]);
  const saved = page.waitForEvent('download');
  await click(page, 'Export what is shown');
  await page.getByText('The service asks to wait').waitFor();
  await page.getByText('The export has stopped after 200 events. The service is interrupted.').waitFor();
  t.equal(requests(), 4);
  await click(page, 'Go on');
  await page.getByText('The file has all 301 events.').waitFor();
  const lines = (await readFile(await (await saved).path(), 'utf8')).trim().split('\n');
  t.equal(lines.length, 301);
});

t.test('The head of the chain is that of the service, with the command that verifies it', async (t) => {
  await until(async () => (await service.ask('GET', '/audit-chain', { token })).body.unsealed === 0);
  const page = await stage.newPage(t);
  await open(page, 'audit');
  const chain = page.getByRole('region', { name: 'The chain' });
  const shown = await chain.locator('.link-text').first().textContent();
  t.match(shown, /^\d+:[\w-]{43}$/);
  await chain.getByText(`latchkey audit verify --head ${shown}`).waitFor();
  await page.route('**/audit-chain', async (route) => {
    const json = await (await route.fetch()).json();
    await route.fulfill({ json: { ...json, isAuthentic: false } });
  });
  await page.reload();
  await chain.getByRole('alert').getByText('somebody has changed the database').waitFor();
});
