import type { Page } from 'playwright-core';
import { account } from '../account-scenes.ts';
import { answer, type Scene } from '../scenes.ts';
import { screen } from './screen.ts';

const finding = (check: string, level: string, text: string, advice: string | null = null) => ({
  check,
  level,
  text,
  advice,
});

const FINDINGS = [
  finding('public URL', 'ok', 'https://accounts.example.com'),
  finding('backup', 'warning', 'The last backup was made 40 days ago.', 'Run latchkey backup each night.'),
  finding('clock', 'ok', 'The clocks of the process and the database agree.'),
  finding(
    'second factor',
    'error',
    'Two admins have no second factor, and there is no mail server: whoever knows a password may enrol first.',
    'Let them enrol.',
  ),
];

/** Changes the answer of the service on its way. */
async function change(page: Page, members: object): Promise<void> {
  await page.route(
    ({ pathname }) => pathname === '/settings',
    async (route) => {
      const json = await (await route.fetch()).json();
      await route.fulfill({ json: { ...json, ...members } });
    },
  );
}

export const settingsScenes: readonly Scene[] = [
  { name: 'settings', play: screen('settings') },
  {
    name: 'settings-findings',
    play: async (page, stage) => {
      await change(page, { findings: FINDINGS });
      await screen('settings?q=token')(page, stage);
      await page.getByText('2 checks found nothing wrong').click();
    },
  },
  {
    name: 'settings-well',
    play: async (page, stage) => {
      await change(page, { findings: FINDINGS.filter(({ level }) => level === 'ok') });
      await screen('settings?set=true&q=nothing')(page, stage);
      await page.getByText('No variable is like this.').waitFor();
    },
  },
  {
    name: 'settings-failed',
    play: async (page, stage) => {
      await account('access')(page, stage);
      await answer(page, '/settings', 503, { slug: 'database-unavailable' });
      await page.getByRole('link', { name: 'Settings' }).click();
      await page.getByRole('button', { name: 'Try again' }).waitFor();
    },
  },
];
