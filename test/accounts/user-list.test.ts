/** The list of users: search, sort, filters and pages, compared with a list in memory. */
import fc from 'fast-check';
import t from 'tap';
import { buildUserRow, type UserRowInput } from '#latchkey/accounts/users/users.ts';
import { type Answer, startApi } from '../helper.ts';
import { request, send } from '../raw.ts';

const { ask, app, server, person } = await startApi(t);
const { db } = app.accounts;
const admin = await person(2, 'Zoë Admin');
const user = await person(1, 'Ursula');
const permanent = [admin.id, user.id];

const list = (query: Record<string, unknown>, token = admin.token) => {
  const parameters = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
  return ask('GET', `/users?${new URLSearchParams(parameters)}`, { token });
};
const names = ({ body }: Answer) => body.users.map(({ name }: { name: string }) => name);

/** Replaces all users except the admin and the user. */
async function setUsers(users: readonly UserRowInput[]) {
  await db.user.deleteMany({ where: { id: { notIn: permanent } } });
  await db.user.createMany({ data: [...users] });
}

let addresses = 0;
const named = (name: string, more: Partial<UserRowInput> = {}) => ({
  ...buildUserRow({ name, email: `list-${addresses++}@example.com`, passwordHash: '', access: 1 }),
  ...more,
});

t.test('Names are sorted without case and accents, and found by their beginning', async (t) => {
  await setUsers(
    ['eve', 'Éva', 'Evan', 'ADA', 'Ann', 'Anna', 'Ångström', 'Straße', '李', 'ﬁona'].map((n) => named(n)),
  );
  t.strictSame(names(await list({ sort: 'name' })), [
    'ADA',
    'Ångström',
    'Ann',
    'Anna',
    'Éva',
    'Evan',
    'eve',
    'ﬁona',
    'Straße',
    'Ursula',
    'Zoë Admin',
    '李',
  ]);
  t.strictSame(names(await list({ sort: '-name', limit: 3 })), ['李', 'Zoë Admin', 'Ursula']);
  t.strictSame(names(await list({ q: 'ÉV' })), ['Éva', 'Evan', 'eve'], 'sorted by name when nothing is said');
  t.strictSame(names(await list({ q: 'an', sort: '-name' })), ['Anna', 'Ann', 'Ångström']);
  t.strictSame(names(await list({ q: 'fi' })), ['ﬁona']);
  t.strictSame(names(await list({ q: 'nn' })), [], 'only from the beginning');
  t.strictSame(names(await list({ q: '%' })), [], 'no wildcards');
});

t.test('Admins search and sort by address, and other users learn no address', async (t) => {
  await setUsers([named('B', { email: 'amy@x.org', emailKey: Buffer.from('amy@x.org').toString('hex') })]);
  t.strictSame(names(await list({ sort: 'email', q: 'AMY@' })), ['B']);
  t.strictSame(names(await list({ sort: '-email' })).at(-1), 'B');
  for (const query of [
    { sort: 'email' },
    { sort: '-email', q: 'a' },
    { disabled: false },
    { disabled: true, access: 1 },
    { elevated: true },
  ]) {
    const answer = await list(query, user.token);
    t.match(
      answer.body,
      { status: 403, type: /access-denied$/, required: 2, actual: 1 },
      JSON.stringify(query),
    );
  }
  t.equal((await list({ sort: '-name', q: 'b', access: 1 }, user.token)).status, 200);
});

t.test('An invalid query is refused', async (t) => {
  await setUsers([named('A'), named('B')]);
  const { nextCursor } = (await list({ limit: 1, sort: 'name' })).body;
  const bad: [Record<string, unknown>, string, RegExp?][] = [
    [{ q: 'a', sort: 'createdAt' }, '/q', /not with sort=createdAt/],
    [{ q: 'a', sort: '-createdAt' }, '/q'],
    [{ q: '' }, '/q'],
    [{ sort: 'access' }, '/sort'],
    [{ access: 7 }, '/access', /one of 0, 1, 2/],
    [{ disabled: 'maybe' }, '/disabled'],
    [{ elevated: false }, '/elevated'],
    [{ elevated: true, kind: 'service' }, '/elevated', /for people/],
    [{ cursor: nextCursor }, '/cursor', /of this sort/],
    [{ cursor: nextCursor, sort: '-name' }, '/cursor'],
    [{ cursor: `${nextCursor}A`, sort: 'name' }, '/cursor'],
    [{ cursor: nextCursor.slice(0, -2), sort: 'name' }, '/cursor'],
    [{ cursor: Buffer.from('name:gg').toString('base64url'), sort: 'name' }, '/cursor'],
  ];
  for (const [query, pointer, message = /./] of bad) {
    const { status, body } = await list(query);
    t.equal(status, 400, JSON.stringify(query));
    t.match(body, { type: /validation-failed$/, errors: [{ in: 'query', pointer, message }] });
  }
  t.equal((await list({ cursor: nextCursor, sort: 'name' })).status, 200);
});

t.test('A search by level does not find users whose level has expired', async (t) => {
  const past = new Date(Date.now() - 1_000);
  await setUsers([named('Fallen', { access: 2, permanentAccess: 0, accessUntil: past as never })]);
  t.strictSame(names(await list({ access: 2 })), ['Zoë Admin']);
  t.strictSame(names(await list({ access: 0 })), ['Fallen']);
});

t.test('Elevated people are found in every order, until their time is over', async (t) => {
  const until = new Date(Date.now() + 60_000) as never;
  const elevated = { access: 2, permanentAccess: 1, accessUntil: until };
  await setUsers([
    named('Ada', elevated),
    named('Bob'),
    named('Cyd', { ...elevated, access: 1, permanentAccess: 0, disabled: true }),
    named('Ann', { ...elevated, accessUntil: new Date(Date.now() - 1_000) as never }),
    named('Amy', elevated),
  ]);
  const found = async (query: object) => names(await list({ elevated: true, ...query }));
  t.strictSame(await found({}), ['Ada', 'Cyd', 'Amy']);
  t.strictSame(await found({ sort: '-createdAt' }), ['Amy', 'Cyd', 'Ada']);
  t.strictSame(await found({ sort: 'name' }), ['Ada', 'Amy', 'Cyd']);
  t.strictSame(await found({ sort: '-name', q: 'a' }), ['Amy', 'Ada']);
  t.strictSame(await found({ sort: 'email' }), ['Ada', 'Cyd', 'Amy'], 'by address');
  t.strictSame(await found({ access: 1 }), ['Cyd']);
  t.strictSame(await found({ disabled: false }), ['Ada', 'Amy']);
  const { body } = await list({ elevated: true, limit: 2 });
  t.strictSame(names(await list({ elevated: true, limit: 2, cursor: body.nextCursor })), ['Amy']);
  t.ok(body.users.every(({ accessUntil }: { accessUntil: string | null }) => accessUntil !== null));
});

t.test('The Link header leads through all pages', async (t) => {
  await setUsers(['Ann a&b', 'Ann b', 'Ann c'].map((name) => named(name)));
  let url = '/users?q=Ann%20&sort=-name&limit=1';
  const seen: string[] = [];
  for (;;) {
    const answer = await ask('GET', url, { token: user.token });
    seen.push(...names(answer));
    const { link } = answer.headers;
    t.equal(link === undefined, answer.body.nextCursor === null);
    if (link === undefined) break;
    const [, next = ''] = /^<http:\/\/latchkey\.test(\/users\?[^>]+)>; rel="next"$/.exec(String(link)) ?? [];
    t.equal(new URL(next, 'http://x').searchParams.get('cursor'), answer.body.nextCursor);
    url = next;
  }
  t.strictSame(seen, ['Ann c', 'Ann b', 'Ann a&b']);
});

t.test('The Link header has the public URL for any host in the request line', async (t) => {
  await setUsers(['Ann', 'Bob'].map((name) => named(name)));
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  for (const origin of [
    'http://elsewhere.example',
    'HTTP://elsewhere.example',
    'HttpS://elsewhere.example:81',
  ]) {
    const line = `GET ${origin}/users?limit=1`;
    const { status, headers } = await send(url, request(line, { Authorization: `Bearer ${user.token}` }));
    if (status !== 200) t.equal(status, 404, origin);
    else
      t.match(headers.link, /^<http:\/\/latchkey\.test\/users\?limit=1&cursor=[\w-]+>; rel="next"$/, origin);
  }
});

t.test('The longest names have pages too', async (t) => {
  // NFKD decomposes no character further: this one becomes 18 characters of two bytes.
  const long = '\ufdfa'.repeat(99);
  await setUsers([named(`${long}a`), named(`${long}b`)]);
  const { nextCursor } = (await list({ q: long.slice(0, 9), limit: 1 })).body;
  t.strictSame(names(await list({ q: long.slice(0, 9), cursor: nextCursor })), [`${long}b`]);
});

/** A random user. All properties except the id decide its position. */
const drawnUser = fc.record({
  name: fc.oneof(
    fc.constantFrom('Ann', 'ann', 'Änn', 'Anna', 'Ann\u0301a', 'an n', 'A', 'ß', 'ss', 'Ω', '李', '😀', 'ﬁ'),
    fc
      .string({
        unit: fc.constantFrom('a', 'A', 'á', 'b', ' ', '-', 'é', '한', '\u{1d49c}'),
        minLength: 1,
        maxLength: 4,
      })
      .filter((name) => name.trim() !== ''),
  ),
  access: fc.constantFrom(0, 1, 2),
  disabled: fc.boolean(),
});
const query = fc
  .record(
    {
      sort: fc.constantFrom('createdAt', '-createdAt', 'name', '-name', 'email', '-email'),
      q: fc.constantFrom('a', 'A', 'án', 'ann', 'annA', 'b', 'ß', '하', 'list', 'list-1', ' ', '\u0301'),
      access: fc.constantFrom(0, 1, 2),
      disabled: fc.boolean(),
      limit: fc.integer({ min: 1, max: 5 }),
    },
    { requiredKeys: ['limit'] },
  )
  .filter(({ q, sort }) => q === undefined || !sort?.endsWith('createdAt'));

const fold = (text: string) => text.trim().normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

interface Query {
  readonly sort?: string;
  readonly q?: string;
  readonly access?: number;
  readonly disabled?: boolean;
}

/** The expected list from memory, as ids in order. */
function expected(
  users: readonly UserRowInput[],
  { sort: given, q = '', access, disabled }: Query,
): string[] {
  const sort = given ?? (q === '' ? 'createdAt' : 'name');
  const textOf = ({ id, name, email }: UserRowInput) =>
    sort.endsWith('name') ? fold(name) : sort.endsWith('email') ? email : id;
  const found = users.filter(
    (u) =>
      (access === undefined || u.access === access) &&
      (disabled === undefined || u.disabled === disabled) &&
      (q === '' || textOf(u).startsWith(fold(q))),
  );
  found.sort(
    (a, b) => Buffer.compare(Buffer.from(textOf(a)), Buffer.from(textOf(b))) || (a.id < b.id ? -1 : 1),
  );
  const ids = found.map(({ id }) => id);
  return sort.startsWith('-') ? ids.reverse() : ids;
}

t.test('Every list equals a list in memory, also when users come and go between pages', async (t) => {
  const fixed = (await db.user.findMany({ where: { id: { in: permanent } } })) as unknown as UserRowInput[];
  const property = fc.asyncProperty(
    fc.array(drawnUser, { maxLength: 12 }),
    query,
    fc.array(fc.record({ comes: drawnUser, goes: fc.nat() }), { maxLength: 3 }),
    async (drawn, query, between) => {
      const staying = drawn.map(({ name, ...more }) => named(name, more));
      await setUsers(staying);
      const everybody = [...fixed, ...staying];
      const gone = new Set<string>();
      const changes = [...between];
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const { body }: Answer = await list({ ...query, ...(cursor !== null && { cursor }) });
        seen.push(...body.users.map(({ id }: { id: string }) => id));
        cursor = body.nextCursor;
        const change = changes.pop();
        if (change === undefined || cursor === null) continue;
        const { name, ...more } = change.comes;
        const comes = named(name, more);
        await db.user.create({ data: comes });
        everybody.push(comes);
        const goes = staying[change.goes % Math.max(staying.length, 1)]?.id;
        if (goes === undefined || gone.has(goes)) continue;
        await db.user.delete({ where: { id: goes } });
        gone.add(goes);
      } while (cursor !== null);

      if (new Set(seen).size !== seen.length) throw new Error(`twice: ${seen}`);
      const inOrder = expected(everybody, query).filter((id) => seen.includes(id));
      if (inOrder.join() !== seen.join()) throw new Error(`not in order: ${seen}, but ${inOrder}`);
      const stayed = [...fixed, ...staying].filter(({ id }) => !gone.has(id));
      const skipped = expected(stayed, query).filter((id) => !seen.includes(id));
      if (skipped.length > 0) throw new Error(`skipped: ${skipped}`);
    },
  );
  await fc.assert(property, { numRuns: 150 });
  t.pass();
});
