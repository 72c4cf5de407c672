/** `latchkey doctor`: it finds what is wrong with an installation, and changes nothing. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import t from 'tap';
import { checkFrontendUrl, checkHashing } from '#latchkey/checks/configuration.ts';
import { checkNode, endsOfLife } from '#latchkey/checks/node.ts';
import { checkProxies } from '#latchkey/checks/proxy.ts';
import { checkBrowserSessions } from '#latchkey/cli/doctor/browser-sessions.ts';
import { parseConfig } from '#latchkey/config/index.ts';
import { availableMemory } from '#latchkey/config/memory.ts';
import { lastBackupFile } from '#latchkey/db/backup/last-backup.ts';
import { rawSql } from '#latchkey/db/client.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { sqlitePath } from '#latchkey/db/sqlite/database-file.ts';
import { asOther, latchkey, temporaryFolder, type Variables } from '../child.ts';
import { createDatabase } from '../database.ts';
import { PASSWORD, type Teardown } from '../helper.ts';
import { startMailServer } from '../mail-server.ts';

interface Finding {
  readonly check: string;
  readonly status: string;
  readonly found: string;
  readonly advice?: string;
}

const MAIL_PASSWORD = 'the password of the mail server';
const SECRET = 'a secret of a test, which is longer than 32 characters';
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** Runs the doctor and returns the findings that are not `ok`. Checks that it prints no secret. */
async function examine(
  variables: Variables,
): Promise<{ code: number | null; all: Finding[]; wrong: string[] }> {
  const { code, stdout, stderr } = await latchkey(['doctor', '--json'], { variables });
  const { ok, findings }: { ok: boolean; findings: Finding[] } = JSON.parse(stdout);
  t.equal(stderr, '');
  t.equal(ok, code === 0);
  t.equal(code, findings.some(({ status }) => status === 'problem') ? 1 : 0);
  for (const secret of [MAIL_PASSWORD, encodeURIComponent(MAIL_PASSWORD)]) t.notOk(stdout.includes(secret));
  for (const { status, advice } of findings) t.equal(status === 'ok', advice === undefined);
  const wrong = findings.filter(({ status }) => status !== 'ok');
  return {
    code,
    all: findings,
    wrong: wrong.map(({ check, status, found }) => `${status}: ${check}: ${found}`),
  };
}

/** Reads every entry of a folder with its mode and its contents. */
async function snapshot(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const described = entries.map(async ({ name }) => {
    const contents = await readFile(join(folder, name));
    return `${name} ${createHash('sha256').update(contents).digest('hex')}`;
  });
  return (await Promise.all(described)).sort();
}

/** Creates a database with tables and an admin. */
async function settled(t: Teardown): Promise<Variables & { DATA_DIR: string; DATABASE_URL: string }> {
  const { url } = await createDatabase(t);
  const variables = { DATA_DIR: await temporaryFolder(t), DATABASE_URL: url };
  const args = ['user', 'create', '--email', 'ada@example.com', '--name', 'Ada', '--access', 'admin'];
  const { code, stderr } = await latchkey(args, { variables, input: PASSWORD });
  if (code !== 0) throw new Error(stderr);
  return variables;
}

t.test('The doctor finds no problem before the first start, and creates nothing', async (t) => {
  const folder = await temporaryFolder(t);
  const ended = await latchkey(['doctor'], { variables: { DATA_DIR: join(folder, 'data') } });
  t.match(ended, { code: 0, stderr: '' });
  t.match(ended.stdout, /^✓ signing key +will be created at the first start$/m);
  t.match(ended.stdout, /^✓ secret +will be created at the first start$/m);
  t.match(ended.stdout, /^✓ database +\/.*latchkey\.db will be created at the first start$/m);
  t.ok(ended.stdout.split('\n').every((line) => line === '' || line.startsWith('✓ ')));
  t.strictSame(await readdir(folder), []);
});

t.test('The doctor finds no problem with a healthy service, and changes no byte', async (t) => {
  const variables = await settled(t);
  const folders = [variables.DATA_DIR];
  const isSqlite = variables.DATABASE_URL.startsWith('file:');
  if (isSqlite) folders.push(join(variables.DATABASE_URL.slice(5), '..'));
  const before = await Promise.all(folders.map(snapshot));
  const { code, all, wrong } = await examine(variables);
  t.strictSame([code, wrong], [0, []]);
  t.strictSame(await Promise.all(folders.map(snapshot)), before);
  t.match(all, [
    { check: 'node', found: process.versions.node },
    { check: 'configuration' },
    { check: 'signing key' },
    { check: 'secret', found: /^in .*\/secret$/ },
    { check: 'folders' },
    { check: 'files' },
    ...(isSqlite ? [{ check: 'disk', found: /MB free$/ }] : []),
    { check: 'database' },
    { check: 'clock' },
    ...(isSqlite ? [] : [{ check: 'privileges' }]),
    { check: 'migrations', found: 'all migrations are applied' },
    { check: 'access levels' },
    { check: 'admin', found: 'there is one' },
    { check: 'second factor', found: 'no level asks for one' },
    { check: 'passkeys', status: 'ok' },
    ...(isSqlite ? [] : [{ check: 'encryption', status: 'ok' }]),
    { check: 'mail' },
    { check: 'public URL' },
    { check: 'frontend URL' },
    { check: 'proxies' },
    { check: 'origins' },
  ]);
});

t.test('A correct production configuration has no findings', async (t) => {
  const { url: SMTP_URL } = await startMailServer(t);
  const folder = await temporaryFolder(t);
  const JWT_PRIVATE_KEY = join(folder, 'key.pem');
  await writeFile(JWT_PRIVATE_KEY, pem, { mode: 0o600 });
  const { all, wrong } = await examine({
    NODE_ENV: 'production',
    DATA_DIR: folder,
    SECRET,
    JWT_PRIVATE_KEY,
    SMTP_URL,
    MAIL_FROM: 'accounts@example.com',
    PUBLIC_URL: 'https://accounts.example.com',
    FRONTEND_URL: 'https://app.example.com',
    CORS_ORIGINS: 'https://app.example.com',
    HOST: '0.0.0.0',
    TRUST_PROXY: '10.0.0.0/8',
  });
  t.strictSame(wrong, []);
  t.match(
    all.find(({ check }) => check === 'signing key'),
    { found: /^ES256, kid [\w-]{43}$/ },
  );
});

t.test('Users in production without a backup of the last 7 days are a warning', async (t) => {
  const settledVariables = await settled(t);
  const url = settledVariables.DATABASE_URL;
  const production = {
    ...settledVariables,
    NODE_ENV: 'production',
    SECRET: (await readFile(join(settledVariables.DATA_DIR, 'secret'), 'utf8')).trim(),
    JWT_PRIVATE_KEY: pem,
    PUBLIC_URL: 'https://accounts.example.com',
  };
  const find = async (variables: Variables) =>
    (await examine(variables)).all.filter(({ check }) => check === 'backup');
  if (!url.startsWith('file:')) {
    t.strictSame(await find(production), [], 'Postgres has its own tools');
    return;
  }
  t.strictSame(await find(settledVariables), [], 'in development there is nothing to lose');
  const warning = { status: 'warning', advice: /^run latchkey backup each day/ };
  t.match(await find(production), [{ ...warning, found: 'none was made yet' }]);
  const file = join(await temporaryFolder(t), 'latest.db');
  t.equal((await latchkey(['backup', file], { variables: settledVariables })).code, 0);
  t.match(await find(production), [{ status: 'ok', found: /^the last one was made at \d/ }]);
  for (const [days, finding] of [
    [6.9, { status: 'ok' }],
    [7.1, { ...warning, found: 'the last one is 7 days old' }],
  ] as const) {
    const time = new Date(Date.now() - days * 86_400_000);
    await utimes(lastBackupFile(sqlitePath(url)), time, time);
    t.match(await find(production), [finding], String(days));
  }
  const { db, close } = openDatabase(url);
  t.teardown(close);
  await db.user.deleteMany();
  t.strictSame(await find(production), [], 'without users there is nothing to lose');
});

t.test('A wrong production configuration has a finding for each mistake', async (t) => {
  const folder = await temporaryFolder(t);
  const JWT_PRIVATE_KEY = join(folder, 'key.pem');
  await writeFile(JWT_PRIVATE_KEY, pem);
  await chmod(JWT_PRIVATE_KEY, 0o644);
  const variables = { NODE_ENV: 'production', DATA_DIR: folder, SECRET, JWT_PRIVATE_KEY };
  const first = await examine({ ...variables, PUBLIC_URL: 'http://127.0.0.1:3000', CORS_ORIGINS: '*' });
  t.match(first.wrong, [
    /^problem: files: other users can access .*key\.pem \(mode 0644\)$/,
    /^warning: mail: no mail server: password resets.* respond with 503/,
    /^problem: public URL: http:\/\/127\.0\.0\.1:3000 is reachable from this machine only/,
    /^warning: origins: scripts of every site may read responses/,
  ]);
  const mail = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'accounts@example.com' };
  const second = await examine({
    ...variables,
    ...mail,
    PUBLIC_URL: 'http://accounts.example.com',
    FRONTEND_URL: 'https://localhost:8080',
  });
  t.match(second.wrong, [
    /^problem: files/,
    /^problem: mail: 127\.0\.0\.1:9 cannot be used: connect ECONNREFUSED/,
    /^problem: public URL: .* sends passwords and tokens unencrypted$/,
    /^problem: frontend URL: https:\/\/localhost:8080 is reachable from this machine only/,
    /^problem: proxies: only a proxy on this machine can reach 127\.0\.0\.1/,
  ]);
});

t.test('Links that any app can claim are a warning in production only', async (t) => {
  const secrets = { SECRET, JWT_PRIVATE_KEY: pem, PUBLIC_URL: 'https://accounts.example.com' };
  const find = (variables: Variables) =>
    checkFrontendUrl(parseConfig({ FRONTEND_URL: 'myapp://', ...variables }));
  t.match(find({ NODE_ENV: 'production', ...secrets }), {
    status: 'warning',
    found: /^any app on a phone can claim myapp:\/\/ links/,
    advice: /https URL/,
  });
  t.match(find({}), { status: 'ok', found: 'myapp://' });
});

t.test('A configuration that prevents the start is the only finding', async (t) => {
  const production = { NODE_ENV: 'production', DATA_DIR: await temporaryFolder(t) };
  const wrong: [Variables, RegExp][] = [
    [{ PORT: 'abc' }, /^problem: configuration: PORT must be integer/],
    [
      { ...production, SECRET: 'replace-this-with-a-secret-of-your-own', JWT_PRIVATE_KEY: pem },
      /^problem: configuration: SECRET is a placeholder/,
    ],
    [
      { ...production, SECRET, JWT_PRIVATE_KEY: pem },
      /^problem: configuration: PUBLIC_URL is missing, which production needs/,
    ],
  ];
  for (const [variables, message] of wrong) t.match((await examine(variables)).wrong, [message]);
});

t.test(
  'Invalid keys, short secrets, files that others can access and a trusted proxy that any client can imitate are problems',
  async (t) => {
    const folder = await temporaryFolder(t);
    await chmod(folder, 0o750);
    await mkdir(join(folder, 'outbox'), { mode: 0o700 });
    for (const [name, mode] of [
      ['secret', 0o640],
      ['signing-key.pem', 0o604],
      ['latchkey.db', 0o620],
    ] as const) {
      await writeFile(join(folder, name), name === 'latchkey.db' ? '' : 'too short');
      await chmod(join(folder, name), mode);
    }
    const { wrong, all } = await examine({ DATA_DIR: folder, TRUST_PROXY: '1', HOST: '0.0.0.0' });
    t.match(wrong, [
      /^problem: signing key: JWT_PRIVATE_KEY is not a private key in PEM/,
      /^problem: secret: .* has fewer than 32 characters$/,
      /^problem: files: other users can access .* \(mode 0750\)$/,
      /^problem: files: other users can access .*secret \(mode 0640\)$/,
      /^problem: files: other users can access .*signing-key\.pem \(mode 0604\)$/,
      /^problem: files: other users can access .*latchkey\.db \(mode 0620\)$/,
      /^problem: proxies: 1 hop is trusted, from any address/,
    ]);
    t.match(
      all.find(({ check }) => check === 'migrations'),
      { found: 'the tables will be created at the first start' },
    );
    t.match(
      all.find(({ check }) => check === 'files'),
      { advice: `chmod 700 ${folder}` },
    );
    t.strictSame((await readFile(join(folder, 'latchkey.db'))).length, 0);
  },
);

t.test('A database that is unavailable, and a file that is not a database, are problems', async (t) => {
  const DATA_DIR = await temporaryFolder(t);
  await writeFile(join(DATA_DIR, 'text'), 'This is a text and no database at all. '.repeat(50), {
    mode: 0o600,
  });
  const away = { DATA_DIR, DATABASE_URL: 'postgresql://ada:secret-of-ada@127.0.0.1:9/latchkey' };
  t.match((await examine(away)).wrong, [
    /^problem: database: Can't reach database server at 127\.0\.0\.1:9$/,
  ]);
  const text = { DATA_DIR, DATABASE_URL: `file:${join(DATA_DIR, 'text')}` };
  t.match((await examine(text)).wrong, [/^problem: database: file is not a database$/]);
});

t.test('Personal data of a deleted user that is not erased within an hour is a warning', async (t) => {
  const variables = await settled(t);
  const { db, now, close } = openDatabase(variables.DATABASE_URL);
  t.teardown(close);
  const { wrong } = await examine(variables);
  const agoOf = async (ms: number) => new Date((await now(db)).getTime() - ms);
  await db.erasure.create({ data: { subjectId: 'recent', requestedAt: await agoOf(60_000) } });
  t.strictSame((await examine(variables)).wrong, wrong, 'a minute is not late');
  await db.erasure.create({ data: { subjectId: 'late', requestedAt: await agoOf(3_660_000) } });
  t.match(
    (await examine(variables)).wrong.filter((line) => !wrong.includes(line)),
    [/^warning: personal data: not erased an hour after the deletion, only hidden \(users: 1\)$/],
  );
});

t.test('A database of another version, or without an admin, has findings', async (t) => {
  const variables = await settled(t);
  const { db, kind, close } = openDatabase(variables.DATABASE_URL);
  t.teardown(close);
  await db.user.deleteMany();
  await db.raw
    .execute`INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
    SELECT 'next', 'none', '29990101000000_next', started_at, finished_at, 1 FROM _prisma_migrations LIMIT 1`;
  t.match((await examine({ ...variables, ACCESS_LEVELS: 'guest:0,user:2,admin:3' })).wrong, [
    'warning: migrations: applied by a newer version: 29990101000000_next',
    /^problem: access levels: ACCESS_LEVELS gives user another number/,
    'warning: admin: there is none',
  ]);
  const [last = ''] = (await readdir(`prisma/migrations/${kind}`))
    .filter((name) => /^\d/.test(name))
    .sort()
    .reverse();
  await db.raw
    .execute`DELETE FROM _prisma_migrations WHERE migration_name IN (${last}, '29990101000000_next')`;
  t.match((await examine(variables)).wrong, [`warning: migrations: pending: ${last}`]);
  t.equal(await db.user.count(), 0, 'they are not applied');
  await db.raw.execute`UPDATE _prisma_migrations SET finished_at = NULL`;
  t.match((await examine(variables)).wrong, [/^problem: migrations: migration \w+ began and did not end/]);
});

t.test('A data folder that a start cannot make, or cannot write to, is a problem', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'file');
  await writeFile(file, '');
  const DATA_DIR = join(file, 'data');
  const { wrong, all } = await examine({ DATA_DIR });
  t.match(wrong[0], `problem: folders: ${DATA_DIR} cannot be made: ${file} is a file`);
  t.match(
    all.find(({ check }) => check === 'folders'),
    { advice: 'remove that file, or set DATA_DIR to another place' },
  );
  const closed = join(folder, 'closed');
  await mkdir(closed, { mode: 0o500 });
  const run = await asOther(folder);
  if (run === undefined) return t.comment('nobody may not enter this checkout');
  for (const data of [closed, join(closed, 'data')]) {
    const { code, stdout } = await run(['doctor'], { DATA_DIR: data });
    t.equal(code, 1);
    t.match(
      stdout,
      new RegExp(`^✗ folders +${closed} cannot be written to.* \\(EACCES\\) -> .*set DATA_DIR`, 'm'),
    );
  }
});

t.test('A Postgres user who may not create or use the tables is a problem', async (t) => {
  const { url, kind } = await createDatabase(t);
  if (kind === 'sqlite') {
    t.pass('SQLite has no users');
    return;
  }
  const owner = openDatabase(url);
  t.teardown(owner.close);
  const name = `reader_${process.pid}_${Date.now()}`;
  await owner.db.raw.execute`${rawSql(`CREATE ROLE ${name} LOGIN PASSWORD 'only for reading'`)}`;
  t.teardown(async () => {
    await owner.db.raw.execute`${rawSql(`DROP OWNED BY ${name}`)}`;
    await owner.db.raw.execute`${rawSql(`DROP ROLE ${name}`)}`;
  });
  const reader = new URL(url);
  reader.username = name;
  reader.password = 'only for reading';
  const variables = { DATABASE_URL: reader.href, DATA_DIR: await temporaryFolder(t) };
  const before = await examine(variables);
  t.match(before.wrong, [
    new RegExp(`^problem: privileges: ${name} may not create tables in the schema public, and`),
  ]);
  t.equal((await latchkey(['migrate'], { variables: { ...variables, DATABASE_URL: url } })).code, 0);
  t.match((await examine(variables)).wrong, [
    new RegExp(`^problem: privileges: ${name} may not use the tables AccessLevel, .*User`),
  ]);
  await owner.db.raw
    .execute`${rawSql(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${name}`)}`;
  t.strictSame((await examine(variables)).wrong, ['warning: admin: there is none']);
  const [row] = await owner.db.raw.query<{ name: string }>`
    SELECT migration_name AS name FROM _prisma_migrations ORDER BY migration_name DESC LIMIT 1`;
  await owner.db.raw.execute`DELETE FROM _prisma_migrations WHERE migration_name = ${row?.name ?? ''}`;
  await owner.db.raw.execute`${rawSql(`GRANT CREATE ON SCHEMA public TO ${name}`)}`;
  t.match((await examine(variables)).wrong, [
    /^warning: migrations: pending/,
    new RegExp(`^warning: privileges: ${name} does not own the tables AccessLevel`),
  ]);
});

t.test('A clock that differs from that of the database is a problem', async (t) => {
  const { url, kind } = await createDatabase(t);
  if (kind === 'sqlite') {
    t.pass('SQLite has the clock of its machine');
    return;
  }
  const variables = { DATABASE_URL: url, DATA_DIR: await temporaryFolder(t) };
  const late = `const { now } = Date; Date.now = () => now() - 31_000;`;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(late)}`;
  t.match((await examine({ ...variables, NODE_OPTIONS })).wrong, [
    'problem: clock: 31 s behind the database',
  ]);
});

t.test('The doctor does not repeat the text of a mail server that rejects the credentials', async (t) => {
  const server = new SMTPServer({
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ password }, _session, done) => done(new Error(`${password} is not your password`)),
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  t.teardown(() => new Promise<void>((closed) => server.close(closed)));
  const { port } = server.server.address() as AddressInfo;
  const SMTP_URL = `smtp://me:${encodeURIComponent(MAIL_PASSWORD)}@127.0.0.1:${port}`;
  const { wrong } = await examine({ SMTP_URL, DATA_DIR: await temporaryFolder(t) });
  t.strictSame(wrong, [`problem: mail: 127.0.0.1:${port} rejects the credentials: it answered 535`]);
});

t.test('A Node.js without security fixes, or one that is not tested, is a warning', async (t) => {
  const { engines }: { engines: { node: string } } = JSON.parse(await readFile('package.json', 'utf8'));
  const supported = engines.node.match(/(?<=\^)\d+/g);
  t.strictSame(Object.keys(endsOfLife), supported);
  const cases: [string, string, string, RegExp][] = [
    ['22.18.0', '2026-11-28', 'ok', /^22\.18\.0, which gets security fixes until 2027-04-30$/],
    ['22.23.5', '2027-04-29', 'ok', /^22/],
    ['22.23.5', '2027-04-30', 'warning', /^Node\.js 22\.23\.5 has had no security fixes since 2027-04-30$/],
    ['24.21.0', '2027-04-30', 'ok', /^24/],
    ['24.21.0', '2028-05-01', 'warning', /since 2028-04-30$/],
    ['26.12.1', '2028-05-01', 'ok', /^26/],
    ['25.9.0', '2026-11-28', 'warning', /^Latchkey is not tested with Node\.js 25\.9\.0$/],
    ['20.20.2', '2026-11-28', 'warning', /not tested/],
    ['27.0.0', '2026-11-28', 'warning', /not tested/],
  ];
  for (const [version, today, status, found] of cases)
    t.match(checkNode(version, new Date(today)), { check: 'node', status, found }, `${version} on ${today}`);
  t.match(checkNode('25.9.0'), { advice: 'install Node.js 22, 24, or 26' });
});

t.test('The doctor reports proxy settings that let a client choose its own IP address', async (t) => {
  const elsewhere = 'http://accounts.example.com';
  const cases: [Variables, string, RegExp][] = [
    [{}, 'ok', /no proxy is trusted/],
    [{ HOST: '0.0.0.0' }, 'ok', /no proxy/],
    [{ PUBLIC_URL: 'http://localhost:3000' }, 'ok', /no proxy/],
    [{ PUBLIC_URL: 'https://accounts.example.com' }, 'problem', /share one rate limit/],
    [{ HOST: '0.0.0.0', PUBLIC_URL: 'https://accounts.example.com' }, 'problem', /share one rate limit/],
    [{ PUBLIC_URL: elsewhere }, 'problem', /only a proxy on this machine/],
    [{ HOST: '10.1.2.3', PUBLIC_URL: elsewhere }, 'warning', /if a proxy forwards from accounts/],
    [{ HOST: '10.1.2.3', PUBLIC_URL: 'http://10.1.2.3:3000' }, 'ok', /no proxy/],
    [{ HOST: '::', PUBLIC_URL: elsewhere }, 'ok', /no proxy/],
    [{ TRUST_PROXY: '1' }, 'ok', /1 hop is trusted/],
    [{ TRUST_PROXY: '2', HOST: '10.1.2.3' }, 'ok', /2 hops are trusted/],
    [{ TRUST_PROXY: '1', HOST: '0.0.0.0' }, 'problem', /can choose its own IP address/],
    [{ TRUST_PROXY: '1', HOST: '::' }, 'problem', /can choose its own IP address/],
    [{ TRUST_PROXY: '1', HOST: '203.0.113.7' }, 'ok', /1 hop is/],
    [{ TRUST_PROXY: '1', HOST: '93.184.216.34' }, 'problem', /can choose its own IP address/],
    [{ TRUST_PROXY: '0.0.0.0/0' }, 'problem', /0\.0\.0\.0\/0 contains every address/],
    [{ TRUST_PROXY: '10.0.0.1,::/0' }, 'problem', /::\/0 contains every address/],
    [{ TRUST_PROXY: '::ffff:0:0/96' }, 'problem', /contains every address/],
    [{ TRUST_PROXY: '10.0.0.0/1' }, 'warning', /is on the internet/],
    [{ TRUST_PROXY: '173.245.48.0/20', HOST: '0.0.0.0' }, 'warning', /is on the internet/],
    [{ TRUST_PROXY: '2606:4700::/32' }, 'warning', /is on the internet/],
    [{ TRUST_PROXY: '93.184.216.34', HOST: '0.0.0.0' }, 'ok', /is trusted/],
    [{ TRUST_PROXY: '93.184.216.34/32', HOST: '0.0.0.0' }, 'ok', /is trusted/],
    [{ TRUST_PROXY: '10.0.0.0/8,fd00::/8,127.0.0.1', HOST: '0.0.0.0' }, 'ok', /are trusted/],
  ];
  for (const [variables, status, found] of cases)
    t.match(checkProxies(parseConfig(variables)), { status, found }, JSON.stringify(variables));
});

t.test('The doctor warns when the memory may not be enough to hash passwords', async (t) => {
  const half = Math.ceil(availableMemory() / 2);
  const cases: [Variables, string, RegExp][] = [
    [{ HASH_MEMORY: '128' }, 'ok', /at a time, in 128 MiB$/],
    [{ HASH_MEMORY: '127' }, 'warning', /an imported hash can need 128 MiB, and is then verified alone/],
    [{ HASH_MEMORY: String(half + 1) }, 'warning', /more than half of the available \d+ MiB/],
  ];
  for (const [variables, status, found] of cases)
    t.match(checkHashing(parseConfig(variables)), { status, found }, JSON.stringify(variables));
});

t.test('People whose level asks for a second factor, and who have none, are a warning', async (t) => {
  const settings = await settled(t);
  const { db, close } = openDatabase(settings.DATABASE_URL);
  t.teardown(close);
  const ofFactor = async (variables: Variables) =>
    (await examine({ ...settings, ...variables })).all.find(({ check }) => check === 'second factor');
  const production = {
    NODE_ENV: 'production',
    SECRET,
    JWT_PRIVATE_KEY: pem,
    PUBLIC_URL: 'https://accounts.example.com',
  };
  const levels = { SECOND_FACTOR_FROM: 'admin' };
  t.match(await ofFactor(production), {
    status: 'ok',
    found: 'no level asks for one (SECOND_FACTOR_FROM=admin makes admins need it)',
  });
  t.match(await ofFactor({ ...production, ...levels }), {
    status: 'warning',
    found:
      'people at admin or above without one: 1; their sessions have the level user (ada@example.com). Without a mail server, anyone who knows the password of one can enrol first',
    advice: /^set SMTP_URL/,
  });
  const { url: SMTP_URL } = await startMailServer(t);
  const mail = { SMTP_URL, MAIL_FROM: 'accounts@example.com' };
  for (const variables of [{ ...production, ...mail }, {}])
    t.match(await ofFactor({ ...variables, ...levels }), {
      status: 'warning',
      found: /^people at admin or above without one: 1; their sessions have the level user$/,
      advice: /enrol/,
    });
  await db.user.updateMany({ data: { secondFactor: true } });
  t.match(await ofFactor({ ...production, ...levels }), {
    status: 'ok',
    found: 'from admin up, and each person there has one',
  });
});

t.test('The doctor says for which pages sessions in cookies work', async (t) => {
  const check = (variables: Variables) => checkBrowserSessions(parseConfig(variables));
  t.match(await check({}), { status: 'ok', found: 'in cookies for pages of http://localhost:3000' });
  const PUBLIC_URL = 'http://accounts.invalid';
  t.match(await check({ PUBLIC_URL }), { status: 'ok', found: /^none in cookies, which need https/ });
  const forced = await check({ PUBLIC_URL, COOKIES_OVER_HTTP: 'on' });
  t.match(forced, { status: 'warning', found: /^COOKIES_OVER_HTTP=on: / });
  const others = await check({
    PUBLIC_URL: 'https://accounts.invalid/auth',
    FRONTEND_URL: 'https://app.invalid/start',
    CORS_ORIGINS: 'https://app.invalid,https://accounts.invalid',
  });
  const found =
    'in cookies for pages of https://accounts.invalid; those of https://app.invalid sign in with tokens';
  t.match(others, { status: 'ok', found });
});

t.test('The doctor warns of a PUBLIC_URL that leads on to another origin', async (t) => {
  let location = '';
  const server = createServer((_request, response) => response.writeHead(301, { location }).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => new Promise<void>((closed) => void server.close(() => closed())));
  const { port } = server.address() as AddressInfo;
  const config = parseConfig({ PUBLIC_URL: `http://127.0.0.1:${port}` });
  location = 'https://www.example.com/health/live';
  t.match(await checkBrowserSessions(config), {
    status: 'warning',
    found: new RegExp(`^http://127\\.0\\.0\\.1:${port} leads on to https://www\\.example\\.com: `),
  });
  location = '/elsewhere';
  t.match(await checkBrowserSessions(config), { status: 'ok' }, 'the same origin');
});
