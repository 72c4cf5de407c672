/**
 * Tests `latchkey serve` like a new user: real processes, from the first start to the last request.
 *
 * @runs once, on SQLite: it tests the output and the signals of a process. For the data, see starts.test.ts.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { bin, childEnvironment, type Service, serve, temporaryFolder, type Variables } from './child.ts';
import { createMigratedDatabase } from './database.ts';
import { PASSWORD, PUBLIC_URL, type Teardown } from './helper.ts';
import { testSigningKey } from './tokens.ts';
import { until } from './until.ts';

const credentials = { email: 'ada@example.com', password: PASSWORD };
const ada = { name: 'Ada', ...credentials };

/** Returns variables with a new folder and a new database. */
async function variablesFor(t: Teardown): Promise<Variables> {
  const { url } = await createMigratedDatabase(t);
  return { DATA_DIR: await temporaryFolder(t), DATABASE_URL: url, PUBLIC_URL };
}

async function signIn({ ask }: Service): Promise<string> {
  const { body } = await ask('POST', '/login', { body: credentials });
  return body.accessToken;
}

t.test('The first start creates the data folder and prints where to go', async (t) => {
  const DATA_DIR = join(await temporaryFolder(t), 'made', 'data');
  const service = await serve(t, { DATA_DIR });
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

  const files = await readdir(DATA_DIR);
  for (const name of ['first-admin', 'latchkey.db', 'secret', 'signing-key.pem'])
    t.ok(files.includes(name), name);
  t.equal(await modeOf(DATA_DIR), '700');
  for (const name of files) t.equal(await modeOf(join(DATA_DIR, name)), '600', name);
  t.match(await readFile(join(DATA_DIR, 'signing-key.pem'), 'utf8'), /^-----BEGIN PRIVATE KEY-----/);
  t.match(await readFile(join(DATA_DIR, 'secret'), 'utf8'), /^[\w-]{43}\n$/, '32 bytes');

  const said = service.stdout();
  t.match(said, `Latchkey listens on ${service.url}\n`);
  t.match(said, `Pages: ${service.url}/ui\n`);
  t.match(said, `Docs: ${service.url}/docs\n`);
  t.match(
    said,
    `There is no admin yet. The link to the page that makes the first one is in ${join(DATA_DIR, 'first-admin')}, for 30 minutes\n`,
  );
  t.notMatch(service.url, /:0$/, 'the port that it was given, not 0');
  t.equal((await fetch(`${service.url}/docs`)).status, 200);
  t.strictSame(await service.ask('GET', '/health/ready'), { status: 200, body: { status: 'ok' } });
  await service.stop();
});

t.test(
  'The printed URL is the configured one, and a service with an admin prints no invitation',
  async (t) => {
    const { ask, url, stop } = await serve(t, {
      ...(await variablesFor(t)),
      ADMIN_EMAIL: ada.email,
      ADMIN_PASSWORD: PASSWORD,
      PUBLIC_URL: 'https://accounts.example.com/v1',
    });
    t.match(url, /^http:\/\/localhost:\d+$/, 'wherever it listens');
    t.equal((await ask('GET', '/')).body.links.docs, 'https://accounts.example.com/v1/docs');
    t.equal((await ask('GET', '/nowhere')).body.type, 'https://accounts.example.com/v1/problems/not-found');
    const { stdout } = await stop();
    t.match(stdout, `Docs: ${url}/docs`);
    t.notMatch(stdout, 'no admin', 'who has one is not told to make one');
  },
);

t.test('Two concurrent starts on one empty folder agree on one key and one secret', async (t) => {
  const DATA_DIR = join(await temporaryFolder(t), 'data');
  const [one, other] = await Promise.all([
    serve(t, { DATA_DIR, PUBLIC_URL }),
    serve(t, { DATA_DIR, PUBLIC_URL }),
  ]);
  t.equal((await one.ask('POST', '/register', { body: ada })).status, 201);
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const)
    t.equal((await to.ask('GET', '/me', { token: await signIn(from) })).status, 200);
  const lasting = (await readdir(DATA_DIR)).filter((name) => !/-(wal|shm)$/.test(name)).sort();
  t.strictSame(
    lasting,
    [
      'first-admin',
      'latchkey.db',
      'latchkey.db.lock',
      'latchkey.db.migrate-lock',
      'secret',
      'signing-key.pem',
    ],
    'no drafts are left',
  );
  await Promise.all([one.stop(), other.stop()]);
});

for (const level of ['info', 'silent']) {
  t.test(
    `A service whose output has lost its reader serves on and ends on a signal (log level ${level})`,
    async (t) => {
      const service = await serve(t, { ...(await variablesFor(t)), LOG_LEVEL: level });
      service.deafen();
      for (let i = 0; i < 3; i++) t.equal((await service.ask('GET', '/health/ready')).status, 200);
      service.signal('SIGTERM');
      t.match(await service.ended, { code: 0, signal: null });
    },
  );
}

t.test('A service whose output is never read serves on', async (t) => {
  const variables = await variablesFor(t);
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  const PORT = typeof address === 'object' ? String(address?.port) : '';
  probe.close();
  await once(probe, 'close');
  const env = childEnvironment({ ...variables, PORT });
  const child = spawn(process.execPath, [bin, 'serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  child.stdout.destroy();
  child.stderr.destroy();
  const answers = () =>
    fetch(`http://127.0.0.1:${PORT}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(answers);
  t.ok(await answers());
  child.kill('SIGTERM');
  t.strictSame(await ended, [0, null]);
});

t.test('A service in production prints JSON lines and nothing else', async (t) => {
  const service = await serve(t, {
    ...(await variablesFor(t)),
    NODE_ENV: 'production',
    PUBLIC_URL: 'https://accounts.example.com',
    LOG_LEVEL: 'trace',
    SECRET: randomBytes(32).toString('base64'),
    JWT_PRIVATE_KEY: testSigningKey.pem,
  });
  await service.ask('POST', '/register', { body: ada });
  await service.ask('GET', '/me', { token: await signIn(service) });
  await service.ask('GET', '/nowhere');
  const { stdout, stderr } = await service.stop();
  t.equal(stderr, '');
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const messages = lines.map(({ msg }) => msg).join('\n');
  t.match(
    messages,
    `Latchkey listens on ${service.url}\nPages: ${service.url}/ui\nDocs: ${service.url}/docs\nThere is no admin yet`,
  );
  t.ok(lines.filter(({ req }) => req !== undefined).length >= 4, 'the requests are logged');
});
