import type { Scene } from '../scenes.ts';
import { screen } from './screen.ts';

export const routesScenes: readonly Scene[] = [
  { name: 'routes', play: screen('routes') },
  { name: 'routes-of-a-level', play: screen('routes?level=1&q=users') },
  { name: 'routes-empty', play: screen('routes?q=no%20such%20operation') },
  {
    name: 'routes-failed',
    play: async (page, stage) => {
      await screen('users')(page, stage);
      // What the reader may do is known by now, and the screen asks again.
      await page.route('**/me/permissions', (route) =>
        route.request().method() === 'GET' ? route.abort() : route.continue(),
      );
      await page.locator('.console-nav').getByRole('link', { name: 'Routes' }).click();
      await page.getByRole('button', { name: 'Try again' }).waitFor();
    },
  },
];
