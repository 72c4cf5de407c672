/** Starts the real service with its pages, a mail server and a browser. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { startChromium } from '../browser/chromium.ts';
import { type Service, serve, temporaryFolder, type Variables } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD, type Teardown } from '../helper.ts';
import { type MailServer, startMailServer, tokenIn } from '../mail-server.ts';
import { freePort } from '../postgres-server.ts';
import { noteSecret } from '../secret-log.ts';
import type { Stage } from './scenes.ts';

export interface PagesStage extends Stage {
  readonly service: Service;
  readonly mails: MailServer;
  readonly port: number;
  readonly browser: Browser;
  /** Opens a window of a person who has not been here before. It ends with the test. */
  newPage(t: Reported, options?: BrowserContextOptions): Promise<Page>;
}

/** The members of a `t` that a window needs. Only those of tests tell whether something failed. */
interface Reported extends Teardown {
  readonly name?: string;
  passing?(): boolean;
}

/** Milliseconds in which a page has to show what a test waits for. */
const TIMEOUT_MS = 15_000;

/** The account of a stage, which is an admin. */
const ADMIN = 'ada@example.com';

/** Starts a service, which `variables` may change, with one admin. */
export async function startPages(t: Teardown, variables: Variables = {}): Promise<PagesStage> {
  const mails = await startMailServer(t);
  // Links in mails have the port.
  const port = await freePort();
  const service = await startService(
    t,
    { mails, port },
    {
      DATABASE_URL: (await createMigratedDatabase(t)).url,
      DATA_DIR: await temporaryFolder(t),
      ...variables,
    },
  );
  const browser = await startChromium(t);
  let count = 0;
  return {
    url: `${service.url}/ui`,
    port,
    email: ADMIN,
    service,
    mails,
    browser,
    registrationToken: async () => {
      const email = `person-${count++}@example.com`;
      await service.ask('POST', '/register', { body: { name: 'Grace', email, password: PASSWORD } });
      const [mail] = await mails.waitFor(email);
      if (mail === undefined) throw new Error('No mail');
      const token = tokenIn(mail);
      noteSecret(token);
      return token;
    },
    newPage: async (t, options) => {
      const context = await browser.newContext({ locale: 'en-GB', ...options });
      context.setDefaultTimeout(TIMEOUT_MS);
      const page = await context.newPage();
      t.teardown(async () => {
        if (t.passing?.() === false) await printText(page, t.name);
        await context.close();
      });
      return page;
    },
  };
}

/** Starts the service of a stage, for the first time or again. */
export function startService(
  t: Teardown,
  { mails, port }: Pick<PagesStage, 'mails' | 'port'>,
  variables: Variables,
): Promise<Service> {
  return serve(t, {
    PORT: String(port),
    SMTP_URL: mails.url,
    RATE_LIMIT: '0',
    ADMIN_EMAIL: ADMIN,
    ADMIN_PASSWORD: PASSWORD,
    ...variables,
  });
}

/** Prints what a window showed when its test failed: it may not fail again when it is looked at. */
async function printText(page: Page, name = ''): Promise<void> {
  const text = await page.evaluate<string>('document.body.innerText').catch(() => '(closed)');
  console.error(`${name}: ${page.url()}\n${text}\n`);
}
