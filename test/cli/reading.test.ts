/** Commands on an installation that is not there: they are refused, and make nothing. */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import t from 'tap';
import { migrate, readMigrationState } from '#latchkey/db/migrations/migrate.ts';
import { migrationsFolder } from '#latchkey/db/migrations/read-migrations.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { sqlitePath } from '#latchkey/db/sqlite/database-file.ts';
import { latchkey, temporaryFolder } from '../child.ts';
import { createDatabase, createMigratedDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { leaves } from './program.ts';

const isSqlite = !process.env.TEST_POSTGRES_URL;
const PUBLIC_URL = 'http://localhost:3000';
const SECRET = 'the secret of a test, which is longer than 32 characters';
/** Its examples are no secrets. */
const contract = await readFile('openapi/openapi.json', 'utf8');
const ada = ['--email', 'ada@example.com'];

/** Result of a command where nothing has been stored yet. */
interface Outcome {
  readonly args?: readonly string[];
  readonly code: number;
  /** What it prints, on standard output or standard error. */
  readonly says: RegExp;
}

const nothing: Pick<Outcome, 'code' | 'says'> = isSqlite
  ? { code: 1, says: /^latchkey: [^\n]+latchkey\.db does not exist: no data has been stored yet\n$/ }
  : { code: 1, says: /^latchkey: the database has no tables of Latchkey: [^\n]+ latchkey migrate\)?\n$/ };
const onlySqlite: Pick<Outcome, 'code' | 'says'> = isSqlite
  ? nothing
  : { code: 2, says: /^latchkey: DATABASE_URL is a Postgres: [^\n]+\n$/ };

/** The commands that create an installation. */
const creating = ['serve', 'migrate', 'user create', 'import'];

const outcomes: Readonly<Record<string, Outcome>> = {
  doctor: { code: 0, says: isSqlite ? /will be created at the first start/ : /tables will be created/ },
  openapi: { code: 0, says: /^\{\n {2}"openapi"/ },
  // A private key that is printed would fail the test.
  'keys generate': { args: ['--algorithm', 'none'], code: 2, says: /^error: [^\n]+is invalid/ },
  'audit verify': nothing,
  'user list': nothing,
  'user set-access': { args: [...ada, '--access', 'admin'], ...nothing },
  'user disable': { args: ada, ...nothing },
  'user enable': { args: ada, ...nothing },
  'user reset-password': { args: ada, ...nothing },
  'user reset-authenticators': { args: ada, ...nothing },
  'service-account create': { args: ['--name', 'reports'], ...nothing },
  'key create': { args: ['--for-guard'], ...nothing },
  'key list': nothing,
  'key revoke': { args: ['01890a5d-ac96-774b-bcce-b302099a8057'], ...nothing },
  // A key that is printed would fail the test.
  'key generate': { args: ['--nothing'], code: 2, says: /^error: unknown option/ },
  'access plan': {
    args: ['--against', resolve('openapi/openapi.json')],
    code: 0,
    says: /^Nobody gets or loses access\.\n$/,
  },
  export: nothing,
  backup: { args: ['copy.db'], ...onlySqlite },
  restore: { args: ['missing.db'], ...onlySqlite, ...(isSqlite && { says: /missing\.db cannot be read/ }) },
  'migrate-to': { args: ['postgresql://127.0.0.1:1/latchkey'], ...onlySqlite },
};

/** Lists all files and folders, below their folder. */
const list = async (folder: string) => (await readdir(folder, { recursive: true })).sort();

t.test('A command that finds no installation makes nothing', async (t) => {
  const names = leaves.map(({ path }) => path.join(' '));
  t.strictSame([...Object.keys(outcomes), ...creating].sort(), names.sort(), 'every command is in a list');
  const { url } = isSqlite ? { url: undefined } : await createDatabase(t);
  const folder = await temporaryFolder(t);
  const cwd = join(folder, 'empty');
  await mkdir(cwd);
  const variables = {
    DATA_DIR: join(cwd, 'data'),
    DATABASE_URL: url ?? `file:${join(cwd, 'data', 'latchkey.db')}`,
    PUBLIC_URL,
  };
  const extra: Record<string, Outcome> = {
    'import --dry-run': { args: [join(folder, 'users.jsonl')], ...nothing },
    'export users.jsonl': nothing,
    'restore --in-place': nothing,
  };
  await writeFile(join(folder, 'users.jsonl'), '');
  for (const [name, { args = [], code, says }] of Object.entries({ ...outcomes, ...extra })) {
    const ended = await latchkey([...name.split(' '), ...args], {
      variables,
      cwd,
      input: `${PASSWORD}\n`,
      known: contract,
    });
    t.equal(ended.code, code, name);
    t.match(code === 0 ? ended.stdout : ended.stderr, says, name);
    if (code !== 0) t.equal(ended.stdout, '', name);
    t.strictSame(await list(cwd), [], `${name} leaves the folder empty`);
    if (url !== undefined) t.ok((await readMigrationState(url)).isEmpty, `${name} makes no tables`);
  }
});

t.test('A command on existing accounts makes no second secret in a mistyped folder', async (t) => {
  const { url } = await createMigratedDatabase(t);
  const folder = await temporaryFolder(t);
  const variables = { DATA_DIR: join(folder, 'mistyped'), DATABASE_URL: url, PUBLIC_URL };
  for (const args of [
    ['audit', 'verify'],
    ['user', 'list'],
    ['user', 'disable', ...ada],
  ]) {
    const { code, stdout, stderr } = await latchkey(args, { variables });
    t.match({ code, stdout }, { code: 1, stdout: '' }, args.join(' '));
    t.match(stderr, /^latchkey: [^\n]+secret does not exist: set SECRET, or DATA_DIR to [^\n]+\n$/);
    t.strictSame(await list(folder), [], args.join(' '));
  }
  t.match(await latchkey(['export'], { variables }), { code: 0, stdout: '' }, 'an export needs no secret');
  t.strictSame(await list(folder), []);
});

t.test('A command that reads migrates no database, and records no levels', async (t) => {
  const { url, kind } = await createDatabase(t);
  const folder = await temporaryFolder(t);
  const earlier = join(folder, 'migrations');
  await cp(migrationsFolder(kind), earlier, { recursive: true });
  const last =
    (await readdir(earlier))
      .filter((name) => /^\d/.test(name))
      .sort()
      .at(-1) ?? '';
  await cp(earlier, join(folder, 'fewer'), { recursive: true, filter: (path) => !path.includes(last) });
  await migrate(url, join(folder, 'fewer'));
  const variables = { DATA_DIR: join(folder, 'data'), DATABASE_URL: url, PUBLIC_URL, SECRET };
  const reading = [['audit', 'verify'], ['user', 'list'], ['user', 'list', '--disabled'], ['export']];
  for (const args of reading) {
    const { code, stderr } = await latchkey(args, { variables });
    t.equal(code, 1, args.join(' '));
    t.match(stderr, new RegExp(`^latchkey: the database is of an earlier version[^\\n]+${last}[^\\n]+\\n$`));
  }
  t.strictSame((await readMigrationState(url)).pending, [last]);

  await migrate(url);
  for (const args of reading) t.match(await latchkey(args, { variables }), { code: 0, stderr: '' });
  const { db, close } = openDatabase(url);
  t.teardown(close);
  t.equal(await db.accessLevel.count(), 0);
  t.equal(await db.auditEvent.count(), 0);
});

t.test('An empty database file is not taken for an installation', async (t) => {
  const { url, kind } = await createDatabase(t);
  if (kind === 'sqlite') await writeFile(sqlitePath(url), '');
  const variables = { DATA_DIR: await temporaryFolder(t), DATABASE_URL: url, PUBLIC_URL, SECRET };
  for (const args of [['audit', 'verify'], ['export'], ['user', 'disable', ...ada]]) {
    const { code, stderr } = await latchkey(args, { variables });
    t.equal(code, 1, args.join(' '));
    t.match(stderr, /^latchkey: the database has no tables of Latchkey: [^\n]+latchkey migrate\)?\n$/);
  }
});
