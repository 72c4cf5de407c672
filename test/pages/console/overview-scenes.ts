import type { Page } from 'playwright-core';
import { answer, type Scene } from '../scenes.ts';
import { HOSTILE, LONG_NAME } from './hostile.ts';
import { screen } from './screen.ts';

const HOUR_MS = 3_600_000;
const now = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;

/** A busy service, with people of many names. */
const busy = {
  users: {
    total: 12_345,
    byAccess: [
      { access: 0, accessName: 'guest', count: 12 },
      { access: 1, accessName: 'user', count: 12_300 },
      { access: 2, accessName: 'admin', count: 33 },
    ],
    disabled: 7,
    newest: [HOSTILE, LONG_NAME, 'Ada Lovelace'].map((name, index) => ({
      id: `01890a5d-ac96-774b-bcce-b302099a805${index}`,
      kind: 'person',
      name,
      email: `${'a.rather.long.address'.repeat(index + 1)}@example.com`,
      access: 1,
      accessName: 'user',
      permanentAccess: 1,
      accessUntil: null,
      disabled: false,
      secondFactor: false,
      createdAt: '2026-01-31T12:00:00.000Z',
      updatedAt: '2026-01-31T12:00:00.000Z',
    })),
  },
  signIns: Array.from({ length: 24 }, (_, index) => ({
    hour: new Date(now - (23 - index) * HOUR_MS).toISOString(),
    succeeded: Math.round(60 + 55 * Math.sin(index / 3)),
    failed: index % 7 === 0 ? index + 1 : index % 3,
    denied: index === 17 ? 240 : 0,
  })),
  activeSessions: 4_711,
  activeSessionsAsOf: '2026-01-31T12:00:00.000Z',
  pendingRegistrations: 3,
  pendingInvitations: 5,
  undeliveredMails: 2,
  withoutSecondFactor: 4,
  version: '0.2.0',
  uptime: 300_000,
  database: 'postgresql',
};

/** Answers in the place of the service. */
async function give(page: Page, path: string, json: object): Promise<void> {
  await page.route(`**${path}`, (route) => route.fulfill({ json }));
}

const notReady = (page: Page) =>
  answer(page, '/health/ready', 503, { slug: 'database-unavailable', title: 'Database unavailable' });

export const overviewScenes: readonly Scene[] = [
  { name: 'overview', play: screen('overview') },
  {
    name: 'overview-busy',
    play: async (page, stage) => {
      await give(page, '/control-panel', busy);
      await screen('overview')(page, stage);
      await page.getByText('What to do').click();
      await page.getByText('Show the numbers').click();
    },
  },
  {
    name: 'overview-stale',
    play: async (page, stage) => {
      await page.clock.install();
      await screen('overview')(page, stage);
      await page.getByText('Ready').waitFor();
      await notReady(page);
      await answer(page, '/control-panel', 503, { slug: 'database-unavailable' });
      await page.clock.runFor(16_000);
      await page.getByText('This may be out of date.').waitFor();
      await page.getByText('Not ready').waitFor();
    },
  },
  {
    name: 'overview-failed',
    play: async (page, stage) => {
      await notReady(page);
      await answer(page, '/control-panel', 503, { slug: 'database-unavailable' });
      await screen('overview')(page, stage);
      await page.getByRole('button', { name: 'Try again' }).waitFor();
      await page.getByText('Not ready').waitFor();
    },
  },
];
