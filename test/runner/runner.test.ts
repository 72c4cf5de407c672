/**
 * The test runner, with files that are made to fail: `*.planted.ts`.
 *
 * @runs once, on SQLite: the planted files do so too.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { utimes } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { until } from '../until.ts';

const root = resolve(import.meta.dirname, '../..');

function start(...args: string[]): ChildProcessWithoutNullStreams {
  const command = ['test/run.ts', '--suite=planted', '--db=sqlite', ...args];
  return spawn(process.execPath, command, { cwd: root, env: { ...process.env, TAP_GREP: undefined } });
}

async function run(...args: string[]) {
  const child = start(...args);
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { output, errors, code, lines: output.split('\n') };
}

t.test('The runner names each failure, and fails the run', async (t) => {
  const { output, code, lines } = await run();
  const line = (file: string) => lines.find((line) => line.includes(`/${file}.planted.ts on SQLite`)) ?? '';
  const isBelow = (text: RegExp, file: string) => {
    const below = lines.slice(lines.indexOf(line(file)) + 1);
    t.ok(
      below
        .slice(
          0,
          below.findIndex((line) => !line.startsWith('     ')),
        )
        .some((line) => text.test(line)),
      `${file}: ${text}`,
    );
  };
  t.equal(code, 1);
  t.match(line('good'), /^ok {3}\S+ on SQLite \(3 passed, /);
  t.match(line('bad'), /^FAIL \S+ on SQLite \(3 failed, /);
  isBelow(
    /not ok: \S*\/bad\.planted\.ts > This test fails > arithmetic \(\S*\/bad\.planted\.ts:5:5\)/,
    'bad',
  );
  isBelow(/not ok: \S*\/bad\.planted\.ts > This test throws > thrown in a test/, 'bad');
  isBelow(/skipped: \S*\/bad\.planted\.ts > This test is skipped/, 'bad');
  t.match(line('leaks'), /^FAIL /);
  isBelow(/printed a secret: .*a secret of the planted test/, 'leaks');
  t.match(line('open'), /^FAIL /);
  isBelow(/open\.planted\.ts > left open: TCPServerWrap/, 'open');
  t.match(line('dies'), /^FAIL \S+ on SQLite \(.*SIGKILL/);
  t.match(line('empty'), /^FAIL \S+ on SQLite/);
  t.match(output, /\n7 passed, 7 failed in [\d.]+ s\n$/, 'good 3, bad 1, leaks 1, open 1, dies 1');
});

t.test('The option -t runs the tests whose name contains a text', async (t) => {
  const one = await run('good', 'bad', '-t', 'a planted TEST');
  t.match(
    one.output,
    /^ok {3}\S+good\.planted\.ts on SQLite \(1 passed, .*\n(.*\n)*\n1 passed, 0 failed in /,
  );
  t.notMatch(one.output, 'bad.planted.ts');
  t.equal(one.code, 0);
  const none = await run('good', '-t', 'a planted .est');
  t.match(none.output, 'has a planted .est in its name');
  t.equal(none.code, 1, 'a name is no pattern, and nothing has run');
});

t.test('The option --watch runs the tests again after a change, until it is stopped', async (t) => {
  const child = start('good', '--watch');
  t.teardown(() => child.kill('SIGTERM'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const hasRun = (times: number) => () => output.split('Waiting for a change').length === times + 1;
  await until(hasRun(1), 60);
  const now = new Date();
  await utimes(resolve(root, 'test/runner/planted/good.planted.ts'), now, now);
  await until(hasRun(2), 60);
  t.equal(output.match(/^3 passed, 0 failed/gm)?.length, 2);
  child.kill('SIGTERM');
  t.strictSame(await once(child, 'exit'), [143, null]);
});

t.test('An argument that the runner does not know is an error', async (t) => {
  for (const [args, message] of [
    [['no-such-file'], 'no test file that runs on sqlite has no-such-file in its path'],
    [['--inspect'], '--inspect is for one file'],
    [['--db=oracle'], '--db is one of sqlite, postgres, pgbouncer'],
    [['--no-such-option'], "Unknown option '--no-such-option'"],
  ] as const) {
    const { code, errors } = await run(...args);
    t.match(errors, message);
    t.equal(code, 1, message);
  }
});
