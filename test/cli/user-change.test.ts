/** `latchkey user list`, `set-access`, `disable` and `enable`, with a running service. */
import t from 'tap';
import { openDatabase } from '#latchkey/db/open.ts';
import { latchkey, type Service, serve, temporaryFolder, type Variables } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD, PUBLIC_URL } from '../helper.ts';
import { until } from '../until.ts';

/** Time in which every service applies a change. */
const MAX_DELAY_MS = 2_000;

const { url } = await createMigratedDatabase(t);
const variables: Variables = { DATA_DIR: await temporaryFolder(t), DATABASE_URL: url, PUBLIC_URL };
const { db, close } = openDatabase(url);
t.teardown(close);

const people = [
  ['admin@example.com', 'Admin', 'admin'],
  ['ada@example.com', 'Ada Lovelace', 'admin'],
  ['grace@example.com', 'Grace Hopper', 'user'],
] as const;
for (const [email, name, access] of people) {
  const args = ['user', 'create', '--email', email, '--name', name, '--access', access];
  if ((await latchkey(args, { variables, input: PASSWORD })).code !== 0)
    throw new Error(`There is no ${name}`);
}

const run = (...args: string[]) => latchkey(['user', ...args], { variables });

async function signIn(service: Service, email: string) {
  return (await service.ask('POST', '/login', { body: { email, password: PASSWORD } })).body;
}

/** Waits until a token is refused. @returns milliseconds since a given time */
async function refusedAfter(service: Service, token: string, since: number): Promise<number> {
  await until(async () => (await service.ask('GET', '/me', { token })).status === 401);
  return performance.now() - since;
}

t.test('A running service applies another level within 2 seconds', async (t) => {
  const service = await serve(t, variables);
  const { accessToken, refreshToken } = await signIn(service, 'ada@example.com');
  t.equal((await service.ask('GET', '/control-panel', { token: accessToken })).status, 200);
  const ended = await run(
    'set-access',
    '--email',
    ' Ada@example.com',
    '--access',
    'guest',
    '--reason',
    'left us',
  );
  const took = await refusedAfter(service, accessToken, performance.now());
  t.strictSame(ended, {
    code: 0,
    signal: null,
    stdout: 'ada@example.com has access 0 (guest) now\n',
    stderr: '',
  });
  t.ok(took < MAX_DELAY_MS, `${Math.round(took)} ms`);
  const { body } = await service.ask('POST', '/refresh', { body: { refreshToken } });
  t.equal(
    (await service.ask('GET', '/me', { token: body.accessToken })).body.access,
    0,
    'the session goes on',
  );

  const { id } = await db.user.findUniqueOrThrow({ where: { email: 'ada@example.com' } });
  const event = await db.auditEvent.findFirstOrThrow({
    where: { action: 'user.access-changed', targetId: id },
  });
  t.match(event, {
    actorId: null,
    before: '{"access":2,"accessUntil":null}',
    after: '{"access":0,"accessUntil":null}',
  });
  const personal = await db.personalData.findFirstOrThrow({ where: { eventId: event.id, part: 'target' } });
  t.match(JSON.parse(personal.data), { reason: 'left us' });
  t.equal(await db.mail.count({ where: { template: 'access-changed', recipient: 'ada@example.com' } }), 1);
  t.match(
    (await run('set-access', '--email', 'ada@example.com', '--access', '0')).stdout,
    /has access 0 \(guest\) already/,
  );
  await service.stop();
});

t.test('A level can be given for a limited time', async (t) => {
  const time = new Date(Date.now() + 3_600_000).toISOString();
  const whole = time.replace(/\.\d+/, '.000');
  const ended = await run(
    'set-access',
    '--email',
    'grace@example.com',
    '--access',
    '2',
    '--until',
    time,
    '--json',
  );
  t.match(JSON.parse(ended.stdout), { access: 2, permanentAccess: 1, accessUntil: whole });
  t.match((await run('list', '--access', 'admin')).stdout, `admin until ${whole}`);
  t.match(await run('set-access', '--email', 'grace@example.com', '--access', 'user'), {
    stdout: 'grace@example.com has access 1 (user) now\n',
  });
});

t.test('A user is disabled within 2 seconds, and can be enabled again', async (t) => {
  const service = await serve(t, variables);
  const { accessToken, refreshToken } = await signIn(service, 'grace@example.com');
  const ended = await run('disable', '--email', 'grace@example.com', '--reason', 'stolen laptop');
  const took = await refusedAfter(service, accessToken, performance.now());
  t.match(ended, { code: 0, stdout: 'Disabled grace@example.com: every session has ended\n', stderr: '' });
  t.ok(took < MAX_DELAY_MS, `${Math.round(took)} ms`);
  t.equal((await service.ask('POST', '/refresh', { body: { refreshToken } })).status, 401);
  t.equal((await signIn(service, 'grace@example.com')).status, 401);
  t.match(
    (await run('disable', '--email', 'grace@example.com')).stdout,
    'grace@example.com is disabled already\n',
  );
  t.match(JSON.parse((await run('enable', '--email', 'grace@example.com', '--json')).stdout), {
    disabled: false,
  });
  t.match(
    (await run('enable', '--email', 'grace@example.com')).stdout,
    'grace@example.com is enabled already\n',
  );
  t.type((await signIn(service, 'grace@example.com')).accessToken, 'string');
  t.equal(
    (await service.ask('GET', '/me', { token: accessToken })).status,
    401,
    'tokens of before stay ended',
  );
  const { id } = await db.user.findUniqueOrThrow({ where: { email: 'grace@example.com' } });
  const where = { targetId: id, action: { in: ['user.disabled', 'user.enabled'] } };
  const events = await db.auditEvent.findMany({ where, orderBy: { id: 'asc' } });
  t.strictSame(
    events.map(({ action, actorId }) => [action, actorId]),
    [
      ['user.disabled', null],
      ['user.enabled', null],
    ],
  );
  await service.stop();
});

t.test('The last admin can be neither demoted nor disabled', async (t) => {
  const before = await db.user.findUniqueOrThrow({ where: { email: 'admin@example.com' } });
  for (const args of [['set-access', '--access', 'user'], ['disable']]) {
    const ended = await run(...args, '--email', 'admin@example.com');
    t.match(ended, { code: 1, stdout: '', stderr: /^latchkey: [^\n]*admin[^\n]*\n$/ });
  }
  t.strictSame(await db.user.findUniqueOrThrow({ where: { email: 'admin@example.com' } }), before);
});

t.test('The command user list filters, sorts and prints JSON', async (t) => {
  const listed = async (...args: string[]) => {
    const { code, stdout, stderr } = await run('list', '--json', ...args);
    t.match({ code, stderr }, { code: 0, stderr: '' });
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line).email));
  };
  const [admin, ada, grace] = people.map(([email]) => email);
  t.strictSame(await listed(), [admin, ada, grace]);
  t.strictSame(await listed('--sort=-createdAt'), [grace, ada, admin]);
  t.strictSame(await listed('--sort', 'email', '--limit', '2'), [ada, admin]);
  t.strictSame(await listed('--search', 'ADA'), [ada]);
  t.strictSame(await listed('--search', 'grace@', '--sort', 'email'), [grace]);
  t.strictSame(await listed('--access', 'admin'), [admin]);
  await run('disable', '--email', grace ?? '');
  t.strictSame(await listed('--disabled'), [grace]);
  t.strictSame(await listed('--enabled'), [admin, ada]);
  const { stdout } = await run('list', '--sort', 'name');
  t.match(
    stdout,
    /^ID +ACCESS +STATE +FACTORS +CREATED +EMAIL +NAME\n.* {2}guest +enabled +1 +\S+Z {2}ada@example\.com +Ada Lovelace\n/,
  );
  t.equal((await run('list', '--search', 'nobody')).stdout, '');

  // More users than one page has.
  const {
    id: _id,
    nameKey: _nameKey,
    ...row
  } = await db.user.findUniqueOrThrow({ where: { email: ada ?? '' } });
  const more = Array.from({ length: 450 }, (_, n) => ({
    ...row,
    id: `01890a5d-ac96-774b-bcce-${String(n).padStart(12, '0')}`,
    nameKey: `00${n}`,
    email: `n${n}@example.com`,
    emailKey: `00${n}`,
  }));
  await db.user.createMany({ data: more });
  const all = await listed();
  t.equal(all.length, 453);
  t.equal(new Set(all).size, 453);
  t.equal((await listed('--limit', '201')).length, 201);
});
