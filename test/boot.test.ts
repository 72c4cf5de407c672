/** Boots that are refused, and the admin of ADMIN_EMAIL: real processes, on one database after the other. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openDatabase } from '#latchkey/db/client.js';
import { type Ended, latchkey, type Service, serve, temporaryFolder, type Variables } from './child.ts';
import { createMigratedDatabase } from './database.ts';
import { PASSWORD, PUBLIC_URL, type Teardown } from './helper.ts';

const admin = { ADMIN_EMAIL: 'boss@example.com', ADMIN_PASSWORD: 'a password of the very first' };
const credentials = { email: admin.ADMIN_EMAIL, password: admin.ADMIN_PASSWORD };

async function variablesFor(t: Teardown): Promise<Variables & { DATABASE_URL: string }> {
  const { url } = await createMigratedDatabase(t);
  return { DATA_DIR: await temporaryFolder(t), DATABASE_URL: url, PUBLIC_URL };
}

/** All users of a database, oldest first. */
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

/** Boots that should fail but don't are ended by the test's own time limit. */
const boot = (variables: Variables) => latchkey(['serve'], { variables: { PORT: '0', ...variables } });

function refusedInOneLine(
  t: Test,
  { code, stdout, stderr }: Ended,
  expected: RegExp | string,
  name = 'is refused',
): void {
  t.equal(code, 1, name);
  t.match(stderr, /^latchkey: [^\n]+\n$/, name);
  t.match(stderr, expected, name);
  t.notMatch(stdout, 'listens on', name);
}

async function accessOf({ ask }: Service): Promise<number> {
  const { body } = await ask('POST', '/login', { body: credentials });
  return (await ask('GET', '/me', { token: body.accessToken })).body.access;
}

t.test('ADMIN_EMAIL makes an admin when there is none; the second boot does nothing', async (t) => {
  const variables = { ...(await variablesFor(t)), ...admin, LOG_LEVEL: 'trace' };
  const first = await serve(t, variables);
  t.equal(await accessOf(first), 2);
  t.match((await first.stop()).stdout, 'The admin of ADMIN_EMAIL was created');
  const users = await usersOf(variables.DATABASE_URL);
  t.equal(users.length, 1);

  const changed = { ADMIN_PASSWORD: 'another password than before', ADMIN_EMAIL: 'other@example.com' };
  for (const change of [{}, changed, { ADMIN_PASSWORD: changed.ADMIN_PASSWORD }]) {
    const again = await serve(t, { ...variables, ...change });
    t.equal(await accessOf(again), 2, 'with the password of the first boot');
    t.notMatch((await again.stop()).stdout, 'was created');
    t.strictSame(await usersOf(variables.DATABASE_URL), users);
  }
});

t.test('ADMIN_EMAIL may not be the address of somebody who registered first', async (t) => {
  const variables = await variablesFor(t);
  const service = await serve(t, variables);
  await service.ask('POST', '/register', { body: { ...credentials, name: 'Mallory', password: PASSWORD } });
  await service.stop();
  const users = await usersOf(variables.DATABASE_URL);
  for (const ADMIN_EMAIL of [admin.ADMIN_EMAIL, ' BOSS@Example.COM '])
    refusedInOneLine(
      t,
      await boot({ ...variables, ...admin, ADMIN_EMAIL }),
      /^latchkey: ADMIN_EMAIL already has an account/,
    );
  t.strictSame(await usersOf(variables.DATABASE_URL), users);
  t.match(users, [{ email: credentials.email, access: 1 }]);
});

t.test('several that boot at once make one admin', async (t) => {
  const variables = { ...(await variablesFor(t)), ...admin };
  const services = await Promise.all([1, 2, 3].map(() => serve(t, variables)));
  t.match(await usersOf(variables.DATABASE_URL), [{ email: credentials.email, access: 2 }]);
  for (const service of services) t.equal(await accessOf(service), 2);
  t.equal(services.filter(({ stdout }) => stdout().includes('ADMIN_EMAIL was created')).length, 1);
});

t.test('access levels are held to those that the database knows', async (t) => {
  const variables = { ...(await variablesFor(t)), ...admin };
  const { DATABASE_URL } = variables;
  const bootsWith = async (ACCESS_LEVELS: string) => {
    const service = await serve(t, { ...variables, ACCESS_LEVELS });
    await service.stop();
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
    'one that nobody holds was removed',
  );

  const refused: Record<string, RegExp> = {
    'guest:0,user:1,moderator:3,admin:5':
      /ACCESS_LEVELS gives moderator another number than the database, which has moderator:4/,
    'guest:0,user:1,moderator:4,admin:6':
      /ACCESS_LEVELS gives admin another number than the database, which has admin:5/,
  };
  for (const [ACCESS_LEVELS, message] of Object.entries(refused)) {
    refusedInOneLine(t, await boot({ ...variables, ACCESS_LEVELS }), message, ACCESS_LEVELS);
  }

  const [user] = await usersOf(DATABASE_URL);
  await database.db.user.update({ where: { id: user?.id ?? '' }, data: { access: 4, permanentAccess: 4 } });
  refusedInOneLine(
    t,
    await boot({ ...variables, ACCESS_LEVELS: 'guest:0,user:1,admin:5' }),
    /ACCESS_LEVELS does not declare level 4, which users hold\. Declare it \(moderator:4\)/,
    'a level that users hold',
  );
  t.strictSame(
    await recorded(),
    ['guest:0', 'user:1', 'moderator:4', 'admin:5'],
    'a boot that is refused records nothing',
  );
});

t.test('a port in use', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  t.teardown(() => void taken.close());
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  refusedInOneLine(
    t,
    await boot({ ...(await variablesFor(t)), PORT: port }),
    `PORT ${port} of 127.0.0.1 is in use`,
  );
});

t.test('a database that cannot be reached', async (t) => {
  const DATA_DIR = await temporaryFolder(t);
  const urls: Record<string, RegExp> = {
    'postgresql://ada:a-password-of-ada@127.0.0.1:1/latchkey': /ECONNREFUSED 127\.0\.0\.1:1.*DATABASE_URL/,
    'postgresql://ada:a-password-of-ada@nowhere.invalid/latchkey': /nowhere\.invalid.*DATABASE_URL/,
    [`file:${DATA_DIR}/file/latchkey.db`]: /(ENOTDIR|EEXIST).*\/file/,
  };
  await writeFile(join(DATA_DIR, 'file'), '');
  for (const [DATABASE_URL, message] of Object.entries(urls)) {
    refusedInOneLine(t, await boot({ DATA_DIR, DATABASE_URL }), message, DATABASE_URL);
  }
});

t.test('a wrong configuration', async (t) => {
  const folder = await temporaryFolder(t);
  const DATA_DIR = join(folder, 'data');
  await writeFile(join(folder, 'file'), 'no key');
  const wrong: [Variables, RegExp][] = [
    [{ PORT: 'abc' }, /^latchkey: PORT must be integer \(example: PORT=3000\)$/m],
    [{ HOST: '203.0.113.1' }, /^latchkey: HOST 203\.0\.113\.1 cannot be listened on \(EADDRNOTAVAIL\)/],
    [
      { ADMIN_EMAIL: 'boss', ADMIN_PASSWORD: 'never to be seen anywhere' },
      /^latchkey: ADMIN_EMAIL must be an email address/,
    ],
    [{ JWT_PRIVATE_KEY: join(folder, 'file') }, /^latchkey: JWT_PRIVATE_KEY is not a private key/],
    [{ DATA_DIR: join(folder, 'file') }, /^latchkey: (ENOTDIR|EEXIST).*\/file/],
  ];
  for (const [variables, message] of wrong)
    refusedInOneLine(t, await boot({ DATA_DIR, ...variables }), message, JSON.stringify(variables));
});
