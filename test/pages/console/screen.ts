import type { Page } from 'playwright-core';
import { until } from '../../until.ts';
import { type Scene, signIn } from '../scenes.ts';

/** Answers as the service does in a session of a lower level, whose operations stay those of the account. */
export async function capSession(page: Page, access: number): Promise<void> {
  await page.route('**/me/permissions', async (route) => {
    if (route.request().method() !== 'GET') return route.continue();
    await route.fulfill({ json: { ...(await (await route.fetch()).json()), access } });
  });
}

/** Makes the tag of a user weak, as a proxy does that compresses. */
export async function weakenTag(page: Page, id: string): Promise<void> {
  await page.route(new RegExp(`:\\d+/users/${id}$`), async (route) => {
    if (route.request().method() !== 'GET') return route.continue();
    const response = await route.fetch();
    const { etag, ...headers } = response.headers();
    await route.fulfill({ response, headers: { ...headers, etag: `W/${etag}` } });
  });
}

/** Signs in as the admin of the stage and opens a screen of the console. */
export function screen(path: string): Scene['play'] {
  return async (page, stage) => {
    await signIn(page, stage);
    await page.getByRole('heading', { name: 'Your account' }).waitFor();
    await page.goto(`${stage.url}/${path}`);
    await page.locator('.console-nav').waitFor();
    // A screen may load several things.
    await until(async () => (await page.locator('.loading').count()) === 0);
  };
}
