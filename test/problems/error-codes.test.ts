/** Tests `slug` and the codes of `errors`, which programs read in place of texts. */
import t from 'tap';
import { PASSWORD, startApi } from '../helper.ts';

const { ask, person } = await startApi(t);
const admin = await person(2);
const user = await person(1);

type Case = readonly [method: 'GET' | 'POST' | 'PATCH', url: string, body: unknown, codes: readonly string[]];

const ada = { name: 'Ada', email: 'ada.lovelace@example.com', password: PASSWORD };
const past = '2020-01-01T00:00:00Z';
const cases: Record<string, Case> = {
  'a missing member': ['POST', '/login', { email: 'a@example.com' }, ['/password required']],
  'an unknown member': ['POST', '/register', { ...ada, level: 1 }, ['/level unknown']],
  'another type': ['POST', '/register', { ...ada, name: 1 }, ['/name type']],
  'a text that only the service refuses': ['POST', '/register', { ...ada, name: '\u0007' }, ['/name format']],
  'an address of another form': ['POST', '/register', { ...ada, email: 'ada' }, ['/email format']],
  'a short text': ['POST', '/register', { ...ada, password: 'a' }, ['/password too-short']],
  'a long text': ['POST', '/register', { ...ada, name: 'a'.repeat(101) }, ['/name too-long']],
  'a common password': [
    'POST',
    '/register',
    { ...ada, password: '1234567890123456' },
    ['/password weak-password'],
  ],
  'a number that is too small': ['GET', '/users?limit=0', undefined, ['/limit too-small']],
  'a number that is too large': ['GET', '/users?limit=101', undefined, ['/limit too-large']],
  'a value that is not listed': ['GET', '/users?sort=age', undefined, ['/sort not-listed']],
  'a level that is not listed': ['PATCH', `/users/${user.id}`, { access: 7 }, ['/access not-listed']],
  'members that do not go together': ['GET', '/users?q=a&sort=createdAt', undefined, ['/q conflict']],
  'a cursor of another list': ['GET', '/users?cursor=a', undefined, ['/cursor format']],
  'a time in the past': [
    'PATCH',
    `/users/${user.id}`,
    { access: 2, accessUntil: past },
    ['/accessUntil past'],
  ],
  'an elevation below the permanent level': [
    'PATCH',
    `/users/${user.id}`,
    { access: 0, accessUntil: '2999-01-01T00:00:00Z' },
    ['/access too-small'],
  ],
  'a time without a level': ['PATCH', `/users/${user.id}`, { accessUntil: past }, ['/access required']],
  'an empty change': ['PATCH', `/users/${user.id}`, {}, [' required']],
};

for (const [name, [method, url, body, codes]] of Object.entries(cases))
  t.test(`The code of ${name} is in errors`, async (t) => {
    const answer = await ask(method, url, { token: admin.token, ...(body !== undefined && { body }) });
    t.match(answer.body, { status: 400, slug: 'validation-failed' });
    const found = answer.body.errors.map(
      (error: { pointer: string; code: string }) => `${error.pointer} ${error.code}`,
    );
    t.strictSame(found, codes, JSON.stringify(answer.body.errors));
  });

t.test('The last of many errors has the code more', async (t) => {
  const unknown = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`a${at}`, 1]));
  const { body } = await ask('POST', '/register', { body: { ...ada, ...unknown } });
  t.match(body.errors.at(-1), { pointer: '', code: 'more' });
});

t.test('The slug of a problem is the end of its type', async (t) => {
  for (const [url, token] of [
    ['/me', undefined],
    ['/control-panel', user.token],
    ['/nowhere', undefined],
  ] as const) {
    const { body } = await ask('GET', url, { ...(token !== undefined && { token }) });
    t.equal(body.type.split('/').at(-1), body.slug, url);
  }
});
