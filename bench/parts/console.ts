/** The list of users in a real browser with a million users: its first page, and a search. */
import type { Page } from 'playwright-core';
import { migrate } from '#latchkey/db/migrations/migrate.ts';
import { temporaryFolder } from '../../test/child.ts';
import { signIn } from '../../test/pages/scenes.ts';
import { startPages, startService } from '../../test/pages/stage.ts';
import { seedUsers } from '../seed-users.ts';
import { type Databases, onEach } from '../tools/databases.ts';
import { type Effort, type Figure, type Part, toFigure } from '../tools/figures.ts';

const MANY = 1_000_000;
/** With --short. */
const FEWER = 100_000;
/** Measurements of each view, after some to warm up. */
const ATTEMPTS = 21;
const WARM_UP_ATTEMPTS = 3;

export const consoleList: Part = {
  name: 'console',
  title: 'The list of users in the browser: until it is shown, and the request alone',
  measure: (effort) => onEach((databases) => measure(databases, effort)),
};

/** Milliseconds of one view. */
interface Times {
  /** From the click, or the last letter, until the rows are there. */
  readonly shown: number;
  /** Of that, the request to the API. */
  readonly request: number;
}

async function measure({ name, create }: Databases, { isShort, say }: Effort): Promise<Figure[]> {
  const ends: (() => unknown)[] = [];
  const scope = { teardown: (work: () => unknown) => void ends.push(work) };
  try {
    const variables = { DATABASE_URL: await create('console'), DATA_DIR: await temporaryFolder(scope) };
    await migrate(variables.DATABASE_URL);
    // The admin is made while there is no other one.
    const stage = await startPages(scope, variables);
    await stage.service.stop();
    const count = isShort ? FEWER : MANY;
    const began = performance.now();
    await seedUsers(variables.DATABASE_URL, count);
    say(`${name}: ${count} users after ${Math.round((performance.now() - began) / 1000)} s`);
    await startService(scope, stage, variables);
    const page = await stage.newPage(scope);
    await signIn(page, stage);
    await page.locator('.console-nav').waitFor();
    const figures: Figure[] = [];
    for (const [view, show] of Object.entries({ 'first page': openList, search })) {
      figures.push(
        ...(await measureView(`${name}, ${count.toLocaleString('en')} users: ${view}`, page, show)),
      );
      for (const { name, median } of figures.slice(-2)) say(`${name}: ${median.toFixed(1)} ms`);
    }
    return figures;
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

async function measureView(
  name: string,
  page: Page,
  view: (page: Page, n: number) => Promise<Times>,
): Promise<Figure[]> {
  const times: Times[] = [];
  for (let n = -WARM_UP_ATTEMPTS; n < ATTEMPTS; n++) {
    const taken = await view(page, n + WARM_UP_ATTEMPTS);
    if (n >= 0) times.push(taken);
  }
  return [
    toFigure(
      `${name}, shown`,
      times.map(({ shown }) => shown),
      'ms',
    ),
    toFigure(
      `${name}, its request`,
      times.map(({ request }) => request),
      'ms',
    ),
  ];
}

/** Leaves the list and opens it again. */
async function openList(page: Page): Promise<Times> {
  await page.locator('.console-nav').getByRole('link', { name: 'Your account' }).click();
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
  return timed(
    page,
    `[...document.querySelectorAll('.console-nav a')].find((a) => a.textContent === 'Users').click()`,
    '',
  );
}

const NAMES = ['ada', 'grace', 'hedy', 'joan'];

/** Searches for the beginning of a name. The time has the quarter of a second in which more may be typed. */
async function search(page: Page, n: number): Promise<Times> {
  const name = NAMES[n % NAMES.length] ?? '';
  const type = `const field = document.querySelector('input[type=search]');
    field.value = '${name}';
    field.dispatchEvent(new Event('input', { bubbles: true }));`;
  return timed(page, type, name);
}

/** Does something in the page, and waits until the first row begins with a text. */
function timed(page: Page, action: string, text: string): Promise<Times> {
  return page.evaluate<Times>(`new Promise((done) => {
    performance.clearResourceTimings();
    const began = performance.now();
    ${action}
    const look = () => {
      const name = document.querySelector('.table tbody tr td[data-title=Name]')?.textContent.toLowerCase() ?? '';
      const [request] = performance.getEntriesByType('resource').filter((one) => /\\/users\\?/.test(one.name));
      if (request === undefined || name === '' || !name.startsWith('${text}')) return requestAnimationFrame(look);
      done({ shown: performance.now() - began, request: request.duration });
    };
    look();
  })`);
}
