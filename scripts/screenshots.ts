/**
 * `npm run screenshots [-- FILTER]`: writes a picture of every page, light, dark and on a phone, into
 * build/screenshots. The tests of the pages use the same scenes.
 */
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { BrowserContextOptions } from 'playwright-core';
import { accountScenes } from '../test/pages/account-scenes.ts';
import { consoleScenes } from '../test/pages/console/scenes.ts';
import { passkeyScenes } from '../test/pages/passkey-scenes.ts';
import { scenes } from '../test/pages/scenes.ts';
import { startPages } from '../test/pages/stage.ts';

const target = resolve(import.meta.dirname, '../build/screenshots');
const filter = process.argv[2] ?? '';

const looks: Readonly<Record<string, BrowserContextOptions>> = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  phone: {
    colorScheme: 'light',
    viewport: { width: 360, height: 740 },
    deviceScaleFactor: 2,
    hasTouch: true,
  },
};

const ends: (() => unknown)[] = [];
const scope = { teardown: (work: () => unknown) => void ends.push(work) };
try {
  await mkdir(target, { recursive: true });
  const stage = await startPages(scope);
  for (const { name, play } of [...scenes, ...accountScenes, ...passkeyScenes, ...consoleScenes].filter(
    ({ name }) => name.includes(filter),
  ))
    for (const [look, options] of Object.entries(looks)) {
      const page = await stage.newPage(scope, options);
      await play(page, stage);
      await page.screenshot({ path: resolve(target, `${name}-${look}.png`), fullPage: true });
      await page.context().close();
    }
} finally {
  for (const end of ends.reverse()) await end();
}
process.stderr.write(`Written to ${target}\n`);
