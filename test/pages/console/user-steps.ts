/** The page of a user, for the tests that walk through it. */
import type { Locator, Page } from 'playwright-core';
import type { Test } from 'tap';
import { startPages } from '../stage.ts';
import { ask, type Someone, tokenOf } from './people.ts';
import { screen } from './screen.ts';

export const button = (page: Page | Locator, name: string | RegExp) =>
  page.getByRole('button', { name, ...(typeof name === 'string' && { exact: true }) });
export const notice = (page: Page, text: string) => page.locator('.notice').getByText(text).waitFor();
export const dialog = (page: Page) => page.locator('dialog.dialog');
export const part = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
/** The cells of the row of a table that begins with a text. */
export const row = (page: Page, text: string) =>
  dialog(page).locator('tbody tr').filter({ hasText: text }).locator('td').allInnerTexts();
/** Starts a service with one admin, and opens pages of it. */
export async function startUserPages(t: Test) {
  const stage = await startPages(t);
  const token = await tokenOf(stage, stage.email);
  return {
    stage,
    token,
    /** Reads a user as the API tells admins. */
    read: ({ id }: Pick<Someone, 'id'>) => ask(stage, 'GET', `/users/${id}`, { token }),
    /** Changes a user, as another admin does. */
    change: ({ id }: Pick<Someone, 'id'>, body: object) =>
      ask(stage, 'PATCH', `/users/${id}`, { token, body }),
    /** Opens the page of a user in a window of its own. */
    opened: async (t: Test, { id }: Pick<Someone, 'id'>, email = stage.email) => {
      const page = await stage.newPage(t, { timezoneId: 'Asia/Tokyo' });
      await screen(`users/${id}`)(page, { ...stage, email });
      await page.locator('.user-name').waitFor();
      return page;
    },
  };
}
