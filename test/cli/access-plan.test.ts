/** `latchkey access plan`: what a new version opens. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { compareAccess, opens } from '#latchkey/cli/access/compare.ts';
import { latchkey } from '../child.ts';
import { installation } from './installation.ts';

const levels = [
  { name: 'guest', number: 0 },
  { name: 'user', number: 1 },
  { name: 'admin', number: 2 },
];

const documentOf = (operations: Record<string, object>) => ({
  paths: Object.fromEntries(Object.entries(operations).map(([path, get]) => [path, { get }])),
});

t.test('A plan says for each level what opens and what closes', async (t) => {
  const plan = (before: object | undefined, after: object | undefined) => {
    const [change] = compareAccess(
      documentOf(before === undefined ? {} : { '/a': before }),
      documentOf(after === undefined ? {} : { '/a': after }),
      levels,
    );
    if (change === undefined) return undefined;
    const names = (list: typeof change.opened) => list.map((level) => level?.name ?? null);
    return {
      opened: names(change.opened),
      closed: names(change.closed),
      eased: change.eased,
      tightened: change.tightened,
      opens: opens(change),
    };
  };
  const none = { opened: [], closed: [], eased: [], tightened: [], opens: false };
  const user = { 'x-minimum-access': 1 };
  const admin = { 'x-minimum-access': 2 };
  t.equal(plan(user, user), undefined);
  t.strictSame(plan(admin, user), { ...none, opened: ['user'], opens: true });
  t.strictSame(plan(user, admin), { ...none, closed: ['user'] });
  t.strictSame(plan(admin, {}), { ...none, opened: [null, 'guest', 'user'], opens: true }, 'public');
  t.strictSame(plan({}, user), { ...none, closed: [null, 'guest'] });
  t.strictSame(plan(undefined, user), { ...none, opened: ['user', 'admin'], opens: true }, 'new');
  t.strictSame(plan(user, undefined), { ...none, closed: ['user', 'admin'] }, 'gone');
  const strict = { ...admin, 'x-max-age': 900, 'x-factors': 2, 'x-session': true };
  t.strictSame(plan(strict, admin), { ...none, eased: ['maxAge', 'factors', 'session'], opens: true });
  t.strictSame(plan(admin, strict), { ...none, tightened: ['maxAge', 'factors', 'session'] });
  t.strictSame(plan({ ...admin, 'x-max-age': 60 }, { ...admin, 'x-max-age': 900 }), {
    ...none,
    eased: ['maxAge'],
    opens: true,
  });
  t.throws(() => compareAccess({}, documentOf({}), levels), /no OpenAPI document/);
});

t.test('The command counts the people of a level, and exits with 3 when something opened', async (t) => {
  const { db, variables, folder } = await installation(t);
  const run = (args: readonly string[], input = '') => latchkey(args, { variables, input });
  const create = ['user', 'create', '--email', 'ada@example.com', '--name', 'Ada'];
  t.match(await run(create, 'correct horse battery staple'), { code: 0 });
  // An elevation that has ended, and a key that was made during it.
  const data = { access: 2, permanentAccess: 1, accessUntil: new Date(Date.now() - 1_000) };
  const { id: userId, epoch } = await db.user.update({ where: { email: 'ada@example.com' }, data });
  const createdAt = new Date();
  const expiresAt = new Date(Date.now() + 3_600_000);
  const limits = { access: 2, standsForSignIn: false, epoch };
  await db.apiKey.create({ data: { id: 'a', userId, name: 'a', hash: '', ...limits, createdAt, expiresAt } });
  const contract = JSON.parse(readFileSync('openapi/openapi.json', 'utf8'));
  const file = (name: string, document: object) => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(document));
    return path;
  };
  const now = file('now.json', contract);
  t.match(await run(['access', 'plan', '--against', now]), {
    code: 0,
    stdout: 'Nobody gets or loses access.\n',
  });
  contract.paths['/users'].get['x-minimum-access'] = 2;
  const strict = file('strict.json', contract);
  t.match(await run(['access', 'plan', '--against', strict, '--document', now]), {
    code: 3,
    stdout: 'GET /users (listUsers)\n  + user (1): 1 people, 1 API keys\n',
  });
  const closed = await run(['access', 'plan', '--against', now, '--document', strict, '--json']);
  t.match(closed, { code: 0, stderr: '' });
  t.match(JSON.parse(closed.stdout), {
    opened: false,
    changes: [{ operationId: 'listUsers', closed: [{ level: 1, name: 'user', people: 1, keys: 1 }] }],
  });
  t.match(await run(['access', 'plan', '--against', join(folder, 'none.json')]), {
    code: 1,
    stderr: /ENOENT/,
  });
});
