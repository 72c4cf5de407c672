/** `latchkey serve` as whoever installs it meets it: real processes, from the first start to the last request. */

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { openDatabase } from '#latchkey/db/client.js';
import { bin, childEnvironment, type Service, serve, temporaryFolder, type Variables } from './child.ts';
import { createDatabase } from './database.ts';
import { PASSWORD, PUBLIC_URL, type Teardown } from './helper.ts';
import { testSigningKey } from './tokens.ts';

const credentials = { email: 'ada@example.com', password: PASSWORD };
const ada = { name: 'Ada', ...credentials };

/** A folder of its own, and a database. */
async function variablesFor(t: Teardown): Promise<Variables & { DATA_DIR: string; DATABASE_URL: string }> {
  const { url } = await createDatabase(t);
  return { DATA_DIR: await temporaryFolder(t), DATABASE_URL: url, PUBLIC_URL };
}

async function signIn({ ask }: Service): Promise<string> {
  const { body } = await ask('POST', '/login', { body: credentials });
  return body.accessToken;
}

t.test('the first start makes the data folder and says where to go', async (t) => {
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
  t.match(said, `Docs: ${service.url}/docs\n`);
  t.match(
    said,
    `There is no admin yet. How to become the first one, within 30 minutes, is in ${join(DATA_DIR, 'first-admin')}\n`,
  );
  t.notMatch(service.url, /:0$/, 'the port that it was given, not 0');
  t.equal((await fetch(`${service.url}/docs`)).status, 200);
  t.strictSame(await service.ask('GET', '/health/ready'), { status: 200, body: { status: 'ok' } });
  await service.stop();
});

t.test('the second start keeps everything', async (t) => {
  const variables = await variablesFor(t);
  const contents = () =>
    Promise.all(
      ['secret', 'signing-key.pem'].map((name) => readFile(join(variables.DATA_DIR, name), 'utf8')),
    );

  const first = await serve(t, { ...variables, LOG_LEVEL: 'trace' });
  t.equal((await first.ask('POST', '/register', { body: ada })).status, 201);
  const token = await signIn(first);
  const me = await first.ask('GET', '/me', { token });
  const kept = await contents();
  t.match((await first.stop()).stdout, 'Migrations applied');

  const second = await serve(t, { ...variables, LOG_LEVEL: 'trace' });
  t.strictSame(await contents(), kept, 'the same key and secret');
  t.strictSame(await second.ask('GET', '/me', { token }), me, 'a token from before, and its user');
  t.equal((await second.ask('POST', '/login', { body: credentials })).status, 200);
  t.notMatch((await second.stop()).stdout, 'Migrations applied');
});

t.test('whoever has an admin is not told to make one', async (t) => {
  const variables = { ADMIN_EMAIL: ada.email, ADMIN_PASSWORD: PASSWORD };
  const { stop } = await serve(t, { ...(await variablesFor(t)), ...variables });
  const { stdout } = await stop();
  t.match(stdout, 'Docs: ');
  t.notMatch(stdout, 'no admin');
});

t.test('the public URL is what was configured, wherever it listens', async (t) => {
  const { ask, url } = await serve(t, {
    ...(await variablesFor(t)),
    PUBLIC_URL: 'https://accounts.example.com/v1',
  });
  t.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  t.equal((await ask('GET', '/')).body.links.docs, 'https://accounts.example.com/v1/docs');
  t.equal((await ask('GET', '/nowhere')).body.type, 'https://accounts.example.com/v1/problems/not-found');
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal}: what is under way is finished, then it ends with 0`, async (t) => {
    const variables = await variablesFor(t);
    const service = await serve(t, variables);
    const { port, hostname } = new URL(service.url);
    const body = JSON.stringify(ada);
    const socket = connect(Number(port), hostname);
    t.teardown(() => void socket.destroy());
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    const closed = once(socket, 'close');
    const head = `POST /register HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
    socket.write(`${head}\r\n\r\n${body.slice(0, 10)}`);
    await until(async () => service.stdout().includes('"url":"/register"'));

    service.signal(signal);
    await until(() => isRefused(Number(port), hostname));
    t.equal(answer, '');
    socket.write(body.slice(10));
    await closed;
    t.match(answer, /^HTTP\/1\.1 201 Created\r\n/);
    t.match(await service.ended, { code: 0, signal: null, stderr: '' });

    const { ask } = await serve(t, variables);
    t.equal((await ask('POST', '/login', { body: credentials })).status, 200, 'and it was done');
  });
}

t.test('two that start at once on one empty folder agree on one key and one secret', async (t) => {
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
    ['first-admin', 'latchkey.db', 'latchkey.db.migrate-lock', 'secret', 'signing-key.pem'],
    'no drafts are left',
  );
  await Promise.all([one.stop(), other.stop()]);
});

t.test(
  'four that start at once on one empty database all come up, and each migration is applied once',
  async (t) => {
    const { DATA_DIR, ...variables } = await variablesFor(t);
    const services = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (name) => {
        const folder = join(DATA_DIR, name);
        await mkdir(folder);
        return serve(t, { ...variables, DATA_DIR: folder });
      }),
    );
    for (const { ask } of services) t.equal((await ask('GET', '/health/ready')).status, 200);
    t.equal(services.filter(({ stdout }) => stdout().includes('Migrations applied')).length, 1);

    const database = openDatabase(variables.DATABASE_URL);
    t.teardown(() => database.close());
    const rows = await database.db.$queryRaw<{ name: string; done: unknown }[]>`
    SELECT migration_name AS name, finished_at AS done FROM _prisma_migrations ORDER BY migration_name`;
    const folders = await readdir(`prisma/migrations/${database.kind}`, { withFileTypes: true });
    t.strictSame(
      rows.map(({ name }) => name),
      folders
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .sort(),
    );
    t.ok(rows.every(({ done }) => done !== null));
    t.equal(await database.db.accessLevel.count(), 3);
    await Promise.all(services.map(({ stop }) => stop()));
  },
);

for (const level of ['info', 'silent']) {
  t.test(
    `whoever reads its output may go (log level ${level}): it serves on, and ends when it is told to`,
    async (t) => {
      const service = await serve(t, { ...(await variablesFor(t)), LOG_LEVEL: level });
      service.deafen();
      for (let i = 0; i < 3; i++) t.equal((await service.ask('GET', '/health/ready')).status, 200);
      service.signal('SIGTERM');
      t.match(await service.ended, { code: 0, signal: null });
    },
  );
}

t.test('nobody need read its output at all', async (t) => {
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

t.test('in production it prints JSON lines and nothing else', async (t) => {
  const service = await serve(t, {
    ...(await variablesFor(t)),
    NODE_ENV: 'production',
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
  t.match(messages, `Latchkey listens on ${service.url}\nDocs: ${service.url}/docs\nThere is no admin yet`);
  t.ok(lines.filter(({ req }) => req !== undefined).length >= 4, 'the requests are logged');
});

async function isRefused(port: number, host: string): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

/** Asks again and again, each time after the others in the process have had their turn. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise(setImmediate);
}
