import type { Page } from 'playwright-core';
import { answer, type Scene } from '../scenes.ts';
import { banner, stale } from './outage-notices.ts';
import { screen } from './screen.ts';

const UNTIL = new Date(Date.now() + 5_400_000).toISOString();
const NAMES = ['Grace Hopper', '"><img src=x onerror=alert(1)>', 'W'.repeat(100)];
const USERS = NAMES.map((name, index) => ({
  id: `01890a5d-ac96-774b-bcce-b302099a80${String(index).padStart(2, '0')}`,
  kind: 'person',
  name,
  email: `person-${index}@example.com`,
  access: 2,
  accessName: 'admin',
  permanentAccess: 1,
  accessUntil: UNTIL,
  disabled: false,
  secondFactor: true,
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.000Z',
}));
const REASONS = ['on call this week', null, '\u{1f511}'.repeat(100)];

/** Answers the requests for who is elevated, and why. */
async function give(page: Page, users: readonly object[]): Promise<void> {
  await page.route(/:\d+\/users\?elevated/, (route) => route.fulfill({ json: { users, nextCursor: null } }));
  await page.route(/:\d+\/users\/[\w-]+$/, (route) => route.fulfill({ json: USERS[0] }));
  await page.route(/:\d+\/audit-events\?/, (route) => {
    const index = USERS.findIndex(({ id }) => route.request().url().includes(id));
    const event = { actorId: index === 1 ? null : USERS[0]?.id, reason: REASONS[index] ?? null };
    const events = [{ ...event, after: { access: 2, accessUntil: UNTIL } }];
    return route.fulfill({ json: { events, nextCursor: null } });
  });
}

async function open(page: Page, stage: Parameters<Scene['play']>[1]): Promise<void> {
  await give(page, USERS);
  await screen('elevated')(page, stage);
  await page.getByText('on call this week').waitFor();
}

export const elevatedScenes: readonly Scene[] = [
  { name: 'elevated', play: open },
  {
    name: 'elevated-none',
    play: async (page, stage) => {
      await give(page, []);
      await screen('elevated')(page, stage);
      await page.getByText('No one has a higher level').waitFor();
    },
  },
  {
    name: 'elevated-stale',
    play: async (page, stage) => {
      await open(page, stage);
      await page.route(/:\d+\/users\?elevated/, (route) => route.abort());
      await stale(page).waitFor();
    },
  },
  {
    name: 'elevated-outage',
    play: async (page, stage) => {
      await open(page, stage);
      // Each page looks with HEAD whether the service is there.
      await page.route('**/me/permissions', (route) =>
        route.request().method() === 'HEAD' ? route.fulfill({ status: 503 }) : route.fallback(),
      );
      await answer(page, '/users?elevated*', 503, { slug: 'database-unavailable' });
      await page.waitForResponse((response) => response.url().includes('/users?elevated'));
      await banner(page).getByText('The service is out of reach').waitFor();
    },
  },
  {
    name: 'elevated-end',
    play: async (page, stage) => {
      await open(page, stage);
      await page.getByRole('button', { name: 'End now: Grace Hopper' }).click();
      await page.getByRole('button', { name: 'End it now' }).waitFor();
    },
  },
  {
    name: 'elevated-changed',
    play: async (page, stage) => {
      await open(page, stage);
      await page.route(/:\d+\/users\/[\w-]+$/, (route) =>
        route.fulfill({ json: { ...USERS[0], accessUntil: '2027-12-31T12:00:00.000Z' } }),
      );
      await page.getByRole('button', { name: 'End now: Grace Hopper' }).click();
      await page.getByRole('button', { name: 'End it now' }).click();
      await page.getByText('You saw').waitFor();
    },
  },
];
