/**
 * Input of `latchkey user create` from the command line, a pipe or a terminal: accepted and refused.
 *
 * @runs once, on SQLite: user-create.test.ts tests its effects.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { openDatabase } from '#latchkey/db/open.ts';
import { type Ended, latchkey, serve, temporaryFolder, type Variables } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD, type Teardown } from '../helper.ts';

const grace = ['user', 'create', '--email', 'grace@example.com', '--name', 'Grace Hopper'];
const credentials = { email: 'grace@example.com', password: PASSWORD };

async function variablesFor(t: Teardown): Promise<Variables> {
  const { url } = await createMigratedDatabase(t);
  return { DATA_DIR: await temporaryFolder(t), DATABASE_URL: url };
}

async function countUsers({ DATABASE_URL = '' }: Variables): Promise<number> {
  const database = openDatabase(DATABASE_URL);
  try {
    return await database.db.user.count();
  } finally {
    await database.close();
  }
}

/** Waits for each prompt on a pseudo terminal, types the answer, and prints all that the terminal showed. */
const terminal = `
import json, os, pty, sys
steps = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
shown, mark = b'', 0
while True:
    try:
        chunk = os.read(fd, 1024)
    except OSError:
        break
    if not chunk:
        break
    shown += chunk
    if steps and steps[0][0].encode() in shown[mark:]:
        mark = len(shown)
        os.write(fd, steps.pop(0)[1].encode())
os.write(1, shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

function onTerminal(
  args: readonly string[],
  steps: readonly [prompt: string, answer: string][],
  variables: Variables,
): Promise<Ended> {
  const command = [process.execPath, 'bin/latchkey.js', ...args];
  return latchkey(['-c', terminal, JSON.stringify(steps), ...command], { command: 'python3', variables });
}

t.test('The command user create works before the first start', async (t) => {
  const DATA_DIR = join(await temporaryFolder(t), 'data');
  t.equal(
    (await latchkey([...grace, '--access', '2'], { variables: { DATA_DIR }, input: PASSWORD })).code,
    0,
  );
  t.equal((await stat(DATA_DIR)).mode & 0o777, 0o700);
  for (const name of await readdir(DATA_DIR))
    t.equal((await stat(join(DATA_DIR, name))).mode & 0o777, 0o600, name);
  const service = await serve(t, { DATA_DIR });
  t.notMatch(service.stdout(), 'no admin');
  t.equal((await service.ask('POST', '/login', { body: credentials })).status, 200);
});

t.test('The option --access takes a name or a number of a level, and is `user` by default', async (t) => {
  const variables = { ...(await variablesFor(t)), ACCESS_LEVELS: 'guest:0,user:1,moderator:5,admin:10' };
  const levels: [string[], object][] = [
    [[], { access: 1, accessName: 'user' }],
    [['--access', 'moderator'], { access: 5, accessName: 'moderator' }],
    [['--access', '10'], { access: 10, accessName: 'admin' }],
    [['--access=0'], { access: 0, accessName: 'guest' }],
  ];
  for (const [index, [args, expected]] of levels.entries()) {
    const all = ['user', 'create', '--email', ` N${index}@Example.com`, '--name', 'Ñ', '--json', ...args];
    const { code, stdout } = await latchkey(all, { variables, input: `${PASSWORD}\r\nmore` });
    t.equal(code, 0);
    t.equal(stdout.trimEnd().split('\n').length, 1);
    const user = JSON.parse(stdout);
    t.match(user, { email: `n${index}@example.com`, name: 'Ñ', disabled: false, ...expected });
    t.strictSame(Object.keys(user).sort(), [
      'access',
      'accessName',
      'accessUntil',
      'createdAt',
      'disabled',
      'email',
      'id',
      'kind',
      'name',
      'permanentAccess',
      'secondFactor',
      'updatedAt',
    ]);
  }
});

t.test('A usage error of user create has exit code 2, and says what is expected', async (t) => {
  const variables = await variablesFor(t);
  const create = ['user', 'create'];
  const wrong: [string[], string, RegExp][] = [
    [[...create, '--name', 'Grace'], PASSWORD, /required option '--email <address>' not specified/],
    [[...create, '--email', 'grace@example.com'], PASSWORD, /required option '--name <name>' not specified/],
    [
      [...create, '--email', 'grace', '--name', 'Grace'],
      PASSWORD,
      /^latchkey: --email must be an email address/,
    ],
    [
      [...create, '--email', 'grace@example.com', '--name', ' '],
      PASSWORD,
      /^latchkey: --name must be a name that is not blank/,
    ],
    [
      [...create, '--email', 'grace@example.com', '--name', 'a\nb'],
      PASSWORD,
      /^latchkey: --name must be a name that is not blank/,
    ],
    [
      [...grace, '--access', 'root'],
      PASSWORD,
      /^latchkey: --access must be one of 0 \(guest\), 1 \(user\), 2 \(admin\), by name or number/,
    ],
    [[...grace, '--access', '7'], PASSWORD, /^latchkey: --access must be one of/],
    [[...grace, '--access', '02'], PASSWORD, /^latchkey: --access must be one of/],
    [grace, 'fourteen chars', /^latchkey: The password must have 15 to 128 characters/],
    [grace, 'x'.repeat(129), /^latchkey: The password must have 15 to 128 characters/],
    [grace, '', /^latchkey: The password must have 15 to 128 characters/],
    [[...grace, '--password', PASSWORD], '', /unknown option '--password'/],
  ];
  for (const [args, input, message] of wrong) {
    const { code, stdout, stderr } = await latchkey(args, { variables, input });
    t.equal(code, 2, args.slice(2).join(' '));
    t.equal(stdout, '');
    t.match(stderr, message);
    if (input.trim() !== '') t.notOk(stderr.includes(input), 'the password is not repeated');
  }
  t.equal(await countUsers(variables), 0);
});

t.test('The command user create prompts twice on a terminal, without echo', async (t) => {
  const variables = await variablesFor(t);
  const typed: [string, [string, string][], number, RegExp][] = [
    [
      'twice the same',
      [
        ['Password: ', `${PASSWORD}\r`],
        ['again: ', `${PASSWORD}\r`],
      ],
      0,
      /Password: \r\nPassword again: \r\nCreated grace@/,
    ],
    ['pasted in one go', [['Password: ', `${PASSWORD}\r${PASSWORD}\r`]], 1, /There is an account/],
    [
      'another the second time',
      [
        ['Password: ', `${PASSWORD}\r`],
        ['again: ', 'something else that is long\r'],
      ],
      2,
      /The two passwords differ/,
    ],
    [
      'nothing but Enter',
      [
        ['Password: ', '\r'],
        ['again: ', '\r'],
      ],
      2,
      /The password must have 15/,
    ],
    ['Ctrl-C', [['Password: ', 'half a pass\x03']], 2, /No password was given/],
    [
      'Ctrl-D',
      [
        ['Password: ', `${PASSWORD}\r`],
        ['again: ', '\x04'],
      ],
      2,
      /No password was given/,
    ],
    [
      'the first again with the arrow up',
      [
        ['Password: ', `${PASSWORD}\r`],
        ['again: ', '\x1b[A\r'],
      ],
      2,
      /The two passwords differ/,
    ],
  ];
  for (const [name, steps, code, message] of typed) {
    const ended = await onTerminal(grace, steps, variables);
    t.equal(ended.code, code, `${name}: ${ended.stdout}`);
    t.match(ended.stdout, message, name);
    for (const text of ['something else', 'half a pass']) t.notOk(ended.stdout.includes(text), name);
  }
  t.equal(await countUsers(variables), 1);
});
