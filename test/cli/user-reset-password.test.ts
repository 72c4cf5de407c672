/** `latchkey user reset-password`: for a user who forgot the password, or whose account is locked. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { Hmac } from '#latchkey/crypto/hmac.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { Throttle } from '#latchkey/throttle/throttle.ts';
import { latchkey, type Service, serve, temporaryFolder, type Variables } from '../child.ts';
import { createDatabase } from '../database.ts';
import { PASSWORD, PUBLIC_URL } from '../helper.ts';
import { until } from '../until.ts';

const NEW_PASSWORD = 'a password that was set anew';
const SECRET = 'the secret of a test, which is longer than 32 characters';
const email = 'grace@example.com';
const reset = ['user', 'reset-password', '--email', email];

const { url } = await createDatabase(t);
const variables: Variables = {
  DATA_DIR: await temporaryFolder(t),
  DATABASE_URL: url,
  PUBLIC_URL,
  SECRET,
};
const database = openDatabase(url);
t.teardown(() => database.close());
const { db } = database;

const create = ['user', 'create', '--email', email, '--name', 'Grace Hopper'];
if ((await latchkey(create, { variables, input: PASSWORD })).code !== 0) throw new Error('There is no Grace');

const signIn = (service: Service, password: string) =>
  service.ask('POST', '/login', { body: { email, password } });

t.test('A locked account is unlocked, and accepts only the new password', async (t) => {
  const service = await serve(t, variables);
  const { body } = await signIn(service, PASSWORD);
  await service.ask('POST', '/password/forgot', { body: { email } });
  // 100 wrong passwords in a row, from networks that Grace does not use.
  await db.knownNetwork.deleteMany();
  const throttle = new Throttle(database, new Hmac({ current: SECRET, previous: undefined }, 'throttle'));
  const id = throttle.hash(['account', email]);
  await db.failedTries.update({ where: { id }, data: { failures: 100 } });
  t.equal((await signIn(service, PASSWORD)).status, 401, 'it is closed');

  const ended = await latchkey([...reset.slice(0, 3), ' Grace@Example.com'], {
    variables,
    input: `${NEW_PASSWORD}\n`,
  });
  t.strictSame(ended, {
    code: 0,
    signal: null,
    stdout: 'Set the password of grace@example.com: every session has ended\n',
    stderr: '',
  });
  t.equal((await signIn(service, NEW_PASSWORD)).status, 200);
  t.equal((await signIn(service, PASSWORD)).status, 401);
  const { accessToken: token, refreshToken } = body;
  t.equal((await service.ask('POST', '/refresh', { body: { refreshToken } })).status, 401);
  await until(async () => (await service.ask('GET', '/me', { token })).status === 401);
  t.equal(await db.passwordReset.count(), 0, 'the mailed token is void');
  const event = await db.auditEvent.findFirstOrThrow({ where: { action: 'user.password-reset' } });
  const grace = await db.user.findUniqueOrThrow({ where: { email } });
  t.match(event, { actorId: null, targetId: grace.id });
  await until(async () => (await mails()).some((mail) => /^Subject: Your password was/m.test(mail)));
  await service.stop();
});

/** Reads the mails that the service has sent: files, because there is no mail server. */
async function mails(): Promise<string[]> {
  const folder = join(variables.DATA_DIR ?? '', 'outbox');
  const names = await readdir(folder).catch(() => []);
  return Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
}

t.test('The option --json prints the user, and a disabled user stays disabled', async (t) => {
  await db.user.update({ where: { email }, data: { disabled: true } });
  const { code, stdout } = await latchkey([...reset, '--json'], { variables, input: PASSWORD });
  t.equal(code, 0);
  t.match(JSON.parse(stdout), { email, disabled: true });
  t.match(await latchkey(reset, { variables, input: PASSWORD }), {
    stdout: 'Set the password of grace@example.com: every session has ended; the account is still disabled\n',
  });
});

t.test(
  'The command user reset-password with invalid input says what is wrong, and changes nothing',
  async (t) => {
    const before = await db.user.findUniqueOrThrow({ where: { email } });
    const wrong: [string[], string, number, RegExp][] = [
      [['user', 'reset-password'], NEW_PASSWORD, 2, /required option '--email <address>' not specified/],
      [[...reset.slice(0, 3), 'grace'], NEW_PASSWORD, 2, /^latchkey: --email must be an email address/],
      [reset, 'fourteen chars', 2, /^latchkey: The password must have 15 to 128 characters/],
      [[...reset, '--password', NEW_PASSWORD], '', 2, /unknown option '--password'/],
      [
        [...reset.slice(0, 3), 'nobody@example.com'],
        NEW_PASSWORD,
        1,
        /^latchkey: There is no user with this email address\.\n$/,
      ],
      [reset, 'passwordpassword', 1, /^latchkey: password is one of the most common passwords/],
      [reset, 'Grace Hopper 1906', 1, /^latchkey: password must be more than your name or address/],
    ];
    for (const [args, input, code, message] of wrong) {
      const ended = await latchkey(args, { variables, input });
      t.match({ code: ended.code, stdout: ended.stdout }, { code, stdout: '' }, message.source);
      t.match(ended.stderr, message);
      if (input !== '') t.notOk(ended.stderr.includes(input), 'the password is not repeated');
    }
    t.strictSame(await db.user.findUniqueOrThrow({ where: { email } }), before);
  },
);
