/** Sends every kind of bad request over real sockets: each gets its problem and changes nothing. */
import t, { type Test } from 'tap';
import { openDatabase } from '#latchkey/db/open.ts';
import { type ProblemSlug, registry } from '#latchkey/problems/registry.ts';
import { serve, temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD, PUBLIC_URL } from '../helper.ts';
import { chunked, type RawAnswer, request, send } from '../raw.ts';

const { url: DATABASE_URL } = await createMigratedDatabase(t);
const service = await serve(t, {
  DATABASE_URL,
  DATA_DIR: await temporaryFolder(t),
  PUBLIC_URL,
  LOG_LEVEL: 'trace',
});
const database = openDatabase(DATABASE_URL);
t.teardown(() => database.close());

const ada = { name: 'Ada', email: 'ada@example.com', password: PASSWORD };
const { body: user } = await service.ask('POST', '/register', { body: ada });
await database.db.user.update({ where: { id: user.id }, data: { access: 2, permanentAccess: 2 } });
const login = await service.ask('POST', '/login', { body: { email: ada.email, password: PASSWORD } });
const token: string = login.body.accessToken;
const before = await database.db.user.findMany();

const bearer = { Authorization: `Bearer ${token}` };
const wrongCredentials = JSON.stringify({ email: ada.email, password: 'not the password of Ada' });
const register = (body: string | Buffer, headers: Record<string, string> = {}) =>
  request('POST /register', headers, body);
const patchUser = (body: string) => request(`PATCH /users/${user.id}`, bearer, body);
const signIn = (body: string | Buffer, headers: Record<string, string> = {}) =>
  request('POST /login', headers, body);
const as = (contentType: string) =>
  request('POST /register', { 'Content-Type': contentType }, JSON.stringify(ada));
const namesOf = (count: number) => Array.from({ length: count }, (_, at) => `a${at}`);
const unknownMembers = (count: number) =>
  JSON.stringify(Object.fromEntries(namesOf(count).map((name) => [name, 0])));
const pointersOf = (count: number) => namesOf(count).map((name) => `/${name}`);
/** Makes a body of this many bytes that fits the contract. */
const padded = (bytes: number) => wrongCredentials.padEnd(bytes);
const inChunks = (body: string) =>
  Buffer.concat([
    request('POST /login', { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' }),
    Buffer.from(chunked(body, 8000)),
  ]);

interface Case {
  readonly bytes: Buffer | string;
  readonly slug: ProblemSlug;
  readonly headers?: Readonly<Record<string, string | RegExp>>;
  /** The pointers of `errors`. */
  readonly pointers?: readonly string[];
  /** The message of the last of `errors`. */
  readonly last?: string;
  /** True when the client ends its side after this. */
  readonly end?: boolean;
}

const METADATA = `, resource_metadata="${PUBLIC_URL}/.well-known/oauth-protected-resource"`;
const challenge = (error?: string) =>
  `Bearer realm="latchkey"${error === undefined ? '' : `, error="${error}"`}${error === 'invalid_request' ? '' : METADATA}`;
const toClose = { connection: 'close' };

const groups: Record<string, Record<string, Case>> = {
  'A body that is not JSON is refused': {
    'cut off': { bytes: register('{"name":'), slug: 'malformed-json' },
    empty: { bytes: register(''), slug: 'validation-failed', pointers: [''] },
    'in Latin-1': {
      bytes: signIn(Buffer.from(JSON.stringify({ ...ada, password: 'a passphrasé' }), 'latin1')),
      slug: 'malformed-json',
    },
    'of a method that has a body and no type': {
      bytes: request('QUERY /users', bearer),
      slug: 'unsupported-media-type',
    },
    'only space': { bytes: register('  '), slug: 'malformed-json' },
    'with a comment': { bytes: register('{} // x'), slug: 'malformed-json' },
    NaN: { bytes: register('{"name":NaN}'), slug: 'malformed-json' },
    'in UTF-16': {
      bytes: register(Buffer.from(JSON.stringify(ada), 'utf16le'), {
        'Content-Type': 'application/json; charset=utf-16',
      }),
      slug: 'malformed-json',
    },
    'cut off in 10,000 levels': { bytes: register('['.repeat(10_000)), slug: 'malformed-json' },
    'with __proto__': {
      bytes: register(`{"__proto__":{"access":2},${JSON.stringify(ada).slice(1)}`),
      slug: 'malformed-json',
    },
    'with __proto__, written otherwise': {
      bytes: register('{"\\u005f_proto__":{"access":2}}'),
      slug: 'malformed-json',
    },
    'with __proto__ further down': {
      bytes: register('{"name":{"a":[{"__proto__":{"access":2}}]}}'),
      slug: 'malformed-json',
    },
    'with constructor.prototype': {
      bytes: register('{"constructor":{"prototype":{"access":2}}}'),
      slug: 'malformed-json',
    },
  },
  'JSON that does not fit its schema is refused': {
    'no body at all': {
      bytes: request('POST /register', { 'Content-Length': '0' }),
      slug: 'validation-failed',
      pointers: [''],
    },
    null: { bytes: register('null'), slug: 'validation-failed', pointers: [''] },
    'an array': { bytes: register('[]'), slug: 'validation-failed', pointers: [''] },
    text: { bytes: register('"name"'), slug: 'validation-failed', pointers: [''] },
    'an empty object': {
      bytes: register('{}'),
      slug: 'validation-failed',
      pointers: ['/name', '/email'],
    },
    'a level of one’s own': {
      bytes: register(JSON.stringify({ ...ada, access: 2 })),
      slug: 'validation-failed',
      pointers: ['/access'],
    },
    '20 unknown members': {
      bytes: patchUser(unknownMembers(20)),
      slug: 'validation-failed',
      pointers: pointersOf(20),
    },
    '21 unknown members': {
      bytes: patchUser(unknownMembers(21)),
      slug: 'validation-failed',
      pointers: [...pointersOf(20), ''],
    },
    '1,000 unknown members': {
      bytes: patchUser(unknownMembers(1_000)),
      slug: 'validation-failed',
      pointers: [...pointersOf(20), ''],
      last: 'has 980 more errors',
    },
    'names with ~ and /': {
      bytes: patchUser('{"a/b~c":1}'),
      slug: 'validation-failed',
      pointers: ['/a~1b~0c'],
    },
    'a name as a number': { bytes: patchUser('{"name":5}'), slug: 'validation-failed', pointers: ['/name'] },
    '2,000 levels': {
      bytes: patchUser(`{"name":${'['.repeat(2_000)}${']'.repeat(2_000)}}`),
      slug: 'malformed-json',
    },
    '2,000 levels of objects': {
      bytes: patchUser(`${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`),
      slug: 'malformed-json',
    },
    'a number beyond all': {
      bytes: patchUser('{"access":1e999}'),
      slug: 'validation-failed',
      pointers: ['/access'],
    },
    'a number of 15,000 digits': {
      bytes: patchUser(`{"access":${'9'.repeat(15_000)}}`),
      slug: 'validation-failed',
      pointers: ['/access'],
    },
    'a level of 2^53': {
      bytes: patchUser('{"access":9007199254740993}'),
      slug: 'validation-failed',
      pointers: ['/access'],
    },
    'a member twice': {
      bytes: patchUser('{"access":1,"access":7}'),
      slug: 'validation-failed',
      pointers: ['/access'],
    },
  },
  'a string that no database can store': Object.fromEntries(
    ['\\u0000', '\\ud800', '\\udfff', 'a\\udc00\\ud800b'].flatMap(
      (bad) =>
        [
          ...Object.keys(ada).map((name): [string, Case] => [
            `${bad} in ${name} of POST /register`,
            {
              bytes: register(
                JSON.stringify({ ...ada, [name]: 'PLACE and some more' }).replace('PLACE', bad),
              ),
              slug: 'validation-failed',
              pointers: [`/${name}`],
            },
          ]),
          ...['email', 'password'].map((name): [string, Case] => [
            `${bad} in ${name} of POST /login`,
            {
              bytes: signIn(
                JSON.stringify({ email: ada.email, password: PASSWORD, [name]: 'PLACE' }).replace(
                  'PLACE',
                  bad,
                ),
              ),
              slug: 'validation-failed',
              pointers: [`/${name}`],
            },
          ]),
          [
            `${bad} in name of PATCH /me`,
            {
              bytes: request('PATCH /me', bearer, `{"name":"a${bad}"}`),
              slug: 'validation-failed',
              pointers: ['/name'],
            },
          ],
          [
            `${bad} in name of PATCH /users/{id}`,
            { bytes: patchUser(`{"name":"a${bad}"}`), slug: 'validation-failed', pointers: ['/name'] },
          ],
        ] satisfies [string, Case][],
    ),
  ),
  'A body with another content type is refused': {
    'text/plain': { bytes: as('text/plain'), slug: 'unsupported-media-type' },
    'a form': { bytes: as('application/x-www-form-urlencoded'), slug: 'unsupported-media-type' },
    multipart: { bytes: as('multipart/form-data; boundary=x'), slug: 'unsupported-media-type' },
    none: { bytes: as(''), slug: 'unsupported-media-type' },
    'a problem': { bytes: as('application/problem+json'), slug: 'unsupported-media-type' },
    'application/jsonp': { bytes: as('application/jsonp'), slug: 'unsupported-media-type' },
    'two at once': {
      bytes: as('application/json\r\nContent-Type: application/json'),
      slug: 'unsupported-media-type',
    },
    'no content type but words': { bytes: as('json please'), slug: 'unsupported-media-type' },
  },
  'A body that is too large is refused': {
    'exactly 16 KiB are read': { bytes: signIn(padded(16_384)), slug: 'invalid-credentials' },
    'one byte more': { bytes: signIn(padded(16_385)), slug: 'body-too-large', headers: toClose },
    'exactly 16 KiB in chunks': { bytes: inChunks(padded(16_384)), slug: 'invalid-credentials' },
    'one byte more in chunks': { bytes: inChunks(padded(16_385)), slug: 'body-too-large', headers: toClose },
    // Only a part is sent: a client that is still writing may miss the answer.
    '10 MB': {
      bytes: signIn(padded(100_000), { 'Content-Length': '10000000' }),
      slug: 'body-too-large',
      headers: toClose,
    },
    '10 MB in chunks': {
      bytes: inChunks(padded(10_000_000)).subarray(0, 100_000),
      slug: 'body-too-large',
      headers: toClose,
    },
    'more than it can count': {
      bytes: request('POST /login', { 'Content-Type': 'application/json', 'Content-Length': '9'.repeat(15) }),
      slug: 'body-too-large',
      headers: toClose,
    },
  },
  'A Content-Length that does not match the body is refused': {
    'too short': {
      bytes: signIn(wrongCredentials, { 'Content-Length': '10', Connection: 'keep-alive' }),
      slug: 'bad-request',
    },
    'too long': {
      bytes: signIn(wrongCredentials, { 'Content-Length': '1000' }),
      slug: 'bad-request',
      headers: toClose,
      end: true,
    },
    negative: {
      bytes: signIn(wrongCredentials, { 'Content-Length': '-1' }),
      slug: 'bad-request',
      headers: toClose,
    },
    'no number': {
      bytes: signIn(wrongCredentials, { 'Content-Length': 'ten' }),
      slug: 'bad-request',
      headers: toClose,
    },
    'two of them': {
      bytes: signIn(wrongCredentials, { 'Content-Length': '10\r\nContent-Length: 11' }),
      slug: 'bad-request',
      headers: toClose,
    },
    'a length and chunks': {
      bytes: signIn(wrongCredentials, { 'Transfer-Encoding': 'chunked' }),
      slug: 'bad-request',
      headers: toClose,
    },
    'a chunk that is none': {
      bytes: Buffer.concat([
        request('POST /login', { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' }),
        Buffer.from('zz\r\n'),
      ]),
      slug: 'bad-request',
      headers: toClose,
    },
  },
  'A path that does not exist gets a 404': {
    unknown: { bytes: request('GET /nowhere'), slug: 'not-found' },
    'unknown, with a token': { bytes: request('GET /nowhere', bearer), slug: 'not-found' },
    'another case': { bytes: request('GET /Users', bearer), slug: 'not-found' },
    'below one that is': { bytes: request('GET /me/more', bearer), slug: 'not-found' },
    'two slashes': { bytes: request('GET //me', bearer), slug: 'not-found' },
    'an id that is no UUID': { bytes: request('GET /users/1', bearer), slug: 'not-found' },
    'an id of a NUL': { bytes: request('GET /users/%00', bearer), slug: 'not-found' },
    'a user who is not there': {
      bytes: request('GET /users/01890a5d-ac96-774b-bcce-b302099a8057', bearer),
      slug: 'user-not-found',
    },
    'a problem that is not registered': { bytes: request('GET /problems/__proto__'), slug: 'not-found' },
    'out of the docs': { bytes: request('GET /docs/static/../../../../package.json'), slug: 'not-found' },
    'out of the docs, encoded': {
      bytes: request('GET /docs/static/%2e%2e/%2e%2e/package.json'),
      slug: 'not-found',
    },
    'out of the docs, with encoded slashes': {
      bytes: request('GET /docs/static/..%2f..%2fpackage.json'),
      slug: 'not-found',
    },
    'a NUL in the docs': { bytes: request('GET /docs/static/index.css%00.html'), slug: 'not-found' },
    'a hidden file in the docs': { bytes: request('GET /docs/static/.env'), slug: 'not-found' },
    'a long one': { bytes: request(`GET /${'a/'.repeat(5_000)}`), slug: 'not-found' },
  },
  'A malformed URL is refused': {
    'a lone %': { bytes: request('GET /%'), slug: 'bad-url' },
    'no hexadecimal digits': { bytes: request('GET /users/%zz', bearer), slug: 'bad-url' },
    'bytes that are not UTF-8': { bytes: request('GET /users/%c3%28', bearer), slug: 'bad-url' },
    'half a surrogate pair': { bytes: request('GET /users/%ed%a0%80', bearer), slug: 'bad-url' },
    'a long part': { bytes: request(`GET /users/${'a'.repeat(101)}`, bearer), slug: 'uri-too-long' },
    'a part of 10,000 characters': {
      bytes: request(`GET /problems/${'a'.repeat(10_000)}`),
      slug: 'uri-too-long',
    },
    'longer than all headers may be': {
      bytes: request(`GET /${'a'.repeat(20_000)}`),
      slug: 'headers-too-large',
      headers: toClose,
    },
  },
  'A query that does not fit its schema is refused': {
    'a limit that is no number': {
      bytes: request('GET /users?limit=%zz', bearer),
      slug: 'validation-failed',
      pointers: ['/limit'],
    },
    'a limit beyond all numbers': {
      bytes: request('GET /users?limit=1e999', bearer),
      slug: 'validation-failed',
      pointers: ['/limit'],
    },
    'a limit below all numbers': {
      bytes: request('GET /audit-events?limit=-Infinity', bearer),
      slug: 'validation-failed',
      pointers: ['/limit'],
    },
    'a cursor of a NUL': {
      bytes: request('GET /users?cursor=%00', bearer),
      slug: 'validation-failed',
      pointers: ['/cursor'],
    },
    'a cursor of half a surrogate pair': {
      bytes: request('GET /users?cursor=%ed%a0%80', bearer),
      slug: 'validation-failed',
      pointers: ['/cursor'],
    },
    'an unknown name': {
      bytes: request('GET /users?__proto__=1', bearer),
      slug: 'validation-failed',
      pointers: ['/__proto__'],
    },
    'an unknown name of two parts': {
      bytes: request('GET /users?a[b]=1', bearer),
      slug: 'validation-failed',
      pointers: ['/a[b]'],
    },
  },
  'A method that the URL does not support is refused': {
    DELETE: {
      bytes: request('DELETE /me/permissions', bearer),
      slug: 'method-not-allowed',
      headers: { allow: 'GET, HEAD' },
    },
    'POST to a user': {
      bytes: request(`POST /users/${user.id}`, bearer, '{}'),
      slug: 'method-not-allowed',
      headers: { allow: 'GET, HEAD, DELETE, PATCH' },
    },
    'GET of what takes POST': {
      bytes: request('GET /login'),
      slug: 'method-not-allowed',
      headers: { allow: 'POST' },
    },
    'PUT with a query': {
      bytes: request('PUT /register?a=/me', {}, '{}'),
      slug: 'method-not-allowed',
      headers: { allow: 'POST' },
    },
    'PUT with a slash at the end': {
      bytes: request('PUT /register/', {}, '{}'),
      slug: 'method-not-allowed',
      headers: { allow: 'POST' },
    },
    OPTIONS: {
      bytes: request('OPTIONS /me'),
      slug: 'method-not-allowed',
      headers: { allow: 'GET, HEAD, DELETE, PATCH' },
    },
    'OPTIONS of nothing': { bytes: request('OPTIONS /nowhere'), slug: 'not-found' },
    TRACE: {
      bytes: request('TRACE /me', bearer),
      slug: 'method-not-allowed',
      headers: { allow: 'GET, HEAD, DELETE, PATCH' },
    },
    PROPFIND: {
      bytes: request('PROPFIND /me'),
      slug: 'method-not-allowed',
      headers: { allow: 'GET, HEAD, DELETE, PATCH' },
    },
    'of no standard': { bytes: request('BREW /me'), slug: 'bad-request', headers: toClose },
    'in lower case': { bytes: request('get /me'), slug: 'bad-request', headers: toClose },
  },
  'A malformed Authorization header is refused': {
    'two of them': {
      bytes: request('GET /me', { Authorization: `Bearer ${token}\r\nAuthorization: Bearer ${token}` }),
      slug: 'invalid-request',
      headers: { 'www-authenticate': challenge('invalid_request') },
    },
    'two schemes': {
      bytes: request('GET /me', { Authorization: `Bearer ${token}\r\nAuthorization: Basic YTpi` }),
      slug: 'invalid-request',
      headers: { 'www-authenticate': challenge('invalid_request') },
    },
    'in the query too': {
      bytes: request(`GET /me?access_token=${token}`, bearer),
      slug: 'invalid-request',
      headers: { 'www-authenticate': challenge('invalid_request') },
    },
    'in the query too, encoded': {
      bytes: request(`GET /me?access%5Ftoken=${token}`, bearer),
      slug: 'invalid-request',
      headers: { 'www-authenticate': challenge('invalid_request') },
    },
    'in the query only': {
      bytes: request(`GET /me?access_token=${token}`),
      slug: 'authentication-required',
      headers: { 'www-authenticate': challenge() },
    },
    'the scheme alone': {
      bytes: request('GET /me', { Authorization: 'Bearer' }),
      slug: 'invalid-request',
      headers: { 'www-authenticate': challenge('invalid_request') },
    },
    'the scheme and spaces': {
      bytes: request('GET /me', { Authorization: 'Bearer   ' }),
      slug: 'invalid-request',
      headers: { 'www-authenticate': challenge('invalid_request') },
    },
    'a tab after the scheme': {
      bytes: request('GET /me', { Authorization: `Bearer\t${token}` }),
      slug: 'authentication-required',
      headers: { 'www-authenticate': challenge() },
    },
    'two tokens': {
      bytes: request('GET /me', { Authorization: `Bearer ${token} ${token}` }),
      slug: 'invalid-request',
      headers: { 'www-authenticate': challenge('invalid_request') },
    },
    'a token in quotes': {
      bytes: request('GET /me', { Authorization: `Bearer "${token}"` }),
      slug: 'invalid-request',
      headers: { 'www-authenticate': challenge('invalid_request') },
    },
    'bytes above 127': {
      bytes: request('GET /me', { Authorization: 'Bearer t\xf6ken' }),
      slug: 'invalid-request',
      headers: { 'www-authenticate': challenge('invalid_request') },
    },
    'another scheme': {
      bytes: request('GET /me', { Authorization: 'Basic YTpi' }),
      slug: 'authentication-required',
      headers: { 'www-authenticate': challenge() },
    },
    'a scheme that begins like ours': {
      bytes: request('GET /me', { Authorization: `BearerX ${token}` }),
      slug: 'authentication-required',
      headers: { 'www-authenticate': challenge() },
    },
    empty: {
      bytes: request('GET /me', { Authorization: ' ' }),
      slug: 'authentication-required',
      headers: { 'www-authenticate': challenge() },
    },
    'a token of 10,000 characters': {
      bytes: request('GET /me', { Authorization: `Bearer ${'a'.repeat(10_000)}` }),
      slug: 'invalid-token',
      headers: { 'www-authenticate': challenge('invalid_token') },
    },
    'a password in place of a token': {
      bytes: request('GET /me', { Authorization: `Bearer ${PASSWORD}` }),
      slug: 'invalid-request',
      headers: { 'www-authenticate': challenge('invalid_request') },
    },
  },
  'A malformed HTTP request is refused': {
    garbage: { bytes: Buffer.from([0, 1, 2, 255, 13, 10, 13, 10]), slug: 'bad-request', headers: toClose },
    'the beginning of TLS': {
      bytes: Buffer.from('16030100c8010000c40303', 'hex'),
      slug: 'bad-request',
      headers: toClose,
    },
    'the beginning of HTTP/2': {
      bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      slug: 'bad-request',
      headers: toClose,
    },
    'HTTP/9.9': { bytes: 'GET / HTTP/9.9\r\nHost: a\r\n\r\n', slug: 'bad-request', headers: toClose },
    'a header without a colon': {
      bytes: `GET / HTTP/1.1\r\nHost: a\r\nBearer ${token}\r\n\r\n`,
      slug: 'bad-request',
      headers: toClose,
    },
    'a NUL in a header': {
      bytes: request('GET /me', { Authorization: `Bearer ${token}\0` }),
      slug: 'bad-request',
      headers: toClose,
    },
    'a line feed alone': { bytes: 'GET /me HTTP/1.1\nHost: a\n\n', slug: 'bad-request', headers: toClose },
    'a space before the colon': {
      bytes: 'GET / HTTP/1.1\r\nHost : a\r\n\r\n',
      slug: 'bad-request',
      headers: toClose,
    },
    'headers of 20 KB': {
      bytes: request('GET /me', { Authorization: `Bearer ${'a'.repeat(20_000)}` }),
      slug: 'headers-too-large',
      headers: toClose,
    },
    'no Host': {
      bytes: 'GET /me HTTP/1.1\r\nConnection: close\r\n\r\n',
      slug: 'bad-request',
      headers: toClose,
    },
    'two Hosts': {
      bytes: 'GET /me HTTP/1.1\r\nHost: latchkey.test\r\nHost: example.com\r\nConnection: close\r\n\r\n',
      slug: 'bad-request',
    },
    'an end in the middle': { bytes: 'GET /me HTT', slug: 'bad-request', headers: toClose, end: true },
  },
};

for (const [group, cases] of Object.entries(groups)) {
  t.test(group, async (t) => {
    for (const [name, { bytes, end = false, ...expected }] of Object.entries(cases)) {
      const answer = await send(service.url, bytes, { end }).catch((error: Error) => error);
      if (answer instanceof Error) t.fail(`${name}: ${answer.message}`);
      else checkProblem(t, answer, expected, name);
    }
    t.strictSame(await database.db.user.findMany(), before, 'nothing was changed');
  });
}

function checkProblem(
  t: Test,
  answer: RawAnswer,
  { slug, headers = {}, pointers, last }: Omit<Case, 'bytes'>,
  name: string,
): void {
  const { status, title } = registry[slug];
  t.equal(answer.status, status, `${name}: ${answer.text.slice(0, 300)}`);
  t.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8', name);
  t.equal(answer.headers['content-length'], String(Buffer.byteLength(answer.text)), name);
  const body = JSON.parse(answer.text || '{}');
  t.match(
    body,
    {
      type: `${PUBLIC_URL}/problems/${slug}`,
      slug,
      title,
      status,
      detail: /\w/,
      requestId: /^[0-9a-f]{24}$/,
    },
    name,
  );
  t.notMatch(answer.text, /node_modules|\.[jt]s:\d|\\n {4}at |passwordHash|\$argon2/, name);
  if (pointers !== undefined) {
    const found: { pointer: string }[] = body.errors ?? [];
    t.strictSame([...new Set(found.map(({ pointer }) => pointer))].sort(), [...pointers].sort(), name);
  }
  if (last !== undefined) t.match(body.errors.at(-1), { pointer: '', message: last }, name);
  for (const [header, value] of Object.entries(headers))
    t.match(answer.headers[header], value, `${name}: ${header}`);
  t.equal(
    status === 401 && answer.headers['www-authenticate'] === undefined,
    false,
    `${name}: a 401 has a challenge`,
  );
}

t.test('A HEAD request gets the headers of the problem and no body', async (t) => {
  const heads: [string, number, Record<string, string>][] = [
    ['HEAD /me', 401, { 'www-authenticate': challenge() }],
    ['HEAD /nowhere', 404, {}],
    ['HEAD /login', 405, { allow: 'POST' }],
  ];
  for (const [line, status, headers] of heads) {
    const answer = await send(service.url, request(line));
    t.match(
      answer,
      {
        status,
        text: '',
        headers: { ...headers, 'content-type': 'application/problem+json; charset=utf-8' },
      },
      line,
    );
    t.ok(Number(answer.headers['content-length']) > 0, line);
  }
});

t.test('Unusual but valid requests are answered', async (t) => {
  const fine: Record<string, Buffer | string> = {
    'the scheme in lower case': request('GET /me', { Authorization: `bearer ${token}` }),
    'several spaces after the scheme': request('GET /me', { Authorization: `BEARER   ${token}` }),
    'a query that is not read': request('GET /me?limit=x', bearer),
    'a slash at the end': request('GET /me/', bearer),
    'an unknown expectation, which may be ignored': request('GET /me', { ...bearer, Expect: 'miracles' }),
    'an upgrade, which may be ignored': request('GET /me', {
      ...bearer,
      Connection: 'close, Upgrade',
      Upgrade: 'websocket',
    }),
    'HTTP/1.0 without Host': `GET /me HTTP/1.0\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  };
  for (const [name, bytes] of Object.entries(fine)) {
    const answer = await send(service.url, bytes).catch((error: Error) => ({
      status: 0,
      text: error.message,
    }));
    t.equal(answer.status, 200, `${name}: ${answer.text}`);
  }
});

t.test('A user who registers after all bad requests is an ordinary user', async (t) => {
  const { status, body } = await service.ask('POST', '/register', {
    body: { ...ada, email: 'grace@example.com' },
  });
  t.equal(status, 201);
  t.strictSame(Object.keys(body).sort(), [
    'access',
    'accessName',
    'accessUntil',
    'createdAt',
    'disabled',
    'email',
    'id',
    'kind',
    'name',
    'permanentAccess',
    'secondFactor',
    'updatedAt',
  ]);
  t.equal(body.access, 1);
});

t.test('The log of all bad requests, at level trace, has no secret and no internal error', async (t) => {
  // The harness searches what was printed for passwords, tokens and hashes.
  const { stdout, stderr } = await service.stop();
  t.equal(stderr, '');
  const logged = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  t.ok(logged.length > 200);
  t.strictSame(
    logged.filter(({ level }) => level >= 50),
    [],
  );
  t.match(
    logged.find(({ code }) => code === 'HPE_INVALID_METHOD'),
    { reqId: /^[0-9a-f]{24}$/, problem: 'bad-request' },
  );
  t.notMatch(stdout, 'access_token', 'queries are not logged');
  t.notMatch(stdout, 'not the password of Ada');
});
