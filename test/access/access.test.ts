/** Every route of the running app x every kind of caller. A new route is covered without being asked. */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { declaration } from '#latchkey/access/plugin.ts';
import { startApi } from '../helper.ts';
import { craftToken, testSigningKey } from '../tokens.ts';

const api = await startApi(t, { JWT_PRIVATE_KEY: testSigningKey.pem });

interface Route {
  readonly method: string;
  readonly url: string;
  readonly minimum: number | null;
}

/** From the router itself, not from what the app says of itself. */
function listRoutes(): Route[] {
  return api.app
    .listRoutes()
    .map(({ method, url, config }) => ({ method, url, minimum: config[declaration]?.minimum ?? null }));
}

const fill = (url: string) => url.replace(/:\w+/g, randomUUID()).replace('*', 'index.css');

t.test('every route lets in exactly those whose level is high enough', async (t) => {
  const routes = listRoutes();
  const claims = { iss: api.app.config.publicUrl, aud: api.app.config.publicUrl };
  const [guest, user, admin] = [await api.person(0), await api.person(1), await api.person(2)];
  const signedOut = await api.sessionToken(admin.id);
  await api.ask('POST', '/logout', { token: signedOut });
  const now = Math.floor(Date.now() / 1000);

  const callers = [
    { who: 'nobody', level: -1, header: undefined, refused: 401, error: undefined },
    { who: 'another scheme', level: -1, header: 'Basic YTpi', refused: 401, error: undefined },
    { who: 'a malformed header', level: -1, header: 'Bearer a b', refused: 400, error: 'invalid_request' },
    { who: 'no JWT', level: -1, header: 'Bearer abc', refused: 401, error: 'invalid_token' },
    {
      who: 'a token signed with another key',
      level: -1,
      header: `Bearer ${forge(admin.token)}`,
      refused: 401,
      error: 'invalid_token',
    },
    {
      who: 'an expired token',
      level: -1,
      header: `Bearer ${craftToken({ ...claims, sub: admin.id, access: 2, iat: now - 1000, auth_time: now - 1000, exp: now - 100 })}`,
      refused: 401,
      error: 'invalid_token',
    },
    {
      who: 'a token of a session that was signed out',
      level: -1,
      header: `Bearer ${signedOut}`,
      refused: 401,
      error: 'invalid_token',
    },
    // A session of its own for each request, for some of the routes end it.
    ...[guest, user, admin].map(({ id }, level) => ({
      who: ['a guest', 'a user', 'an admin'][level],
      level,
      header: async () => `Bearer ${await api.sessionToken(id)}`,
      refused: 403,
      error: 'insufficient_scope',
    })),
  ];

  t.ok(routes.length >= 20, `the router has ${routes.length} routes`);
  t.ok(routes.some(({ minimum }) => minimum === 0) && routes.some(({ minimum }) => minimum === 1));
  for (const { method, url, minimum } of routes) {
    for (const { who, level, header, refused, error } of callers) {
      const authorization = typeof header === 'function' ? await header() : header;
      const answer = await api.app.inject({
        // biome-ignore lint/suspicious/noExplicitAny: the router's methods are those that inject knows
        method: method as any,
        url: fill(url),
        headers: authorization === undefined ? {} : { authorization },
      });
      const name = `${method} ${url} (${minimum ?? 'public'}) and ${who}`;
      if (minimum === null || level >= minimum) {
        t.notOk([401, 403].includes(answer.statusCode), `${name}: passes, ${answer.statusCode}`);
      } else {
        t.equal(answer.statusCode, refused, `${name}: kept out`);
        const challenge = String(answer.headers['www-authenticate']);
        t.match(challenge, /^Bearer realm="latchkey"/, name);
        t.equal(/error="(\w+)"/.exec(challenge)?.[1], error, name);
        if (refused === 403 && method !== 'HEAD') {
          const { detail, required, actual } = answer.json();
          t.strictSame(
            { detail, required, actual },
            { detail: 'You do not have access to that page. Sorry!', required: minimum, actual: level },
            name,
          );
        }
      }
    }
  }
});

t.test('each route asks for what the table of the service says', async (t) => {
  const minimums = Object.fromEntries(
    listRoutes()
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, url, minimum }) => [`${method} ${url}`, minimum]),
  );
  t.match(minimums, {
    'POST /register': null,
    'POST /login': null,
    'POST /refresh': null,
    'POST /logout': 0,
    'GET /me/sessions': 0,
    'DELETE /me/sessions': 0,
    'DELETE /me/sessions/:id': 0,
    'POST /me/reauthenticate': 0,
    'PUT /me/password': 0,
    'DELETE /users/:id/sessions': 2,
    'GET /.well-known/jwks.json': null,
    'GET /me': 0,
    'PATCH /me': 0,
    'GET /me/permissions': 0,
    'GET /users': 1,
    'GET /users/:id': 1,
    'PATCH /users/:id': 2,
    'DELETE /users/:id': 2,
    'GET /control-panel': 2,
    'GET /audit-events': 2,
    'GET /me/activity': 0,
    'GET /': null,
    'GET /openapi.json': null,
    'GET /docs': null,
    'GET /problems': null,
    'GET /problems/:slug': null,
    'GET /health/live': null,
    'GET /health/ready': null,
  });
});

t.test('401 and 403 come before 400 and 404', async (t) => {
  const user = await api.person(1);
  for (const [token, status] of [
    [undefined, 401],
    [user.token, 403],
  ] as const) {
    const options = token === undefined ? {} : { token };
    t.equal(
      (await api.ask('PATCH', '/users/no-uuid', { ...options, body: { access: 99, extra: 1 } })).status,
      status,
    );
    t.equal((await api.ask('DELETE', `/users/${randomUUID()}`, options)).status, status);
  }
  t.equal((await api.ask('GET', '/users?limit=0')).status, 401, 'a query that does not fit');
});

t.test('malformed JSON, another content type and a large body come before 401', async (t) => {
  const json = { 'content-type': 'application/json' };
  t.equal((await api.ask('PATCH', '/me', { body: '{', headers: json })).status, 400);
  t.equal(
    (await api.ask('PATCH', '/me', { body: 'a', headers: { 'content-type': 'text/plain' } })).status,
    415,
  );
  t.equal(
    (await api.ask('PATCH', '/me', { body: `{"name":"${'a'.repeat(70_000)}"}`, headers: json })).status,
    413,
  );
});

/** The token with a signature by another key. */
function forge(token: string): string {
  const [, payload = ''] = token.split('.');
  return craftToken(JSON.parse(Buffer.from(payload, 'base64url').toString()), { otherKey: true });
}
