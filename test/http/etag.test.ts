/** Tests ETag and If-Match of a user (RFC 9110 sections 8.8.3 and 13.1.1). */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { startApi } from '../helper.ts';

const { ask, app, person, sessionToken } = await startApi(t);
const admin = await person(2, 'Alice');
const { token } = admin;

const etagOf = async (url: string, by = token) => String((await ask('GET', url, { token: by })).headers.etag);
const patch = (url: string, body: object, ifMatch?: string, by = token) =>
  ask('PATCH', url, { token: by, body, headers: { ...(ifMatch !== undefined && { 'if-match': ifMatch }) } });

t.test('Admins and the user get the same strong ETag, and other users get none', async (t) => {
  const user = await person(1, 'Ursula');
  const etag = await etagOf(`/users/${user.id}`);
  t.match(etag, /^"[\x21\x23-\x7e]+"$/);
  t.equal(await etagOf('/me', user.token), etag);
  t.equal((await ask('HEAD', `/users/${user.id}`, { token })).headers.etag, etag);
  const other = await person(1);
  t.equal((await ask('GET', `/users/${user.id}`, { token: other.token })).headers.etag, undefined);
  t.not(await etagOf(`/users/${other.id}`), etag);
});

t.test('A change answers with the new ETag', async (t) => {
  const user = await person(1);
  const url = `/users/${user.id}`;
  const before = await etagOf(url);
  const changed = await patch(url, { name: 'New' }, before);
  t.equal(changed.status, 200);
  t.not(changed.headers.etag, before);
  t.equal(changed.headers.etag, await etagOf(url));
  const own = await patch('/me', { name: 'Newer' }, String(changed.headers.etag), user.token);
  t.equal(own.status, 200);
  t.equal(own.headers.etag, await etagOf('/me', user.token));
});

t.test('A user who was changed in between is neither changed nor deleted', async (t) => {
  const user = await person(1, 'Before');
  const url = `/users/${user.id}`;
  const stale = await etagOf(url);
  t.equal(
    (await patch('/me', { name: 'Between' }, undefined, user.token)).status,
    200,
    'allowed without If-Match',
  );
  const headers = { 'if-match': stale };
  const refused = [
    await patch(url, { name: 'After', access: 2 }, stale),
    await patch('/me', { name: 'After' }, stale, user.token),
    await ask('DELETE', url, { token, headers }),
    await ask('DELETE', '/me', { token: user.token, headers }),
  ];
  for (const { body } of refused) t.match(body, { status: 412, type: /precondition-failed$/ });
  t.match((await ask('GET', url, { token })).body, { name: 'Between', access: 1 });
  const current = { 'if-match': await etagOf(url) };
  t.equal((await ask('DELETE', url, { token, headers: current })).status, 204);
});

t.test('A user who deletes their own account may send If-Match', async (t) => {
  const user = await person(1);
  const headers = { 'if-match': await etagOf('/me', user.token) };
  const leave = await ask('DELETE', '/me', { token: user.token, headers });
  t.equal(leave.status, 204);
});

t.test('An elevation that expires changes the ETag too', async (t) => {
  const user = await person(1);
  const url = `/users/${user.id}`;
  const accessUntil = new Date(Date.now() + 3_600_000).toISOString();
  const elevated = String((await patch(url, { access: 2, accessUntil })).headers.etag);
  await app.accounts.db.user.update({ where: { id: user.id }, data: { accessUntil: new Date(0) } });
  t.equal((await patch(url, { name: 'X' }, elevated)).status, 412);
});

t.test('One of two concurrent changes with the same ETag is made', async (t) => {
  const user = await person(1);
  const url = `/users/${user.id}`;
  const etag = await etagOf(url);
  const answers = await Promise.all(['A', 'B', 'C'].map((name) => patch(url, { name }, etag)));
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 412, 412]);
});

t.test('The If-Match header is parsed by RFC 9110', async (t) => {
  const user = await person(1);
  const url = `/users/${user.id}`;
  const same = { name: 'Same' };
  let etag = '';
  const cases: [string, () => string, number][] = [
    ['any', () => '*', 200],
    ['a list that has it', () => `"a", ${etag} , "b,c"`, 200],
    ['a list with empty elements', () => `, ,${etag},, `, 200],
    ['a list that has it not', () => '"a", "b"', 412],
    ['an empty tag', () => '""', 412],
    ['a weak tag', () => `W/${etag}`, 412],
    ['a tag within a tag', () => `"a${etag.slice(1)}`, 412],
    ['bytes above ASCII', () => '"\u00ff"', 412],
    ['nothing', () => '', 400],
    ['only commas', () => ',', 400],
    ['a token', () => 'abc', 400],
    ['without quotes', () => etag.slice(1, -1), 400],
    ['any, and another', () => `*, ${etag}`, 400],
    ['a lower-case w', () => `w/${etag}`, 400],
    ['no comma', () => `${etag} ${etag}`, 400],
    ['one quote too many', () => `${etag}"`, 400],
    ['many commas and no end', () => `${', '.repeat(4_000)}"`, 400],
  ];
  for (const [name, ifMatch, status] of cases) {
    etag = await etagOf(url);
    const { body, status: actual } = await patch(url, same, ifMatch());
    t.equal(actual, status, name);
    if (status === 400) t.match(body.errors, [{ in: 'headers', pointer: '/if-match' }], name);
    if (status === 412)
      t.equal(/compression/.test(body.detail), name === 'a weak tag', `${name} says what makes tags weak`);
  }
});

t.test('403 and 404 come before 412', async (t) => {
  const [user, other] = [await person(1), await person(1)];
  const ifMatch = '"stale"';
  t.equal(
    (await ask('PATCH', `/users/${user.id}`, { body: { name: 'X' }, headers: { 'if-match': ifMatch } }))
      .status,
    401,
  );
  t.equal((await patch(`/users/${user.id}`, { name: 'X' }, ifMatch, other.token)).status, 403);
  t.equal((await patch(`/users/${user.id}`, { name: 'X' }, 'malformed', other.token)).status, 403);
  t.equal((await patch(`/users/${randomUUID()}`, { name: 'X' }, ifMatch)).status, 404);
  t.equal((await patch(`/users/${randomUUID()}`, { name: 'X' }, '*')).status, 404);
  const demoted = await person(2);
  const old = await sessionToken(demoted.id);
  await patch(`/users/${demoted.id}`, { access: 1 });
  t.equal((await patch(`/users/${user.id}`, { name: 'X' }, ifMatch, old)).status, 401);
});
