import type { Page } from 'playwright-core';
import type { Scene } from '../scenes.ts';
import { screen } from './screen.ts';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const invitation = (index: number, more: object) => ({
  id: `01890a5d-ac96-774b-bcce-b302099a90${String(index).padStart(2, '0')}`,
  email: `person-${index}@example.com`,
  name: null,
  access: 1,
  accessName: 'user',
  inviterId: ID,
  createdAt: '2026-11-20T12:00:00.000Z',
  expiresAt: '2099-01-31T12:00:00.000Z',
  ...more,
});
const INVITATIONS = [
  invitation(0, { name: 'Grace Hopper', access: 2, accessName: 'admin' }),
  invitation(1, { name: '"><img src=x onerror=alert(1)>', expiresAt: '2026-01-31T12:00:00.000Z' }),
  invitation(2, {
    name: '\u{1f511}'.repeat(100),
    email: 'a.person.with.a.rather.long.address.of.mine@subdomain.example.com',
  }),
  invitation(3, { inviterId: '01890a5d-ac96-774b-bcce-b302099a8058' }),
];

/** Answers the requests for the invitations, and for who has invited. */
async function give(page: Page, invitations: readonly object[]): Promise<void> {
  await page.route(/:\d+\/invitations\?/, (route) =>
    route.fulfill({ json: { invitations, nextCursor: null } }),
  );
  await page.route(/:\d+\/users\/[\w-]+$/, (route) =>
    route.request().url().endsWith(ID)
      ? route.fulfill({ json: { id: ID, name: 'Ada Lovelace', access: 2, accessName: 'admin' } })
      : route.fulfill({ status: 404, json: { slug: 'user-not-found', status: 404 } }),
  );
}

/** Changes what the service says of itself. */
async function change(page: Page, path: RegExp, to: (body: { settings?: object }) => object): Promise<void> {
  await page.route(path, async (route) => {
    if (route.request().resourceType() !== 'fetch') return route.continue();
    await route.fulfill({ json: to(await (await route.fetch()).json()) });
  });
}

async function open(page: Page, stage: Parameters<Scene['play']>[1]): Promise<void> {
  await give(page, INVITATIONS);
  await screen('invitations')(page, stage);
  await page.getByRole('button', { name: 'Take back' }).first().waitFor();
}

export const invitationsScenes: readonly Scene[] = [
  { name: 'invitations', play: open },
  {
    name: 'invitations-none',
    play: async (page, stage) => {
      await give(page, []);
      await screen('invitations')(page, stage);
      await page.getByText('No invitation is open.').waitFor();
    },
  },
  {
    name: 'invitations-waiting',
    play: async (page, stage) => {
      await change(page, /\/control-panel$/, (body) => ({ ...body, undeliveredMails: 3 }));
      await open(page, stage);
      await page.getByText('3 mails of this service wait').waitFor();
    },
  },
  {
    name: 'invitations-no-mail',
    play: async (page, stage) => {
      await change(page, /:\d+\/$/, (body) => ({ ...body, settings: { ...body.settings, mail: false } }));
      await open(page, stage);
      await page.getByText('This service sends no mails.').waitFor();
    },
  },
  {
    name: 'invitations-take-back',
    play: async (page, stage) => {
      await open(page, stage);
      await page.getByRole('button', { name: 'Take back the invitation of person-0' }).click();
      await page.getByRole('button', { name: 'Take it back' }).waitFor();
    },
  },
  {
    name: 'invitations-taken-back',
    play: async (page, stage) => {
      await open(page, stage);
      await page.route(/\/invitations\/[\w-]+$/, (route) => route.fulfill({ status: 204 }));
      await page.getByRole('button', { name: 'Take back the invitation of person-0' }).click();
      await page.getByRole('button', { name: 'Take it back' }).click();
      await page.getByRole('link', { name: 'Invite again' }).waitFor();
    },
  },
  {
    name: 'invitations-invite',
    play: async (page, stage) => {
      await screen('invite')(page, stage);
      await page.getByLabel('Level').waitFor();
    },
  },
];
