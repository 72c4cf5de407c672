/** Ids of the system that users were imported from: `externalId`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { latchkey } from '../child.ts';
import { installation } from '../cli/installation.ts';
import { startApi } from '../helper.ts';
import { importLines } from '../importing.ts';
import { tableOf } from '../moving-in.ts';

const rows = tableOf('`externalId` of the line', 'stored').map(([given = '', stored = '']) => ({
  line: (at: number) => `{"name":"Ada","email":"ada-${at}@example.com","externalId":${given}}`,
  // A table cannot contain a bar.
  stored: stored === '' ? null : stored.replace('\\u007c', '|'),
}));

t.test('Admins find the users of the guide by the ids of the system before', async (t) => {
  t.ok(rows.length >= 9);
  const { app, ask, person } = await startApi(t);
  const { token } = await person(2);
  const { token: userToken, id: ownId } = await person(1);
  t.match(
    await importLines(
      app.accounts,
      rows.map(({ line }, at) => line(at)),
    ),
    { created: rows.length, problems: [] },
  );
  for (const [at, { stored }] of rows.entries()) {
    const { id } = await app.accounts.db.user.findUniqueOrThrow({
      where: { email: `ada-${at}@example.com` },
    });
    const one = await ask('GET', `/users/${id}`, { token });
    t.match(one, { status: 200, body: { externalId: stored } });
    t.notOk('externalId' in (await ask('GET', `/users/${id}`, { token: userToken })).body);
    if (stored === null) continue;
    const url = `/users?externalId=${encodeURIComponent(stored)}`;
    const found = await ask('GET', url, { token });
    t.match(found, { status: 200, body: { users: [{ id, externalId: stored }], nextCursor: null } }, stored);
    t.match((await ask('GET', `${url}&access=1&disabled=false`, { token })).body, { users: [{ id }] });
    t.strictSame((await ask('GET', `${url}&access=2`, { token })).body.users, []);
    t.strictSame((await ask('GET', `${url}&disabled=true`, { token })).body.users, []);
    t.equal((await ask('GET', url, { token: userToken })).status, 403, 'only admins search');
  }
  t.strictSame((await ask('GET', '/users?externalId=none', { token })).body.users, []);
  for (const query of ['externalId=', 'externalId=a&q=b', `externalId=${'x'.repeat(129)}`, 'externalId=%00'])
    t.equal((await ask('GET', `/users?${query}`, { token })).status, 400, query);
  t.equal((await ask('GET', '/me', { token })).body.externalId, undefined);
  const listed = await ask('GET', '/users', { token: userToken });
  t.notMatch(JSON.stringify(listed.body), /externalId/);
  const patched = await ask('PATCH', `/users/${ownId}`, { token, body: { name: 'Bob' } });
  t.match(patched, { status: 200, body: { externalId: null } });
});

t.test('An ETag of /me is one of /users/{id}', async (t) => {
  const { app, ask, person } = await startApi(t);
  const admin = await person(2);
  await app.accounts.db.user.update({ where: { id: admin.id }, data: { externalId: '7' } });
  const { token } = admin;
  const own = await ask('GET', '/me', { token });
  const one = await ask('GET', `/users/${admin.id}`, { token });
  t.match(one.body, { externalId: '7' });
  t.equal(own.headers.etag, one.headers.etag);
  const headers = { 'if-match': String(own.headers.etag) };
  t.equal((await ask('PATCH', `/users/${admin.id}`, { token, headers, body: { name: 'New' } })).status, 200);
});

t.test('An externalId that is invalid or taken is reported, and the other lines are imported', async (t) => {
  const { app } = await startApi(t);
  const line = (name: string, externalId: unknown) => ({ name, email: `${name}@example.com`, externalId });
  t.match(await importLines(app.accounts, [line('first', 'a'), line('second', 1)]), { created: 2 });
  const { created, skipped, problems } = await importLines(app.accounts, [
    line('first', 'a'),
    line('third', 'a'),
    line('fourth', '1'),
    line('fifth', 'b'),
    line('sixth', 'b'),
    line('seventh', 'A'),
    line('eighth', 'seventh@example.com'),
    ...['', 1.5, true, 'a\0b', 'a\nb', 'x'.repeat(129)].map((id, at) => line(`bad-${at}`, id)),
    line('longest', 'x'.repeat(128)),
  ]);
  t.match({ created, skipped }, { created: 4, skipped: 1 });
  const found = problems.toSorted((a, b) => a.line - b.line);
  t.match(found, [
    { line: 2, problems: ['externalId is on line 1 too'] },
    { line: 3, problems: ['externalId is that of a user with another address'] },
    { line: 5, problems: ['externalId is on line 4 too'] },
    ...Array.from({ length: 6 }, (_, at) => ({
      line: at + 8,
      problems: [
        'externalId must be the id in the system before: a text of 1 to 128 characters, or a whole number',
      ],
    })),
  ]);
});

t.test('An export has the externalId, and another installation imports it', async (t) => {
  const [from, to] = [await installation(t), await installation(t)];
  const file = join(from.folder, 'users.jsonl');
  await writeFile(file, rows.map(({ line }, at) => line(at)).join('\n'));
  t.equal((await latchkey(['import', file], from)).code, 0);
  const { stdout } = await latchkey(['export', '--without-passwords'], from);
  await writeFile(file, stdout);
  t.equal((await latchkey(['import', file], to)).code, 0);
  const idsOf = async ({ db }: typeof from) =>
    (await db.user.findMany({ orderBy: { email: 'asc' } })).map(({ externalId }) => externalId);
  t.strictSame(await idsOf(to), await idsOf(from));
  t.strictSame((await idsOf(to)).toSorted(), rows.map(({ stored }) => stored).toSorted());
  const { stdout: list } = await latchkey(['user', 'list', '--json'], to);
  t.match(list, /"externalId":"4711"/);
});

t.test('Dates are read as the beginning of the day, and null is left out for every member', async (t) => {
  const { app } = await startApi(t);
  const nothing = Object.fromEntries(
    ['id', 'externalId', 'access', 'elevation', 'disabled', 'createdAt', 'updatedAt', 'passwordHash'].map(
      (name) => [name, null],
    ),
  );
  const lines = [
    { name: 'Date', email: 'date@example.com', createdAt: '2024-05-01', updatedAt: '2024-05-02' },
    { name: 'Null', email: 'null@example.com', ...nothing },
  ];
  t.match(await importLines(app.accounts, lines), { created: 2, problems: [] });
  const { createdAt, updatedAt } = await app.accounts.db.user.findUniqueOrThrow({
    where: { email: 'date@example.com' },
  });
  t.strictSame(
    [createdAt.toISOString(), updatedAt.toISOString()],
    ['2024-05-01T00:00:00.000Z', '2024-05-02T00:00:00.000Z'],
  );
});
