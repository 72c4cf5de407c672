/**
 * Tests which data survives the end of `latchkey serve`, and several starts on one database, in real
 * processes.
 */
import { once } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { openDatabase } from '#latchkey/db/open.ts';
import { type Service, serve, temporaryFolder, type Variables } from './child.ts';
import { createDatabase, createMigratedDatabase } from './database.ts';
import { PASSWORD, PUBLIC_URL, type Teardown } from './helper.ts';
import { until } from './until.ts';

const SECRET = 'the secret of these processes, long enough';

const credentials = { email: 'ada@example.com', password: PASSWORD };
const ada = { name: 'Ada', ...credentials };

/** Returns variables with a new folder and a new database. */
async function variablesFor(
  t: Teardown,
  create: typeof createDatabase,
): Promise<Variables & { DATA_DIR: string; DATABASE_URL: string }> {
  const { url } = await create(t);
  return { DATA_DIR: await temporaryFolder(t), DATABASE_URL: url, PUBLIC_URL };
}

async function signIn({ ask }: Service): Promise<string> {
  const { body } = await ask('POST', '/login', { body: credentials });
  return body.accessToken;
}

t.test('The second start keeps the key, the secret and the users', async (t) => {
  const variables = await variablesFor(t, createDatabase);
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

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} finishes the requests under way, then the process exits with 0`, async (t) => {
    const variables = await variablesFor(t, createMigratedDatabase);
    // At this level, the log has a line for each incoming request.
    const service = await serve(t, { ...variables, LOG_LEVEL: 'debug' });
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

    const database = openDatabase(variables.DATABASE_URL);
    t.teardown(() => database.close());
    t.equal(await database.db.user.count({ where: { email: ada.email } }), 1, 'and it was done');
  });
}

t.test(
  'Four concurrent starts on one empty database all succeed and apply each migration once',
  async (t) => {
    const { DATA_DIR, ...variables } = await variablesFor(t, createDatabase);
    const services = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (name) => {
        const folder = join(DATA_DIR, name);
        await mkdir(folder);
        // Processes of one database share the secret: docs/guides/postgres.md.
        return serve(t, { ...variables, DATA_DIR: folder, SECRET });
      }),
    );
    for (const { ask } of services) t.equal((await ask('GET', '/health/ready')).status, 200);
    t.equal(services.filter(({ stdout }) => stdout().includes('Migrations applied')).length, 1);

    const database = openDatabase(variables.DATABASE_URL);
    t.teardown(() => database.close());
    const rows = await database.db.raw.query<{ name: string; done: unknown }>`
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
