/**
 * `latchkey export` and `latchkey import`: users from one installation to another, and from other software.
 */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { bin, latchkey, serve } from '../child.ts';
import { PASSWORD } from '../helper.ts';
import { noteSecretsIn } from '../secret-log.ts';
import { installation } from './installation.ts';

/** A hash of {@link PASSWORD}. */
const bcrypt = '$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG';

/** Reads the rows, without the columns that an import sets to new values. */
async function rowsOf(db: Awaited<ReturnType<typeof installation>>['db']) {
  const rows = await db.user.findMany({ orderBy: { id: 'asc' } });
  noteSecretsIn(rows);
  return rows.map(({ generation: _generation, epoch: _epoch, ...row }) => row);
}

t.test('Users can be moved to another installation with their passwords', async (t) => {
  const [from, to] = [await installation(t), await installation(t)];
  const people = [
    { name: 'Ada', email: 'ada@example.com', access: 2, passwordHash: bcrypt, disabled: false },
    {
      name: 'Žofie',
      email: 'zofie@example.com',
      access: 0,
      disabled: true,
      createdAt: '2020-02-29T12:00:00.5Z',
    },
    {
      name: 'Grace',
      email: 'grace@example.com',
      elevation: { access: 2, until: '2099-01-01T00:00:00Z' },
      passwordHash: bcrypt,
    },
  ];
  const file = join(from.folder, 'people.jsonl');
  await writeFile(file, `\ufeff${people.map((line) => JSON.stringify(line)).join('\r\n')}`);
  const done = await latchkey(['import', file], from);
  t.match(done, { code: 0, stdout: '3 created, 0 skipped (they exist), 0 invalid\n', stderr: '' });

  const exported = join(from.folder, 'users.jsonl');
  const written = await latchkey(['export', exported, '--json'], from);
  t.strictSame(JSON.parse(written.stdout), {
    file: exported,
    users: 3,
    omittedSecondFactors: 0,
    omittedPasskeys: 0,
    omittedServiceAccounts: 0,
    omittedApiKeys: 0,
  });
  t.equal((await stat(exported)).mode & 0o777, 0o600);
  const lines = (await readFile(exported, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.strictSame(Object.keys(lines[0]), [
    'id',
    'name',
    'email',
    'access',
    'elevation',
    'disabled',
    'createdAt',
    'updatedAt',
    'passwordHash',
  ]);
  t.strictSame(
    lines.map(({ id }) => id),
    lines.map(({ id }) => id).sort(),
  );
  t.match(
    lines.find(({ email }) => email === 'zofie@example.com'),
    { access: 0, elevation: null, disabled: true, createdAt: '2020-02-29T12:00:00.500Z', passwordHash: null },
  );

  const moved = await latchkey(['import', '-', '--json'], { ...to, input: await readFile(exported, 'utf8') });
  t.match(JSON.parse(moved.stdout), { complete: true, dryRun: false, created: 3, skipped: 0, failed: 0 });
  t.strictSame(await rowsOf(to.db), await rowsOf(from.db));
  t.equal(
    await to.db.user.count({ where: { generation: { gt: 100_000_000 } } }),
    3,
    'tokens of there are below',
  );

  const service = await serve(t, to.variables);
  const { body } = await service.ask('POST', '/login', {
    body: { email: 'ada@example.com', password: PASSWORD },
  });
  t.equal((await service.ask('GET', '/control-panel', { token: body.accessToken })).status, 200);

  const again = await latchkey(['import', exported], to);
  t.match(again, { code: 0, stdout: '0 created, 3 skipped (they exist), 0 invalid\n' });
  t.equal((await service.ask('GET', '/me', { token: body.accessToken })).status, 200, 'nobody is signed out');
  const events = await to.db.auditEvent.findMany({ where: { action: 'user.created' } });
  t.equal(events.length, 3, 'an event for each, and none for those who were skipped');
  const { import: importId } = JSON.parse(moved.stdout);
  for (const { after, actorId } of events) {
    t.match(JSON.parse(after ?? ''), { import: importId });
    t.equal(actorId, null);
  }
  await service.stop();
  t.match((await latchkey(['audit', 'verify'], to)).stdout, /^The chain is whole/);
});

t.test('Invalid lines are reported, and the other lines are imported', async (t) => {
  const { db, variables, folder } = await installation(t);
  const id = '01890a5d-ac96-774b-bcce-b302099a8057';
  const ada = { name: 'Ada', email: 'ada@example.com', passwordHash: bcrypt };
  const first = join(folder, 'first.jsonl');
  await writeFile(first, `${JSON.stringify({ ...ada, id })}\n`);
  t.equal((await latchkey(['import', first], { variables })).code, 0);
  const before = await rowsOf(db);

  const lines: [line: string | object, problem?: RegExp][] = [
    [{ name: 'Good', email: 'good@example.com' }],
    ['{"name": "Cut', /^is not a JSON object$/],
    ['[1]', /^is not a JSON object$/],
    [''],
    [{ name: 'No address' }, /^email is missing$/],
    [{ name: 'Bad', email: 'nobody' }, /^email must be an email address, in ASCII characters before the @$/],
    [{ name: ' ', email: 'blank@example.com' }, /^name must be a name that is not blank/],
    [
      { name: 'A', email: 'a@example.com', admin: true },
      /^"admin" is not known: the members are id, externalId, name/,
    ],
    ['{"name": "A", "email": "a@example.com", "__proto__": {}}', /^"__proto__" is not known/],
    [{ name: 'A', email: 'a@example.com', access: 7 }, /^access must be one of 0 \(guest\), 1 \(user\)/],
    [{ name: 'A', email: 'a@example.com', access: '2' }, /^access must be the number of an access level$/],
    [{ name: 'A', email: 'a@example.com', disabled: 1 }, /^disabled must be true or false$/],
    [{ name: 'A', email: 'a@example.com', id: '7' }, /^id must be a UUIDv7.*goes into externalId$/],
    [
      { name: 'A', email: 'a@example.com', id: 'ffffffff-ac96-774b-bcce-b302099a8057' },
      /^id must not be of a time in the future$/,
    ],
    [{ name: null, email: 'a@example.com' }, /^name is missing$/],
    [{ name: 'A', email: 'a@example.com', createdAt: '2026-02-30' }, /^createdAt must be a time as in/],
    [
      { name: 'A', email: 'a@example.com', createdAt: '2026-02-30T00:00:00Z' },
      /^createdAt must be a time as in/,
    ],
    [
      { name: 'A', email: 'a@example.com', createdAt: '2999-01-01T00:00:00Z' },
      /^createdAt must not be in the future$/,
    ],
    [
      { name: 'A', email: 'a@example.com', elevation: { access: 1, until: '2099-01-01T00:00:00Z' } },
      /^elevation.access must be above access, 1$/,
    ],
    [
      { name: 'A', email: 'a@example.com', passwordHash: 'letmein-in-plain' },
      /^passwordHash is not a hash of argon2/,
    ],
    [
      { name: 'A', email: 'a@example.com', passwordHash: bcrypt.replace('$04', '$31') },
      /^passwordHash has parameters that cost too much to verify: leave it out/,
    ],
    [{ name: 'Good again', email: ' GOOD@example.com' }, /^email is on line 1 too$/],
    [
      { ...ada, id: id.replace('01890a5d', '01890a5e') },
      new RegExp(`^email has an account with another id, ${id}`),
    ],
    [{ name: 'Other', email: 'other@example.com', id }, /^id is that of a user with another address/],
    [{ name: 'x'.repeat(70_000), email: 'long@example.com' }, /^has more than 65536 bytes$/],
    [{ name: 'Last', email: 'last@example.com', passwordHash: null }],
  ];
  const text = lines.map(([line]) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  const file = join(folder, 'users.jsonl');
  await writeFile(file, Buffer.concat([Buffer.from(`${text}\n`), Buffer.from([0x22, 0xff, 0x22])]));

  const expected = [...lines, ['', /^is not UTF-8$/] as const].flatMap(([, problem], index) =>
    problem === undefined ? [] : [{ line: index + 1, problem }],
  );
  const run = async (args: readonly string[]) => {
    const { code, stdout, stderr } = await latchkey(['import', file, '--json', ...args], { variables });
    t.equal(code, 1);
    t.equal(stderr, '');
    const printed = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const found = printed.slice(0, -1).sort((a, b) => a.line - b.line);
    t.equal(found.length, expected.length);
    for (const [index, { line, problem }] of expected.entries()) {
      t.equal(found[index].line, line);
      t.match(found[index].problems[0], problem);
    }
    t.notMatch(stdout, /letmein|abcdefghijklmnopqrst/, 'no hash is repeated');
    return printed.at(-1);
  };
  t.match(await run(['--dry-run']), { dryRun: true, created: 2, skipped: 0, failed: expected.length });
  t.strictSame(await rowsOf(db), before, 'a dry run writes nothing');
  t.match(await run([]), { dryRun: false, created: 2, skipped: 0, failed: expected.length });
  t.equal(await db.user.count(), 3);
  t.match(await run([]), { created: 0, skipped: 2, failed: expected.length });

  const plain = await latchkey(['import', file], { variables });
  t.match(plain, { code: 1, stdout: `0 created, 2 skipped (they exist), ${expected.length} invalid\n` });
  t.match(plain.stderr, /^line 2: is not a JSON object$/m);
});

t.test('A user who was just deleted can be imported only with another id', async (t) => {
  const { db, variables, folder } = await installation(t);
  const service = await serve(t, variables);
  const admin = ['user', 'create', '--email', 'boss@example.com', '--name', 'Boss', '--access', 'admin'];
  await latchkey(admin, { variables, input: PASSWORD });
  const file = join(folder, 'users.jsonl');
  await latchkey(['user', 'create', '--email', 'ada@example.com', '--name', 'Ada'], {
    variables,
    input: PASSWORD,
  });
  await latchkey(['export', file], { variables });
  const { body } = await service.ask('POST', '/login', {
    body: { email: 'boss@example.com', password: PASSWORD },
  });
  const { id } = await db.user.findUniqueOrThrow({ where: { email: 'ada@example.com' } });
  t.equal((await service.ask('DELETE', `/users/${id}`, { token: body.accessToken })).status, 204);
  const ended = await latchkey(['import', file], { variables });
  t.match(ended, { code: 1, stdout: '0 created, 1 skipped (they exist), 1 invalid\n' });
  t.match(ended.stderr, /^line 2: id is that of a user who was deleted in the last hours/);
  await service.stop();
  // A day later, when no job has run: the data of the deleted user would be taken for the new one's.
  await db.revocation.deleteMany();
  await db.erasure.create({ data: { subjectId: id, requestedAt: new Date() } });
  t.match(await latchkey(['import', file], { variables }), { code: 1, stdout: /^0 created/ });
  await db.erasure.deleteMany();
  t.match(await latchkey(['import', file], { variables }), { code: 0, stdout: /^1 created/ });
});

t.test(
  'An export to standard output can leave out the hashes, and ends when the reader closes the pipe',
  async (t) => {
    const { variables, folder } = await installation(t);
    const file = join(folder, 'users.jsonl');
    const people = Array.from({ length: 3_000 }, (_, n) =>
      JSON.stringify({ name: `Somebody ${n}`, email: `somebody-${n}@example.com`, passwordHash: bcrypt }),
    );
    await writeFile(file, people.join('\n'));
    t.match(await latchkey(['import', file], { variables }), { code: 0, stdout: /^3000 created/ });
    const { code, stdout, stderr } = await latchkey(['export', '--without-passwords'], { variables });
    t.match({ code, stderr }, { code: 0, stderr: '' });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    t.equal(new Set(lines.map(({ email }) => email)).size, 3_000);
    t.notOk(lines.some((line) => 'passwordHash' in line));
    const dash = await latchkey(['export', '-', '--without-passwords'], { variables });
    t.strictSame([dash.code, dash.stdout], [0, stdout], '- is standard output');
    const script = `"$0" "$1" export --without-passwords | head -n 1`;
    const cut = await latchkey(['-c', script, process.execPath, bin], { variables, command: 'sh' });
    t.match(cut, { code: 0, stderr: '' });
    t.equal(cut.stdout.split('\n').length, 2);
  },
);
