import type { Page } from 'playwright-core';
import { answer, type Scene } from '../scenes.ts';
import { screen } from './screen.ts';

const NAMES = [
  'Ada Lovelace',
  'Grace Hopper',
  '"><img src=x onerror=alert(1)>',
  '\u05d0\u05d1\u05d2 <b>\u0627\u0628\u062c</b> \u202egpj.exe',
  '\u{1f511}'.repeat(100),
  'W'.repeat(100),
  'Katherine Johnson',
];

/** A user as admins see one. */
function user(name: string, index: number, more: object = {}) {
  return {
    id: `01890a5d-ac96-774b-bcce-b302099a80${String(index).padStart(2, '0')}`,
    kind: 'person',
    name,
    email: `${index === 4 ? 'a.person.with.a.rather.long.address.of.mine' : `person-${index}`}@subdomain.example.com`,
    access: 1,
    accessName: 'user',
    permanentAccess: 1,
    accessUntil: null,
    disabled: false,
    secondFactor: index % 3 === 0,
    createdAt: `2026-01-${String(index + 10)}T12:00:00.000Z`,
    updatedAt: '2026-01-31T12:00:00.000Z',
    ...more,
  };
}

const USERS = NAMES.map((name, index) =>
  user(name, index, {
    ...(index === 0 && { access: 2, accessName: 'admin', permanentAccess: 2 }),
    ...(index === 1 && { access: 2, accessName: 'admin', accessUntil: '2027-01-31T12:00:00.000Z' }),
    ...(index === 5 && { disabled: true }),
  }),
);

/** The requests for lists: the address of the page ends like theirs. */
const LIST = /:\d+\/users\?/;

/** Answers the requests for lists of users. */
async function give(page: Page, users: readonly object[], nextCursor: string | null = null): Promise<void> {
  await page.route(LIST, (route) => route.fulfill({ json: { users, nextCursor } }));
}

/** Opens the list, and chooses some people for an action. */
async function choose(page: Page, action: string): Promise<void> {
  for (const name of ['Ada Lovelace', 'Grace Hopper', 'Katherine Johnson'])
    await page.getByLabel(`Choose ${name}`).check();
  await page.getByRole('button', { name: action, exact: true }).click();
  await page.getByRole('dialog').locator('h2').waitFor();
  await page.getByRole('dialog').locator('.loading').waitFor({ state: 'detached' });
}

export const usersScenes: readonly Scene[] = [
  {
    name: 'users',
    play: async (page, stage) => {
      await give(page, USERS, 'next');
      await screen('users')(page, stage);
    },
  },
  {
    name: 'users-empty',
    play: async (page, stage) => {
      await give(page, []);
      await screen('users?q=nobody')(page, stage);
      await page.getByText('No person is like that.').waitFor();
    },
  },
  {
    name: 'users-failed',
    play: async (page, stage) => {
      await page.route(LIST, (route) =>
        route.fulfill({
          status: 503,
          contentType: 'application/problem+json',
          body: JSON.stringify({ slug: 'database-unavailable', status: 503 }),
        }),
      );
      await screen('users')(page, stage);
      await page.getByRole('button', { name: 'Try again' }).waitFor();
    },
  },
  {
    name: 'users-few-columns',
    play: async (page, stage) => {
      await page.route('**/me/permissions', async (route) => {
        if (route.request().method() !== 'GET') return route.continue();
        const json = await (await route.fetch()).json();
        const permissions = json.permissions.map((one: { minimum: number | null }) => ({
          ...one,
          allowed: (one.minimum ?? 0) <= 1,
        }));
        await route.fulfill({ json: { ...json, access: 1, permissions } });
      });
      await give(page, USERS);
      await screen('users')(page, stage);
    },
  },
  {
    name: 'users-chosen',
    play: async (page, stage) => {
      await give(page, USERS);
      await screen('users')(page, stage);
      await page.getByLabel('Choose Ada Lovelace').check();
      await page.getByLabel('Choose Grace Hopper').check();
      // The row below the pointer is another one at each size, and its colours come late.
      await page.mouse.move(0, 0);
    },
  },
  {
    name: 'users-level',
    play: async (page, stage) => {
      await give(page, USERS);
      await screen('users')(page, stage);
      await choose(page, 'Change level');
      await page.getByLabel('How long').selectOption('until');
    },
  },
  {
    name: 'users-results',
    play: async (page, stage) => {
      await give(page, USERS);
      await screen('users')(page, stage);
      await choose(page, 'End sessions');
      for (const [index, slug, status] of [
        [0, 'access-denied', 403],
        [1, 'user-not-found', 404],
      ] as const)
        await answer(page, `/users/${USERS[index]?.id}/sessions`, status, { slug });
      await page.route(`**/users/${USERS[6]?.id}/sessions`, (route) => route.fulfill({ status: 204 }));
      await page.getByRole('dialog').locator('button[type=submit]').click();
      await page.getByRole('button', { name: 'Try the 2 that are left' }).waitFor();
    },
  },
];
