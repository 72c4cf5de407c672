/**
 * `latchkey audit verify`, with and without a running service, and with a head from its log.
 *
 * @runs once, on Postgres: the command is the same on both; audit/verify.test.ts tests the verification on
 *   both.
 */
import t from 'tap';
import { pruneEvents } from '#latchkey/audit/retention.ts';
import { add, copy, event, head, openTrail, recordAll, SECRET, seal } from '../audit/trail.ts';
import { latchkey, serve, temporaryFolder } from '../child.ts';
import { PASSWORD, PUBLIC_URL } from '../helper.ts';

const command = ['audit', 'verify'];

t.test('The command audit verify finds altered events of a service, and says where they are', async (t) => {
  const { db, audit, url } = await openTrail(t);
  const variables = { DATABASE_URL: url, DATA_DIR: await temporaryFolder(t), SECRET, PUBLIC_URL };

  const service = await serve(t, variables);
  const body = { name: 'Ada', email: 'ada@example.com', password: PASSWORD };
  await service.ask('POST', '/register', { body });
  const whole = await latchkey(command, { variables });
  t.match(whole, { code: 0, stderr: '' }, 'while the service runs');
  t.match(
    whole.stdout,
    /^The chain is whole: \d+ sealed events, \d+ not sealed yet, head (none|\d+:[\w-]{43})\n$/,
  );
  await service.stop();

  await seal(audit);
  const { number, code } = await head(audit);
  const logged = `${number}:${code}`;
  const putBack = await copy(db);
  const summary = `${number} sealed events, 0 not sealed yet, head ${logged}\n`;
  const compared = await latchkey([...command, '--head', logged], { variables });
  t.match(compared, { code: 0, stdout: `The chain is whole: ${summary}`, stderr: '' });

  const { id } = await db.auditEvent.findFirstOrThrow({ where: { number: 2 } });
  await db.auditEvent.update({ where: { id }, data: { count: 5 } });
  await db.auditEvent.delete({ where: { number: 4 } });
  const broken = await latchkey(command, { variables });
  t.match(broken, { code: 1, stderr: '' });
  t.strictSame(broken.stdout.split('\n'), [
    `Event 2 (${id}) does not fit its code: it was altered, or moved here from another place`,
    'Event 4 was removed',
    `The chain is broken (findings: 2): ${number - 1} sealed events, 0 not sealed yet, head ${logged}`,
    '',
  ]);
  const json = await latchkey([...command, '--json'], { variables });
  t.equal(json.code, 1);
  const lines = json.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.match(lines, [
    { number: 2, id },
    { number: 4, id: null },
    { whole: false, findings: 2, head: logged },
  ]);

  await putBack();
  await add(db, [event('somebody')]);
  await seal(audit);
  const later = await head(audit);
  await putBack();
  const shorter = await latchkey([...command, '--head', `${later.number}:${later.code}`], { variables });
  t.equal(shorter.code, 1);
  t.match(
    shorter.stdout,
    `Event ${later.number} was the head in the log, but the chain was cut off at ${number}\n`,
  );
});

t.test('The command audit verify fails with another secret, and says what to set', async (t) => {
  const { db, audit, url } = await openTrail(t);
  await add(db, [event('somebody')]);
  await seal(audit);
  const variables = { DATABASE_URL: url, DATA_DIR: await temporaryFolder(t), PUBLIC_URL };
  const other = { ...variables, SECRET: 'x'.repeat(40) };
  const { code, stdout, stderr } = await latchkey(command, { variables: other });
  t.match({ code, stdout }, { code: 1, stdout: '' });
  t.match(
    stderr,
    /^latchkey: SECRET does not open the key of the audit chain: set SECRET, or SECRET_PREVIOUS, to/,
  );
  const previous = { ...other, SECRET_PREVIOUS: SECRET };
  t.equal((await latchkey(command, { variables: previous })).code, 0);
});

t.test('A usage error of audit verify has exit code 2', async (t) => {
  const { db, audit, url } = await openTrail(t);
  await recordAll(db, [event('a'), event('b'), event('c')]);
  await seal(audit);
  const { code } = await head(audit);
  await pruneEvents(audit, -1);
  const variables = { DATABASE_URL: url, DATA_DIR: await temporaryFolder(t), SECRET, PUBLIC_URL };
  for (const [args, message] of [
    [['--head', 'abc'], /--head is <number>:<code>/],
    [['--head', `1:${code}`], /--head 1 has been pruned: give a later head from the log/],
  ] as const) {
    const ended = await latchkey([...command, ...args], { variables });
    t.equal(ended.code, 2, args.join(' '));
    t.match(ended.stderr, message);
  }
});
