import type { Page } from 'playwright-core';
import { until } from '../until.ts';

/**
 * Reads a property of the element with the focus. The focus moves after the page was painted: a value that
 * is expected is waited for.
 *
 * @param expression what is read, such as `name` or `getAttribute("role")`
 */
export async function focus(page: Page, expression: string, expected: string | RegExp): Promise<string> {
  const read = async () => String(await page.evaluate(`document.activeElement.${expression}`));
  const isSo = (text: string) => (typeof expected === 'string' ? text === expected : expected.test(text));
  await until(async () => isSo(await read()), 15).catch(() => {});
  return read();
}
