/** Checks every route of the running app with every kind of caller. A new route is covered automatically. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { declaration } from '#latchkey/access/declaration.ts';
import { requireAccess } from '#latchkey/access/guard.ts';
import { startApi } from '../helper.ts';
import { request } from '../raw.ts';
import { craftToken, testSigningKey } from '../tokens.ts';

const api = await startApi(t, { JWT_PRIVATE_KEY: testSigningKey.pem });

interface Route {
  readonly method: string;
  readonly url: string;
  readonly minimum: number | null;
  readonly declared: number | null;
}

/** Lists the routes from the router itself, not from the lists of the app. */
function listRoutes(): Route[] {
  return api.app.listRoutes().map(({ method, url, config }) => {
    const { minimum = null } = config[declaration] ?? {};
    // Without a body, a route that reads a token itself accepts callers with a valid one.
    return { method, url, minimum: config.token === 'optional' ? 0 : minimum, declared: minimum };
  });
}

const fill = (url: string) => url.replace(/:\w+/g, randomUUID()).replace('*', 'index.css');

t.test('Every route accepts exactly the callers whose level is high enough', async (t) => {
  const routes = listRoutes();
  const claims = { iss: api.app.config.publicUrl, aud: api.app.config.publicUrl };
  const admin = await api.person(2);
  const signedOut = await api.sessionToken(admin.id);
  await api.ask('POST', '/logout', { token: signedOut });
  const now = Math.floor(Date.now() / 1000);

  const callers = [
    { who: 'an unauthenticated caller', level: -1, header: undefined, refused: 401, error: undefined },
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
    // Each request has its own user, because some of the routes end the session or delete the account.
    ...['a guest', 'a user', 'an admin'].map((who, level) => ({
      who,
      level,
      header: async () => `Bearer ${(await api.person(level)).token}`,
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

t.test('Each route needs the level in the table of this test', async (t) => {
  const minimums = Object.fromEntries(
    listRoutes()
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, url, declared }) => [`${method} ${url}`, declared]),
  );
  t.match(minimums, {
    'POST /register': null,
    'POST /login': null,
    'POST /refresh': null,
    'POST /logout': null,
    'GET /me/sessions': 0,
    'DELETE /me/sessions': 0,
    'DELETE /me/sessions/:id': 0,
    'POST /me/reauthenticate': 0,
    'PUT /me/password': 0,
    'GET /me/authenticators': 0,
    'POST /me/totp': 0,
    'POST /me/totp/confirm': 0,
    'DELETE /me/totp': 0,
    'POST /me/recovery-codes': 0,
    'POST /me/passkeys/options': 0,
    'POST /me/passkeys': 0,
    'GET /me/passkeys/:id': 0,
    'PATCH /me/passkeys/:id': 0,
    'DELETE /me/passkeys/:id': 0,
    'GET /users/:id/authenticators': 2,
    'DELETE /users/:id/authenticators': 2,
    'GET /users/:id/sessions': 2,
    'DELETE /users/:id/sessions': 2,
    'DELETE /users/:id/sessions/:sessionId': 2,
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
    'GET /audit-chain': 2,
    'GET /settings': 2,
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

t.test('401 comes first, then a large body, its type and malformed JSON, then 403', async (t) => {
  const json = { 'content-type': 'application/json' };
  const bodies: Record<string, [body: string, headers: Record<string, string>, status: number]> = {
    'too large': [`{"reason":"${'a'.repeat(20_000)}"}`, json, 413],
    'of another type': ['a', { 'content-type': 'text/plain' }, 415],
    malformed: ['{', json, 400],
    'that does not fit': ['{"name":""}', json, 403],
  };
  const { id, token } = await api.person(1);
  const signedOut = await api.sessionToken(id);
  await api.ask('POST', '/logout', { token: signedOut });
  const { iss, aud } = { iss: api.app.config.publicUrl, aud: api.app.config.publicUrl };
  const unauthenticated: Record<string, { token?: string }> = {
    'without a token': {},
    'a token of another key': { token: forge(token) },
    'a token that has expired': { token: craftToken({ iss, aud, exp: 1 }) },
    'a token that was revoked': { token: signedOut },
  };
  for (const [name, [body, headers, status]] of Object.entries(bodies)) {
    const ask = async (who: { token?: string }) =>
      (await api.ask('PATCH', `/users/${id}`, { ...who, body, headers })).status;
    for (const [who, of] of Object.entries(unauthenticated))
      t.equal(await ask(of), 401, `a body ${name}, ${who}`);
    t.equal(await ask({ token }), status, `a body ${name}, with a token`);
  }
});

t.test('The body of an unauthenticated caller is neither read nor validated', async (t) => {
  const seen: string[] = [];
  const { app, person } = await startApi(
    t,
    {},
    {
      routes: async (own) => {
        own.addHook('preParsing', async ({ id }) => void seen.push(id));
        own.addHook('preValidation', async ({ id }) => void seen.push(id));
        own.post('/own', { config: { access: 'user' }, handler: async () => 'done' });
        own.post('/own/by-hook', { preHandler: requireAccess(1), handler: async () => 'done' });
      },
    },
  );
  const { token } = await person(1);
  for (const url of ['/own', '/own/by-hook']) {
    const post = (headers: Record<string, string>) =>
      app.inject({ method: 'POST', url, headers, payload: { a: 1 } });
    t.equal((await post({})).statusCode, 401);
    t.strictSame(seen.splice(0), []);
    t.equal((await post({ authorization: `Bearer ${token}` })).statusCode, 200);
    t.equal(seen.splice(0).length, 2);
  }
});

t.test('A body that arrives after the end of the session gets a 401', async (t) => {
  const { app, server, person, ask } = await startApi(t);
  const url = await server.listen({ port: 0 });
  const { token } = await person(1);
  const body = JSON.stringify({ name: 'Ada' });
  const bytes = request('PATCH /me', { Authorization: `Bearer ${token}` }, body).toString('latin1');
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  let text = '';
  socket.on('data', (part) => {
    text += part;
  });
  const isIn = once(app.server, 'request');
  socket.write(bytes.slice(0, -2));
  await isIn;
  t.equal((await ask('POST', '/logout', { token })).status, 204);
  socket.write(bytes.slice(-2));
  await once(socket, 'close');
  t.match(text, /^HTTP\/1\.1 401 /);
});

/** Signs the token with another key. */
function forge(token: string): string {
  const [, payload = ''] = token.split('.');
  return craftToken(JSON.parse(Buffer.from(payload, 'base64url').toString()), { otherKey: true });
}
