/**
 * Tests boots that fail with any database, in real processes.
 *
 * @runs once, on SQLite: tests that reach a database name it themselves.
 */
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { asOther, type Ended, latchkey, temporaryFolder, type Variables } from './child.ts';

/** A boot that should fail but does not is ended by the time limit of the test. */
const boot = (variables: Variables) =>
  latchkey(['serve'], { variables: { PORT: '0', ...variables }, isRefused: true });

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

t.test('A port that is in use stops the boot with one line', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  t.teardown(() => void taken.close());
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  refusedInOneLine(
    t,
    await boot({ DATA_DIR: await temporaryFolder(t), PORT: port }),
    `PORT ${port} of 127.0.0.1 is in use`,
  );
});

t.test('A database that cannot be reached stops the boot with one line', async (t) => {
  const DATA_DIR = await temporaryFolder(t);
  const urls: Record<string, RegExp> = {
    'postgresql://ada:a-password-of-ada@127.0.0.1:1/latchkey': /ECONNREFUSED 127\.0\.0\.1:1.*DATABASE_URL/,
    'postgresql://ada:a-password-of-ada@nowhere.invalid/latchkey': /nowhere\.invalid.*DATABASE_URL/,
    [`file:${DATA_DIR}/file/latchkey.db`]: /\/file cannot be used \((ENOTDIR|EEXIST): .*set DATABASE_URL/,
  };
  await writeFile(join(DATA_DIR, 'file'), '');
  for (const [DATABASE_URL, message] of Object.entries(urls)) {
    refusedInOneLine(t, await boot({ DATA_DIR, DATABASE_URL }), message, DATABASE_URL);
  }
});

t.test('A wrong configuration stops the boot with one line', async (t) => {
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
    [
      { ADMIN_EMAIL: 'boss@example.com', ADMIN_PASSWORD: 'passwordpassword' },
      /^latchkey: ADMIN_PASSWORD is one of the most common passwords: choose another \(example: /,
    ],
    [{ JWT_PRIVATE_KEY: join(folder, 'file') }, /^latchkey: JWT_PRIVATE_KEY is not a private key/],
    [
      { DATA_DIR: join(folder, 'file') },
      /^latchkey: \S+\/file\S* cannot be used \((ENOTDIR|EEXIST): .*set DATA_DIR to another place$/m,
    ],
  ];
  for (const [variables, message] of wrong)
    refusedInOneLine(t, await boot({ DATA_DIR, ...variables }), message, JSON.stringify(variables));
});

t.test(
  'A file that this user may not use stops the boot with one line, which names the variable',
  async (t) => {
    const folder = await temporaryFolder(t);
    const at = (name: string) => join(folder, name);
    for (const name of ['closed', 'other', 'third']) await mkdir(at(name), { mode: 0o700 });
    await chmod(at('closed'), 0o500);
    const run = await asOther(folder);
    if (run === undefined) return t.comment('nobody may not enter this checkout');
    for (const data of ['other', 'third'])
      t.match(await run(['migrate'], { DATA_DIR: at(data) }), { code: 0, stderr: '' });
    await chmod(join(at('other'), 'latchkey.db'), 0o400);
    await writeFile(join(at('third'), 'secret'), '', { mode: 0o600 });
    const wrong: [Variables, RegExp][] = [
      [
        { DATA_DIR: at('closed') },
        /closed\S* cannot be used \(EACCES: permission denied\): .*set DATA_DIR to/,
      ],
      [
        { DATA_DIR: join(at('closed'), 'data') },
        /closed\/data\S* cannot be used \(EACCES: .*set DATA_DIR to/,
      ],
      [{ DATA_DIR: at('third') }, /third\/secret cannot be used \(EACCES: .*set DATA_DIR to/],
      [
        { DATA_DIR: at('other'), DATABASE_URL: `file:${join(at('closed'), 'a.db')}` },
        /closed\/a\.db\S* cannot be used \(EACCES: .*set DATABASE_URL to/,
      ],
    ];
    for (const [variables, message] of wrong)
      refusedInOneLine(
        t,
        await run(['serve'], { PORT: '0', ...variables }),
        message,
        JSON.stringify(variables),
      );
  },
);
