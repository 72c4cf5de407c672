import { randomUUID } from 'node:crypto';
import t from 'tap';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import { type Api, PASSWORD, startApi } from '../helper.ts';

t.test('A caller reads and changes their own record', async (t) => {
  const { ask, person, app } = await startApi(t);
  const { id, email, token } = await person(0, 'Grace');
  t.match((await ask('GET', '/me', { token })).body, {
    id,
    email,
    name: 'Grace',
    access: 0,
    accessName: 'guest',
  });
  const renamed = await ask('PATCH', '/me', { token, body: { name: '  Grace Hopper ' } });
  t.match(renamed.body, { id, name: 'Grace Hopper' });
  t.ok(renamed.body.updatedAt > renamed.body.createdAt);
  for (const body of [
    { name: 'G', access: 2 },
    { access: 2 },
    { name: 'G', disabled: true },
    { name: 'G', id },
    {},
  ]) {
    t.equal(
      (await ask('PATCH', '/me', { token, body })).status,
      400,
      `no user sets ${Object.keys(body)} of their own record`,
    );
  }
  t.match((await ask('GET', '/me', { token })).body, { name: 'Grace Hopper', access: 0 });

  await app.accounts.db.user.delete({ where: { id } });
  const gone = await ask('GET', '/me', { token });
  t.equal(gone.status, 401, 'not 404: the user of the token is deleted');
  t.match(gone.headers['www-authenticate'], 'error="invalid_token"');
  t.equal((await ask('PATCH', '/me', { token, body: { name: 'Ghost' } })).status, 401);
});

t.test('The permissions of a caller match what the routes allow', async (t) => {
  const api = await startApi(t);
  for (const access of [0, 1, 2]) {
    const { token } = await api.person(access);
    const { body } = await api.ask('GET', '/me/permissions', { token });
    t.equal(body.access, access);
    t.ok(body.permissions.length >= 16);
    for (const { method, path, minimum, allowed, operationId } of body.permissions) {
      t.equal(allowed, minimum === null || access >= minimum, operationId);
      const answer = await api.ask(
        method,
        path.replace('{id}', randomUUID()).replace('{slug}', 'not-found'),
        // A person of its own: the request may be the one that deletes the account.
        { token: (await api.person(access)).token },
      );
      t.equal(
        allowed,
        ![401, 403].includes(answer.status) || operationId === 'signIn',
        `${method} ${path} -> ${answer.status}`,
      );
    }
  }
});

t.test('Users see the public members of a user, and admins see all members', async (t) => {
  const { ask, person } = await startApi(t);
  const [user, admin] = [await person(1, 'Ursula'), await person(2, 'Alice')];
  const asUser = await ask('GET', '/users', { token: user.token });
  t.strictSame(asUser.body, {
    users: [
      { id: user.id, name: 'Ursula', access: 1, accessName: 'user' },
      { id: admin.id, name: 'Alice', access: 2, accessName: 'admin' },
    ],
    nextCursor: null,
  });
  t.strictSame((await ask('GET', `/users/${admin.id}`, { token: user.token })).body, asUser.body.users[1]);
  const asAdmin = await ask('GET', '/users', { token: admin.token });
  t.match(asAdmin.body.users[0], {
    id: user.id,
    email: user.email,
    disabled: false,
    createdAt: String,
    updatedAt: String,
  });
  t.strictSame((await ask('GET', `/users/${user.id}`, { token: admin.token })).body, asAdmin.body.users[0]);
  t.strictSame(
    (await ask('GET', `/users/${user.id.toUpperCase()}`, { token: admin.token })).body,
    asAdmin.body.users[0],
    'RFC 9562: case does not matter',
  );
});

t.test('Users are listed in pages, oldest first', async (t) => {
  const { ask, person, app } = await startApi(t);
  const { token, id } = await person(1);
  const { db } = app.accounts;
  for (let i = 0; i < 45; i++) {
    await db.user.create({
      data: buildUserRow({ name: `User ${i}`, email: `u${i}@example.com`, passwordHash: '', access: 1 }),
    });
  }
  const seen: string[] = [];
  let cursor: string | null = '';
  for (const size of [20, 20, 6]) {
    const answer: { body: { users: { id: string; name: string }[]; nextCursor: string | null } } = await ask(
      'GET',
      `/users${cursor && `?cursor=${cursor}`}`,
      { token },
    );
    t.equal(answer.body.users.length, size);
    seen.push(...answer.body.users.map((user) => user.id));
    cursor = answer.body.nextCursor;
    // A user who is deleted between two pages moves no other user onto or off a page.
    if (seen.length === 20) await db.user.delete({ where: { id: seen[3] ?? '' } });
  }
  t.equal(cursor, null, 'the last page says so');
  t.equal(new Set(seen).size, 46);
  t.strictSame(seen, [...seen].sort(), 'oldest first: UUIDv7 sorts by time');
  t.equal(seen[0], id);

  t.equal((await ask('GET', '/users?limit=100', { token })).body.users.length, 45);
  t.equal((await ask('GET', '/users?limit=1', { token })).body.users.length, 1);
  const exact = await ask('GET', '/users?limit=45', { token });
  t.equal(exact.body.nextCursor, null, 'a page that ends exactly at the end is the last');
});

t.test('A query that does not fit its schema is refused', async (t) => {
  const { ask, person } = await startApi(t);
  const { token } = await person(1);
  const queries: Record<string, string> = {
    'limit=0': '/limit',
    'limit=101': '/limit',
    'limit=ten': '/limit',
    'limit=1.5': '/limit',
    'limit=1&limit=2': '/limit',
    'cursor=x': '/cursor',
    'cursor=': '/cursor',
    'cursor=%00': '/cursor',
    [`cursor=${Buffer.from("' OR 1=1 --").toString('base64url')}`]: '/cursor',
    [`cursor=${'a'.repeat(201)}`]: '/cursor',
    'limt=5': '/limt',
  };
  for (const [query, pointer] of Object.entries(queries)) {
    const { status, body } = await ask('GET', `/users?${query}`, { token });
    t.equal(status, 400, query);
    t.match(body.errors, [{ in: 'query', pointer }], query);
  }
});

t.test('An admin changes a user', async (t) => {
  const { ask, person } = await startApi(t);
  const [user, admin] = [await person(1, 'Ursula'), await person(2)];
  const change = (body: unknown) => ask('PATCH', `/users/${user.id}`, { token: admin.token, body });

  t.match((await change({ name: 'Ursula K.' })).body, { name: 'Ursula K.', access: 1, disabled: false });
  t.match((await change({ access: 2 })).body, { access: 2, accessName: 'admin' });
  t.match((await change({ access: 0, name: 'U' })).body, { access: 0, accessName: 'guest', name: 'U' });
  t.match((await change({ disabled: true })).body, { disabled: true });
  t.equal(
    (await ask('POST', '/login', { body: { email: user.email, password: PASSWORD } })).status,
    401,
    'disabled',
  );
  t.match((await change({ disabled: false })).body, { disabled: false });
  t.equal((await ask('POST', '/login', { body: { email: user.email, password: PASSWORD } })).status, 200);

  const missing = await ask('PATCH', `/users/${randomUUID()}`, { token: admin.token, body: { name: 'X' } });
  t.equal(missing.status, 404);
  t.match(missing.body.type, /user-not-found$/);
  t.equal((await ask('PATCH', '/users/not-a-uuid', { token: admin.token, body: { name: 'X' } })).status, 404);
});

t.test('An invalid change changes nothing and lists all its errors', async (t) => {
  const { ask, person } = await startApi(t);
  const [user, admin] = [await person(1, 'Ursula'), await person(2)];
  const before = (await ask('GET', `/users/${user.id}`, { token: admin.token })).body;
  const bad: [unknown, string[]][] = [
    [{ access: 7 }, ['/access']],
    [{ access: '2' }, ['/access']],
    [{ access: true }, ['/access']],
    [{ access: [2] }, ['/access']],
    [{ access: null }, ['/access']],
    [{ access: 1.5 }, ['/access']],
    [{ disabled: 1 }, ['/disabled']],
    [{ disabled: 'true' }, ['/disabled']],
    [{ name: '' }, ['/name']],
    [{ name: ' \t ' }, ['/name']],
    [{ name: 'a'.repeat(101) }, ['/name']],
    [{ name: 'a\u0000b' }, ['/name']],
    [{ name: 'a\ud800b' }, ['/name']],
    [{ name: 5 }, ['/name']],
    [{}, ['']],
    [[], ['']],
    ['"text"', ['']],
    ['null', ['']],
    [
      { generation: 0, passwordHash: 'x', email: 'new@example.com' },
      ['/email', '/generation', '/passwordHash'],
    ],
    [{ name: 'New', access: 9, disabled: 'no', extra: 1 }, ['/access', '/disabled', '/extra']],
  ];
  for (const [body, pointers] of bad) {
    const headers = { 'content-type': 'application/json' };
    const answer = await ask('PATCH', `/users/${user.id}`, { token: admin.token, body, headers });
    const name = JSON.stringify(body);
    t.equal(answer.status, 400, name);
    t.strictSame(
      [...new Set(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer))].sort(),
      pointers,
      name,
    );
  }
  const { body } = await ask('PATCH', `/users/${user.id}`, { token: admin.token, body: { access: 7 } });
  t.match(body.errors[0].message, 'must be one of 0, 1, 2 (access level: 0 guest, 1 user, 2 admin)');
  t.strictSame((await ask('GET', `/users/${user.id}`, { token: admin.token })).body, before);
});

t.test('An admin deletes a user', async (t) => {
  const { ask, person } = await startApi(t);
  const [user, admin] = [await person(1), await person(2)];
  const { status, text } = await ask('DELETE', `/users/${user.id}`, { token: admin.token });
  t.equal(status, 204);
  t.equal(text, '');
  t.equal((await ask('DELETE', `/users/${user.id}`, { token: admin.token })).status, 404);
  t.equal((await ask('GET', `/users/${user.id}`, { token: admin.token })).status, 404);
  t.equal((await ask('POST', '/login', { body: { email: user.email, password: PASSWORD } })).status, 401);
  t.equal(
    (await ask('POST', '/register', { body: { name: 'Next', email: user.email, password: PASSWORD } }))
      .status,
    201,
    'the address is free',
  );
});

t.test('An admin who was demoted can change no user, not even their own level', async (t) => {
  const api = await startApi(t);
  const [admin, demoted, user] = [await api.person(2), await api.person(2), await api.person(1)];
  t.equal((await change(api, admin.token, demoted.id, { access: 1 })).status, 200);
  for (const id of [user.id, demoted.id]) {
    const answer = await change(api, demoted.token, id, { access: 2 });
    t.equal(answer.status, 401);
    t.match(answer.headers['www-authenticate'], 'error="invalid_token"');
  }
  t.equal((await api.ask('DELETE', `/users/${user.id}`, { token: demoted.token })).status, 401);
  t.equal((await api.ask('GET', `/users/${user.id}`, { token: admin.token })).body.access, 1);
});

t.test('Two admins who demote each other at once do not both succeed', async (t) => {
  const api = await startApi(t);
  for (let round = 0; round < 5; round++) {
    const [a, b] = [await api.person(2), await api.person(2)];
    const answers = await Promise.all([
      change(api, a.token, b.id, { access: 1 }),
      change(api, b.token, a.id, { access: 1 }),
    ]);
    t.strictSame(answers.map(({ status }) => status).sort(), [200, 401]);
  }
});

t.test('The control panel shows the users by level and the newest users', async (t) => {
  const { ask, person, app } = await startApi(t, { ACCESS_LEVELS: 'guest:0,user:1,moderator:3,admin:5' });
  const admin = await person(5, 'Alice');
  for (const access of [0, 1, 1]) await person(access);
  const last = await person(1, 'Newest');
  await app.accounts.db.user.update({ where: { id: last.id }, data: { disabled: true } });
  const { body } = await ask('GET', '/control-panel', { token: admin.token });
  t.strictSame(body.users.byAccess, [
    { access: 0, accessName: 'guest', count: 1 },
    { access: 1, accessName: 'user', count: 3 },
    { access: 3, accessName: 'moderator', count: 0 },
    { access: 5, accessName: 'admin', count: 1 },
  ]);
  t.match(body, { users: { total: 5, disabled: 1 }, version: /^\d+\.\d+\.\d+/, database: app.databaseKind });
  t.type(body.uptime, 'number');
  t.match(body.users.newest[0], { id: last.id, name: 'Newest', email: last.email });
  t.equal(body.users.newest.length, 5);
});

function change(api: Api, token: string, id: string, body: unknown) {
  return api.ask('PATCH', `/users/${id}`, { token, body });
}
