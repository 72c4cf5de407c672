/**
 * Looks at pages: axe finds nothing, nothing is cut off at 320 px, the policy is never broken, and nothing is
 * kept in the browser or asked of another site.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import type { Test } from 'tap';
import type { Scene } from './scenes.ts';
import { startPages } from './stage.ts';

const SIZES = [
  { width: 320, height: 640 },
  { width: 1280, height: 800 },
];
const SCHEMES = ['light', 'dark'] as const;

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Runs axe. @returns a line for each finding */
async function findBarriers(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`,
  );
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`));
}

/** Makes a test of each scene. @param t the tests of the file */
export async function lookAt(t: Pick<Test, 'test' | 'teardown'>, scenes: readonly Scene[]): Promise<void> {
  const stage = await startPages(t);
  for (const { name, play } of scenes)
    t.test(name, async (t) => {
      const page = await stage.newPage(t, { viewport: SIZES[0]!, reducedMotion: 'reduce' });
      const errors: string[] = [];
      const others: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      page.on('console', (message) => {
        // Chromium reports each answer that is no success, and each request without a network.
        if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
          errors.push(message.text());
      });
      page.on('request', (request) => {
        if (!request.url().startsWith(`${stage.service.url}/`)) others.push(request.url());
      });
      await play(page, stage);
      await page.evaluate(axe);
      for (const size of SIZES)
        for (const colorScheme of SCHEMES) {
          await page.setViewportSize(size);
          await page.emulateMedia({ colorScheme });
          // The colours change with the next frame after the media query does.
          await page.waitForFunction(`matchMedia('(prefers-color-scheme: ${colorScheme})').matches`);
          await page.evaluate(
            'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
          );
          t.strictSame(await findBarriers(page), [], `${size.width} px, ${colorScheme}`);
          const width = await page.evaluate<number>('document.documentElement.scrollWidth');
          t.ok(width <= size.width, `nothing is wider than ${size.width} px`);
        }
      t.strictSame(errors, [], 'no script fails, and nothing breaks the policy');
      t.strictSame(others, [], 'no other site is asked for anything');
      const kept = await page.evaluate<string[]>(
        '[...Object.keys(localStorage), ...Object.keys(sessionStorage), document.cookie].filter(Boolean)',
      );
      t.strictSame(kept, [], 'nothing is kept where scripts can read it');
    });
}
