import type { Page } from 'playwright-core';
import { answer, type Scene, submit } from '../scenes.ts';
import { HOSTILE, LONG_NAME } from './hostile.ts';
import { screen } from './screen.ts';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const OTHER = '01890a5d-b7e2-7c1a-9d0f-3f1e5a6b7c8d';

/** An event, of which each scene says what is its own. */
const event = (own: object, index: number) => ({
  id: `01890a5d-ac96-774b-bcce-b302099a${String(index).padStart(4, '0')}`,
  number: 5_000 - index,
  action: 'user.access-changed',
  actorId: ID,
  apiKeyId: null,
  targetId: OTHER,
  before: null,
  after: null,
  reason: null,
  count: 1,
  ip: '2001:db8:85a3:8d3:1319:8a2e:370:7348',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  requestId: `req-${index}`,
  createdAt: '2026-01-31T12:00:00.000Z',
  ...own,
});

const events = [
  {
    before: { access: 1, accessUntil: null },
    after: { access: 2, accessUntil: '2026-02-28T12:00:00.000Z' },
    reason: `${HOSTILE} ${LONG_NAME}`,
    number: null,
  },
  { action: 'user.name-changed', targetId: ID, before: { name: HOSTILE }, after: { name: LONG_NAME } },
  {
    action: 'access.denied',
    targetId: null,
    count: 1_234,
    after: { method: 'GET', url: '/users/:id', problem: 'access-denied', required: 2, actual: 1 },
  },
  { action: 'sign-in.failed', actorId: null, userAgent: `<script>alert(1)</script>${'W'.repeat(200)}` },
  { action: 'session.opened', targetId: ID, after: { sessionId: OTHER } },
  {
    action: 'invitation.created',
    apiKeyId: OTHER,
    after: { access: 1, email: 'grace@example.com', name: null },
  },
  {
    action: 'level.added',
    actorId: null,
    targetId: 'auditor',
    ip: null,
    userAgent: null,
    requestId: null,
    after: { access: 15 },
  },
  { action: 'an.action-of-tomorrow', before: { toString: 'x', '<b>': true } },
].map(event);

const CHAIN = {
  head: { number: 5_023, hash: '0vZyKQwW2nDqzF6cP4e7rXb1uJmTg9sLhA3kYiO8NdE' },
  oldest: { number: 12, createdAt: '2026-01-01T12:00:00.000Z' },
  sealedAt: '2026-01-31T12:00:00.000Z',
  unsealed: 1_000,
  isAuthentic: false,
};

/** Answers with many kinds of events, by and to people with hostile names. */
async function giveEvents(page: Page): Promise<void> {
  await page.route('**/audit-events?*', (route) => route.fulfill({ json: { events, nextCursor: 'cursor' } }));
  await page.route('**/audit-chain', (route) => route.fulfill({ json: CHAIN }));
  for (const [id, name] of [
    [ID, HOSTILE],
    [OTHER, LONG_NAME],
  ])
    await page.route(`**/users/${id}`, (route) => route.fulfill({ json: { id, name, kind: 'person' } }));
}

export const auditScenes: readonly Scene[] = [
  { name: 'audit', play: screen('audit') },
  {
    name: 'audit-many',
    play: async (page, stage) => {
      await giveEvents(page);
      await screen(`audit?target=${OTHER}`)(page, stage);
      await page.getByText('More').first().click();
      await page.getByText('What was done to this user:').waitFor();
    },
  },
  { name: 'audit-empty', play: screen('audit?action=user.deleted') },
  {
    name: 'audit-wrong-filter',
    play: async (page, stage) => {
      await screen('audit')(page, stage);
      await page.getByLabel('Done by').fill('Ada');
      await submit(page);
      await page.locator('.field.wrong').waitFor();
    },
  },
  {
    name: 'audit-failed',
    play: async (page, stage) => {
      await answer(page, '/audit-events?*', 503, { slug: 'database-unavailable' });
      await answer(page, '/audit-chain', 503, { slug: 'database-unavailable' });
      await screen('audit')(page, stage);
      await page.getByRole('button', { name: 'Try again' }).first().waitFor();
    },
  },
  {
    name: 'audit-export',
    play: async (page, stage) => {
      await giveEvents(page);
      await screen('audit')(page, stage);
      // The first page of the file is there, and the second one does not come.
      await page.unroute('**/audit-events?*');
      await page.route('**/audit-events?*', (route) =>
        route.request().url().includes('cursor')
          ? undefined
          : route.fulfill({ json: { events, nextCursor: 'cursor' } }),
      );
      await page.getByRole('button', { name: 'Export what is shown' }).click();
      await page.getByText('8 events so far').waitFor();
    },
  },
  {
    name: 'audit-export-waits',
    play: async (page, stage) => {
      await screen('audit')(page, stage);
      await answer(page, '/audit-events?*', 429, { slug: 'too-many-requests' }, { 'retry-after': '60' });
      await page.getByRole('button', { name: 'Export what is shown' }).click();
      await page.getByText('asks to wait').waitFor();
    },
  },
  {
    name: 'audit-export-failed',
    play: async (page, stage) => {
      await screen('audit')(page, stage);
      await answer(page, '/audit-events?*', 503, { slug: 'database-unavailable' });
      await page.getByRole('button', { name: 'Export what is shown' }).click();
      await page.getByRole('button', { name: 'Go on' }).waitFor();
    },
  },
];
