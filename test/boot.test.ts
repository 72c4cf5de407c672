/**
 * Tests the effect of a boot on a database: the admin of ADMIN_EMAIL and the access levels. The first boot
 * and the first failure of each kind run in a process; the others, which differ in a value, run in this
 * process.
 */
import t, { type Test } from 'tap';
import { explain } from '#latchkey/cli/explain.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { type Ended, latchkey, type Service, serve, temporaryFolder, type Variables } from './child.ts';
import { createMigratedDatabase } from './database.ts';
import { type Api, PASSWORD, PUBLIC_URL, startApi, type Teardown } from './helper.ts';

const admin = { ADMIN_EMAIL: 'boss@example.com', ADMIN_PASSWORD: 'a password of the very first' };
const credentials = { email: admin.ADMIN_EMAIL, password: admin.ADMIN_PASSWORD };

async function variablesFor(t: Teardown): Promise<Variables & { DATABASE_URL: string }> {
  const { url } = await createMigratedDatabase(t);
  return { DATA_DIR: await temporaryFolder(t), DATABASE_URL: url, PUBLIC_URL };
}

/** Lists all users of a database, oldest first. */
async function usersOf(url: string) {
  const database = openDatabase(url);
  try {
    return await database.db.user.findMany({
      orderBy: { id: 'asc' },
      select: { id: true, email: true, access: true },
    });
  } finally {
    await database.close();
  }
}

/** A boot that should fail but does not is ended by the time limit of the test. */
const boot = (variables: Variables) =>
  latchkey(['serve'], { variables: { PORT: '0', ...variables }, isRefused: true });

function refusedInOneLine(t: Test, { code, stdout, stderr }: Ended, expected: RegExp): void {
  t.equal(code, 1);
  t.match(stderr, /^latchkey: [^\n]+\n$/);
  t.match(stderr, expected);
  t.notMatch(stdout, 'listens on');
}

/**
 * Returns the message that a process would print for a boot that fails. Here the boot runs in this process.
 */
async function refusal(t: Teardown, variables: Variables): Promise<string> {
  try {
    await startApi(t, variables);
  } catch (error) {
    return explain(error);
  }
  throw new Error('It was not refused');
}

async function accessOf({ ask }: Pick<Service | Api, 'ask'>): Promise<number> {
  const { body } = await ask('POST', '/login', { body: credentials });
  return (await ask('GET', '/me', { token: body.accessToken })).body.access;
}

t.test(
  'Several concurrent boots create one admin of ADMIN_EMAIL, and the next boot creates none',
  async (t) => {
    const variables = { ...(await variablesFor(t)), ...admin, LOG_LEVEL: 'trace' };
    const first = await Promise.all([1, 2, 3].map(() => serve(t, variables)));
    const users = await usersOf(variables.DATABASE_URL);
    t.match(users, [{ email: credentials.email, access: 2 }]);
    for (const service of first) t.equal(await accessOf(service), 2);
    const ended = await Promise.all(first.map(({ stop }) => stop()));
    t.equal(ended.filter(({ stdout }) => stdout.includes('The admin of ADMIN_EMAIL was created')).length, 1);

    const second = await serve(t, variables);
    t.equal(await accessOf(second), 2);
    t.notMatch((await second.stop()).stdout, 'was created');
    t.strictSame(await usersOf(variables.DATABASE_URL), users);

    const changed = { ADMIN_PASSWORD: 'another password than before', ADMIN_EMAIL: 'other@example.com' };
    for (const change of [changed, { ADMIN_PASSWORD: changed.ADMIN_PASSWORD }]) {
      const again = await startApi(t, { ...variables, ...change, LOG_LEVEL: 'silent' });
      t.equal(await accessOf(again), 2, 'with the password of the first boot');
      t.strictSame(await usersOf(variables.DATABASE_URL), users);
    }
  },
);

t.test('ADMIN_EMAIL may not be the address of a registered user', async (t) => {
  const variables = await variablesFor(t);
  const { ask } = await startApi(t, variables);
  await ask('POST', '/register', { body: { ...credentials, name: 'Mallory', password: PASSWORD } });
  const users = await usersOf(variables.DATABASE_URL);
  refusedInOneLine(
    t,
    await boot({ ...variables, ...admin }),
    /^latchkey: ADMIN_EMAIL already has an account/,
  );
  const other = { ...variables, ...admin, ADMIN_EMAIL: ' BOSS@Example.COM ' };
  t.match(await refusal(t, other), /^ADMIN_EMAIL already has an account/);
  t.strictSame(await usersOf(variables.DATABASE_URL), users);
  t.match(users, [{ email: credentials.email, access: 1 }]);
});

t.test('Access levels that contradict the database stop the boot', async (t) => {
  const variables = { ...(await variablesFor(t)), ...admin };
  const { DATABASE_URL } = variables;
  const bootsWith = async (ACCESS_LEVELS: string) => {
    const { app } = await startApi(t, { ...variables, ACCESS_LEVELS });
    await app.close();
  };
  await bootsWith('guest:0,user:1,editor:3,admin:5');
  await bootsWith('guest:0,user:1,editor:3,moderator:4,admin:5');
  const database = openDatabase(DATABASE_URL);
  t.teardown(() => database.close());
  const recorded = async () =>
    (await database.db.accessLevel.findMany({ orderBy: { number: 'asc' } })).map(
      ({ name, number }) => `${name}:${number}`,
    );
  t.strictSame(
    await recorded(),
    ['guest:0', 'user:1', 'editor:3', 'moderator:4', 'admin:5'],
    'one was added',
  );

  await bootsWith('guest:0,user:1,moderator:4,admin:5');
  t.strictSame(
    await recorded(),
    ['guest:0', 'user:1', 'moderator:4', 'admin:5'],
    'a level that no user holds was removed',
  );

  const refused: Record<string, RegExp> = {
    'guest:0,user:1,moderator:3,admin:5':
      /ACCESS_LEVELS gives moderator another number than the database, which has moderator:4/,
    'guest:0,user:1,moderator:4,admin:6':
      /ACCESS_LEVELS gives admin another number than the database, which has admin:5\. Keep admin:5\. Only an empty/,
  };
  for (const [ACCESS_LEVELS, message] of Object.entries(refused)) {
    t.match(await refusal(t, { ...variables, ACCESS_LEVELS }), message, ACCESS_LEVELS);
  }

  const [user] = await usersOf(DATABASE_URL);
  await database.db.user.update({ where: { id: user?.id ?? '' }, data: { access: 4, permanentAccess: 4 } });
  refusedInOneLine(
    t,
    await boot({ ...variables, ACCESS_LEVELS: 'guest:0,user:1,admin:5' }),
    /ACCESS_LEVELS does not declare level 4, which users hold\. Declare it \(moderator:4\)/,
  );
  t.strictSame(
    await recorded(),
    ['guest:0', 'user:1', 'moderator:4', 'admin:5'],
    'a boot that is refused records nothing',
  );
});
