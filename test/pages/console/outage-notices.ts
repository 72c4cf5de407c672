import type { Locator, Page } from 'playwright-core';

/** The banner above all pages while the service or the network is away. */
export const banner = (page: Page): Locator => page.locator('.banner .notice');

/** The notice beside data that could not be loaded again. */
export const stale = (page: Page): Locator => page.getByText('This may be out of date');
