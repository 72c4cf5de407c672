/**
 * The properties that all commands share (help, exit codes), `openapi`, and the start by `npx`.
 *
 * @runs once, on SQLite: it is about the command line.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { packageRoot, version } from '#latchkey/config/index.ts';
import { latchkey, temporaryFolder } from '../child.ts';
import { createDatabase } from '../database.ts';
import { leaves } from './program.ts';

/** Commands that print nothing, or that always print JSON. */
const withoutJson = ['serve', 'openapi'];

/** Names of secrets. Every user of the machine can see arguments (CWE-214). */
const secret = /password|secret|token|private|hash/i;

t.test('The help of each command has a description, the exit codes and an example', async (t) => {
  const overview = await latchkey(['--help'], { isOwnProcess: true });
  t.equal(overview.code, 0);
  t.match(overview.stdout, 'Exit codes: 0 success, 1 failure, 2 usage error.');
  t.ok(leaves.length >= 17, `${leaves.length} commands`);
  for (const { path } of leaves) {
    const name = path.join(' ');
    t.match(overview.stdout, new RegExp(`^ {2}${path[0]}\\b`, 'm'));
    const { code, stdout, stderr } = await latchkey([...path, '--help']);
    t.equal(code, 0, name);
    t.match(stdout, new RegExp(`^Usage: latchkey ${name} .*\\n\\n\\S.{20}`), name);
    t.match(stdout, /\nExit codes: 0 success\b[^\n]*, 1 failure\b[^\n]*, 2 usage error\b/, name);
    t.match(stdout, new RegExp(`\\nExamples?:\\n {2}.*latchkey ${name}`), name);
    t.equal(stderr, '', name);
  }
});

t.test('Each command with a result has the option --json', async (t) => {
  for (const { path, command } of leaves) {
    const name = path.join(' ');
    const hasJson = command.options.some(({ long }) => long === '--json');
    t.equal(hasJson, !withoutJson.includes(name), name);
  }
});

t.test('No command takes a secret as an argument', async (t) => {
  for (const { path, command } of leaves) {
    const options = command.options.filter(({ required, optional }) => required || optional);
    const names = [
      ...options.map(({ flags }) => flags),
      ...command.registeredArguments.map((arg) => arg.name()),
    ];
    t.notOk(
      names.find((name) => secret.test(name)),
      path.join(' '),
    );
  }
});

t.test('The option --version prints the version of the package', async (t) => {
  t.match(await latchkey(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
});

t.test('A usage error has exit code 2, and standard error says what is wrong', async (t) => {
  const wrong: [string[], RegExp][] = [
    [[], /Usage: latchkey/],
    [['user'], /Usage: latchkey user/],
    [['srve'], /unknown command 'srve'/],
    [['user', 'destroy'], /unknown command 'destroy'/],
    [['serve', '--port', '80'], /unknown option '--port'/],
    [['migrate', 'twice'], /too many arguments/],
  ];
  for (const [args, message] of wrong) {
    const { code, stdout, stderr } = await latchkey(args);
    t.equal(code, 2, args.join(' '));
    t.match(stderr, message);
    t.equal(stdout, '');
  }
});

t.test('A failure has exit code 1', async (t) => {
  const ended = await latchkey(['migrate'], { variables: { PORT: 'abc' } });
  t.match(ended, { code: 1, stdout: '', stderr: 'latchkey: PORT must be integer (example: PORT=3000)\n' });
});

t.test('The command openapi prints the committed contract, and leaves no files', async (t) => {
  const [TMPDIR, folder] = [await temporaryFolder(t), await temporaryFolder(t)];
  const DATA_DIR = join(folder, 'data');
  // The document needs neither of them, and neither may be changed.
  const variables = {
    TMPDIR,
    DATA_DIR,
    DATABASE_URL: 'postgresql://ada@127.0.0.1:1/latchkey',
    LOG_LEVEL: 'trace',
  };
  const known = readFileSync('openapi/openapi.json', 'utf8');
  const { code, stdout, stderr } = await latchkey(['openapi'], { variables, known });
  t.equal(code, 0);
  t.equal(stderr, '');
  t.ok(stdout === known, 'it is openapi/openapi.json');
  t.equal((await latchkey(['openapi'], { variables: { ...variables, PORT: 'abc' } })).code, 1);
  t.strictSame(await readdir(TMPDIR), []);
  t.notOk(existsSync(DATA_DIR));
});

t.test('The command runs from another folder, as npx starts it', async (t) => {
  const folder = await temporaryFolder(t);
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '.bin'), { recursive: true });
  await symlink(packageRoot, join(modules, 'latchkey'));
  await symlink('../latchkey/bin/latchkey.js', join(modules, '.bin', 'latchkey'));
  const command = join(modules, '.bin', 'latchkey');
  t.match(await latchkey(['--version'], { command, cwd: folder }), { code: 0, stdout: `${version}\n` });

  const { url } = await createDatabase(t);
  const variables = { DATABASE_URL: url, DATA_DIR: join(folder, 'data') };
  t.match(await latchkey(['migrate'], { command, cwd: folder, variables }), {
    code: 0,
    stdout: /^Applied: /,
  });
});
