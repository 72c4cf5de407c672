/**
 * Commands that fail because a file is missing, damaged or exists: one line that says so, an exit code, and
 * only valid JSON.
 *
 * @runs once, on SQLite: it is about files and the command line.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { sqlitePath } from '#latchkey/db/sqlite/database-file.ts';
import { bin, childEnvironment, latchkey, temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { leaves } from './program.ts';

const { url } = await createMigratedDatabase(t);
const folder = await temporaryFolder(t);
const variables = { DATABASE_URL: url, DATA_DIR: join(folder, 'data') };
const run = (args: readonly string[], own = {}) =>
  latchkey(args, {
    variables: { ...variables, ...own },
    input: `${PASSWORD}\n`,
    cwd: folder,
    isRefused: true,
  });
const ada = ['--email', 'ada@example.com'];

/** Arguments by command: a call that succeeds, in this order, and one that fails. */
const calls: Record<string, readonly [succeeds: string[], fails: string[]]> = {
  migrate: [[], []],
  'user create': [
    [...ada, '--name', 'Ada', '--access', 'admin'],
    [...ada, '--name', 'Ada'],
  ],
  'user list': [[], ['--access', 'nothing']],
  'user set-access': [
    [...ada, '--access', 'admin'],
    [...ada, '--access', 'user'],
  ],
  'user enable': [ada, ['--email', 'nobody@example.com']],
  'user reset-password': [ada, ['--email', 'nobody@example.com']],
  'user reset-authenticators': [ada, ['--email', 'nobody@example.com']],
  backup: [['latest.db'], ['latest.db']],
  export: [['users.jsonl'], ['users.jsonl']],
  import: [['users.jsonl'], ['missing.jsonl']],
  restore: [['latest.db'], ['missing.db']],
  'keys generate': [
    ['--out', 'key.pem'],
    ['--out', 'key.pem'],
  ],
  'audit verify': [[], ['--head', `1:${'a'.repeat(43)}`]],
  'service-account create': [
    ['--name', 'reports'],
    ['--name', 'reports', '--access', 'nothing'],
  ],
  'key create': [
    ['--service-account', 'reports', '--access', 'user'],
    ['--service-account', 'nothing', '--access', 'user'],
  ],
  'key list': [[], ['--service-account', 'nothing']],
  'key generate': [[], ['--nothing']],
  'access plan': [
    ['--against', resolve('openapi/openapi.json')],
    ['--against', 'missing.json'],
  ],
  doctor: [[], []],
};
/** Commands that cannot succeed here: there is no other admin, no such key, and no Postgres. */
const failing: Record<string, string[]> = {
  'user disable': ada,
  'key revoke': ['01890a5d-ac96-774b-bcce-b302099a8057'],
  'migrate-to': ['postgresql://127.0.0.1:1/latchkey'],
};

t.test('Every command with --json prints JSON and nothing else, also when it fails', async (t) => {
  const covered = [...Object.keys(calls), ...Object.keys(failing), 'serve', 'openapi'];
  t.strictSame(covered.sort(), leaves.map(({ path }) => path.join(' ')).sort());
  for (const [name, [succeeds]] of Object.entries(calls)) {
    const { code, stdout, stderr } = await run([...name.split(' '), ...succeeds, '--json']);
    t.match({ code, stderr }, { code: 0, stderr: '' }, name);
    const lines = stdout.trimEnd().split('\n');
    t.ok(lines.length > 0 && lines.every((line) => typeof JSON.parse(line) === 'object'), name);
  }
  const fails = Object.entries(calls).map(([name, [, args]]) => [name, args] as const);
  for (const [name, args] of [...fails, ...Object.entries(failing)]) {
    const { code, stdout, stderr } = await run([...name.split(' '), ...args, '--json'], {
      ...(args.length === 0 && { DATABASE_URL: `file:${join(folder, 'latest.db', 'none.db')}` }),
    });
    t.ok(code === 1 || code === 2, `${name}: ${code}`);
    for (const line of stdout.split('\n').filter((line) => line !== ''))
      t.type(JSON.parse(line), 'object', name);
    t.match(stderr, stdout === '' ? /^[^\n]+\n$/ : /^([^\n]+\n)?$/, name);
  }
});

t.test('A command whose output cannot be written fails', async (t) => {
  if (!existsSync('/dev/full')) return t.comment('there is no /dev/full');
  const printing = [
    ['migrate', '--json'],
    ['user', 'enable', ...ada, '--json'],
    ['user', 'list'],
    ['keys', 'generate'],
    ['openapi'],
    ['doctor'],
    ['export'],
  ];
  for (const args of printing) {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [bin, ...args], {
      env: childEnvironment(variables),
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    const exit = once(child, 'exit');
    const stderr = child.stderr === null ? '' : await text(child.stderr);
    const [code] = await exit;
    t.equal(code, 1, args.join(' '));
    t.match(stderr, /^latchkey: the output cannot be written \(ENOSPC[^\n]+\)\n$/, args.join(' '));
  }
});

t.test('A missing file, or a folder in place of a file, is reported in one line with its name', async (t) => {
  await mkdir(join(folder, 'folder'));
  const wrong: [args: string[], code: number, stderr: RegExp][] = [
    [['backup', ''], 2, /Give the name of a file/],
    [['export', ''], 2, /Give the name of a file/],
    [['import', ''], 2, /Give the name of a file/],
    [['restore', ''], 2, /Give the name of a file/],
    [['keys', 'generate', '--out', ''], 2, /Give the name of a file/],
    [['backup', join('nowhere', 'a.db')], 1, /nowhere does not exist: create the folder first/],
    [['export', join('nowhere', 'a.jsonl')], 1, /nowhere does not exist: create the folder first/],
    [['backup', 'folder', '--force'], 1, /folder exists and is not a file/],
    [['export', 'folder', '--force'], 1, /folder exists and is not a file/],
    [['import', 'folder'], 1, /folder is a folder/],
    [['restore', 'folder'], 1, /folder cannot be read/],
    [['restore', 'users.jsonl'], 1, /users\.jsonl is not a SQLite database/],
    [['backup', sqlitePath(url), '--force'], 1, /is the database itself/],
  ];
  for (const [args, code, stderr] of wrong) {
    const ended = await run(args);
    t.match(ended, { code, stdout: '', stderr }, args.join(' '));
    t.match(ended.stderr, /^[^\n]+\n$/, args.join(' '));
  }
  t.strictSame(await readdir(join(folder, 'folder')), []);
});

t.test(
  'A damaged database, or a file that is not a database, is reported in one line with its name',
  async (t) => {
    const [missing, none, cut, empty] = ['missing.db', 'none.db', 'cut.db', 'empty.db'].map((name) =>
      join(folder, name),
    );
    await writeFile(none!, 'a text that is long enough for the header of a database\n'.repeat(10));
    await writeFile(cut!, await readFile(join(folder, 'latest.db')));
    await truncate(cut!, Math.floor((await stat(cut!)).size / 4096 / 2) * 4096);
    await writeFile(empty!, '');
    for (const [file, args, stderr] of [
      [none, ['migrate'], /none\.db is not a SQLite database/],
      [none, ['user', 'list'], /none\.db is not a SQLite database/],
      [missing, ['user', 'list'], /missing\.db does not exist: no data has been stored yet/],
      [missing, ['export', 'nobody.jsonl'], /missing\.db does not exist: no data has been stored yet/],
      [none, ['serve'], /none\.db is not a SQLite database/],
      [none, ['backup', 'copy.db'], /none\.db is not a SQLite database/],
      [cut, ['backup', 'copy.db'], /cut\.db is damaged/],
      [empty, ['backup', 'copy.db'], /empty\.db is not a Latchkey database/],
    ] as const) {
      const ended = await run(args, { DATABASE_URL: `file:${file}`, PORT: '0' });
      t.match(ended, { code: 1, stdout: '', stderr }, args.join(' '));
      t.match(ended.stderr, /^[^\n]+\n$/, args.join(' '));
    }
    t.notOk((await readdir(folder)).some((name) => /^(copy|missing|nobody)\./.test(name)));
  },
);

t.test('A private key is written together with its public key, or not at all', async (t) => {
  await writeFile(join(folder, 'half.pem.pub'), '');
  const { code, stderr } = await run(['keys', 'generate', '--out', 'half.pem']);
  t.equal(code, 2);
  t.match(stderr, 'half.pem.pub exists');
  t.notOk(existsSync(join(folder, 'half.pem')));
});
