/**
 * Input that the user commands refuse, and files that an export does not overwrite.
 *
 * @runs once, on SQLite: user-change.test.ts and export-import.test.ts test their effects.
 */
import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { latchkey } from '../child.ts';
import { PASSWORD } from '../helper.ts';
import { installation } from './installation.ts';

t.test('An export never overwrites a file, and is not visible before it is complete', async (t) => {
  const { variables, folder } = await installation(t);
  const file = join(folder, 'users.jsonl');
  await writeFile(file, 'something else');
  const refused = await latchkey(['export', file], { variables });
  t.match(refused, {
    code: 1,
    stdout: '',
    stderr: /^latchkey: \S+ exists: choose another name, or replace it with --force\n$/,
  });
  t.equal(await readFile(file, 'utf8'), 'something else');
  t.match(await latchkey(['export', file, '--force'], { variables }), {
    code: 0,
    stdout: /: 0 users, with their password hashes/,
  });
  t.equal(await readFile(file, 'utf8'), '');
  t.equal((await stat(file)).mode & 0o777, 0o600);
  const alias = join(folder, 'link');
  await symlink(file, alias);
  t.match(await latchkey(['export', alias, '--force'], { variables }), {
    code: 1,
    stderr: /exists and is not a file/,
  });
  t.match(await latchkey(['export', '--json'], { variables }), { code: 2, stderr: /--json needs a file/ });
  t.match(await latchkey(['export', join(folder, 'nowhere', 'users.jsonl')], { variables }), {
    code: 1,
    stderr: /^latchkey: [^\n]*nowhere does not exist[^\n]*\n$/,
  });
  t.match(await latchkey(['import', join(folder, 'nothing')], { variables }), {
    code: 1,
    stderr: /^latchkey: ENOENT[^\n]*\n$/,
  });
  t.strictSame((await readdir(folder)).sort(), ['link', 'users.jsonl']);
});

t.test('A user command with invalid input says what is wrong, and changes nothing', async (t) => {
  const { variables, db } = await installation(t);
  const create = ['user', 'create', '--email', 'grace@example.com', '--name', 'Grace'];
  t.equal((await latchkey(create, { variables, input: PASSWORD })).code, 0);
  const before = await db.user.findMany();
  const grace = ['--email', 'grace@example.com'];
  const past = '2020-01-01T00:00:00Z';
  const future = '2099-01-01T00:00:00Z';
  const wrong: [string[], number, RegExp][] = [
    [['set-access', ...grace], 2, /required option '--access <level>' not specified/],
    [['disable'], 2, /required option '--email <address>' not specified/],
    [['set-access', ...grace, '--access', '7'], 2, /^latchkey: --access must be one of 0 \(guest\)/],
    [
      ['set-access', ...grace, '--access', 'admin', '--until', 'soon'],
      2,
      /^latchkey: --until must be a time as in/,
    ],
    [
      ['set-access', ...grace, '--access', 'admin', '--until', past],
      2,
      /^latchkey: --until must be in the future/,
    ],
    [
      ['set-access', ...grace, '--access', 'guest', '--until', future],
      1,
      /^latchkey: access must be above 1/,
    ],
    [['disable', '--email', 'grace'], 2, /^latchkey: --email must be an email address/],
    [['disable', ...grace, '--reason', 'x'.repeat(201)], 2, /^latchkey: --reason must be/],
    [
      ['enable', '--email', 'nobody@example.com'],
      1,
      /^latchkey: There is no user with this email address\.\n$/,
    ],
    [['list', '--limit', '0'], 2, /^latchkey: --limit must be a whole number of at least 1/],
    [['list', '--sort', 'age'], 2, /'--sort <order>' argument 'age' is invalid/],
    [['list', '--disabled', '--enabled'], 2, /cannot be used with option/],
    [['list', '--search', 'a', '--sort', 'createdAt'], 2, /^latchkey: --search searches names/],
  ];
  for (const [args, code, message] of wrong) {
    const ended = await latchkey(['user', ...args], { variables });
    t.match({ code: ended.code, stdout: ended.stdout }, { code, stdout: '' }, message.source);
    t.match(ended.stderr, message);
  }
  t.strictSame(await db.user.findMany(), before);
});
