import argon2 from 'argon2';
import t from 'tap';
import { PASSWORD, startApi } from '../helper.ts';

const ada = { name: 'Ada Lovelace', email: 'ada@example.com', password: PASSWORD };

t.test('A user who registers gets level 1 and a URL', async (t) => {
  const { ask } = await startApi(t);
  const { status, headers, body } = await ask('POST', '/register', { body: ada });
  t.equal(status, 201);
  t.equal(headers.location, `http://latchkey.test/users/${body.id}`);
  t.match(body, {
    name: 'Ada Lovelace',
    email: 'ada@example.com',
    access: 1,
    accessName: 'user',
    disabled: false,
  });
  t.match(body.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/, 'a UUIDv7');
  t.match(body.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.equal(body.updatedAt, body.createdAt);
});

t.test('An email address in other spellings is the same address', async (t) => {
  const { ask } = await startApi(t);
  t.equal(
    (await ask('POST', '/register', { body: { ...ada, email: '  Ada@EXAMPLE.com ' } })).body.email,
    'ada@example.com',
  );
  for (const email of ['ada@example.com', 'ADA@example.com', ' ada@example.com']) {
    const { status, body } = await ask('POST', '/register', { body: { ...ada, email } });
    t.equal(status, 409);
    t.match(body.type, /\/problems\/email-taken$/);
    t.equal((await ask('POST', '/login', { body: { email, password: PASSWORD } })).status, 200);
  }
  const kelvin = 'ADA\u212a@example.com';
  t.equal(
    (await ask('POST', '/register', { body: { ...ada, email: kelvin } })).status,
    400,
    'U+212A lower-cased would be a k',
  );
  t.equal((await ask('POST', '/register', { body: { ...ada, email: 'adak@example.com' } })).status, 201);
  t.equal((await ask('POST', '/login', { body: { email: kelvin, password: PASSWORD } })).status, 401);
});

t.test('Every email address that HTML allows is accepted', async (t) => {
  const { ask } = await startApi(t);
  for (const email of ['ada@localhost', '.ada..@example.com', "{!#$%&'*+/=?^_`|}~@1.b2"]) {
    const { status, body } = await ask('POST', '/register', { body: { ...ada, email } });
    t.match({ status, body }, { status: 201, body: { email } });
    t.equal((await ask('POST', '/login', { body: { email, password: PASSWORD } })).status, 200);
  }
});

t.test('One of many concurrent registrations of an address succeeds', async (t) => {
  const { ask } = await startApi(t);
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask('POST', '/register', { body: ada })));
  t.strictSame(answers.map(({ status }) => status).sort(), [201, 409, 409, 409, 409, 409, 409, 409]);
});

t.test('A sign-in answers with a token that is not cached', async (t) => {
  const { ask } = await startApi(t, { ACCESS_TOKEN_TTL: '600' });
  await ask('POST', '/register', { body: ada });
  const { status, headers, body } = await ask('POST', '/login', {
    body: { email: ada.email, password: PASSWORD },
  });
  t.equal(status, 200);
  t.equal(headers['cache-control'], 'no-store');
  t.match(body, { tokenType: 'Bearer', expiresIn: 600 });
  t.match((await ask('GET', '/me', { token: body.accessToken })).body, { email: ada.email });
  t.equal(
    (await ask('GET', '/me', { headers: { authorization: `bearer ${body.accessToken}` } })).status,
    200,
    'the scheme in any case',
  );
});

t.test('A wrong password, an unknown user and a disabled user get the same answer', async (t) => {
  const { ask, person, app } = await startApi(t);
  const [known, disabled] = [await person(1), await person(1)];
  await app.accounts.db.user.update({ where: { id: disabled.id }, data: { disabled: true } });
  const answers = await Promise.all(
    [
      { email: known.email, password: 'wrong wrong wrong' },
      { email: 'nobody@example.com', password: PASSWORD },
      { email: 'not an address', password: PASSWORD },
      { email: disabled.email, password: PASSWORD },
      { email: disabled.email, password: 'wrong wrong wrong' },
    ].map((body) => ask('POST', '/login', { body })),
  );
  for (const { status, headers, body } of answers) {
    t.equal(status, 401);
    t.equal(headers['www-authenticate'], 'Bearer realm="latchkey"');
    t.strictSame({ ...body, requestId: '' }, { ...answers[0]?.body, requestId: '' });
  }
});

t.test('A hash with old parameters is renewed at sign-in, and only with the right password', async (t) => {
  const { ask, person, app } = await startApi(t, {}, { hasRealHashes: true });
  const { id, email } = await person(1);
  const { db } = app.accounts;
  const weak = await argon2.hash(PASSWORD, {
    type: argon2.argon2id,
    memoryCost: 8192,
    timeCost: 1,
    parallelism: 1,
  });
  await db.user.update({ where: { id }, data: { passwordHash: weak } });
  const stored = async () => (await db.user.findUniqueOrThrow({ where: { id } })).passwordHash;

  t.equal((await ask('POST', '/login', { body: { email, password: 'wrong wrong wrong' } })).status, 401);
  t.equal(await stored(), weak);
  t.equal((await ask('POST', '/login', { body: { email, password: PASSWORD } })).status, 200);
  t.match(await stored(), /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  t.equal((await ask('POST', '/login', { body: { email, password: PASSWORD } })).status, 200);
});

t.test('Passwords have 15 to 128 characters, counted by code points', async (t) => {
  const { ask } = await startApi(t);
  const register = async (password: string, n: number) =>
    (await ask('POST', '/register', { body: { ...ada, email: `n${n}@example.com`, password } })).status;
  t.equal(await register('a'.repeat(14), 1), 400);
  t.equal(await register('a'.repeat(15), 2), 201);
  t.equal(await register('a'.repeat(128), 3), 201);
  t.equal(await register('a'.repeat(129), 4), 400);
  t.equal(await register('🔑'.repeat(14), 5), 400, '14 code points, 28 UTF-16 units');
  t.equal(await register('🔑'.repeat(128), 6), 201);
  t.equal(
    (await ask('POST', '/login', { body: { email: 'n6@example.com', password: '🔑'.repeat(128) } })).status,
    200,
  );
});

t.test('The minimum length of a password is configurable', async (t) => {
  const { ask } = await startApi(t, { PASSWORD_MIN_LENGTH: '8' });
  t.equal((await ask('POST', '/register', { body: { ...ada, password: 'kv7pq2m' } })).status, 400);
  t.equal((await ask('POST', '/register', { body: { ...ada, password: 'kv7pq2mz' } })).status, 201);
});
