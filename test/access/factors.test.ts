/** Tests routes that ask for two factors, and levels that do: the order of the guard, and its challenges. */
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import t from 'tap';
import { requireAccess, requireTwoFactors } from '#latchkey/access/guard.ts';
import { readClaims } from '../accounts/client.ts';
import { type Answer, PUBLIC_URL, startApi, type Teardown } from '../helper.ts';
import { craftToken, testSigningKey } from '../tokens.ts';

const ok = async () => ({ ok: true });

const routes: FastifyPluginAsync = async (app) => {
  app.get('/guests', { config: { access: 'guest' } }, ok);
  app.get('/users', { config: { access: 'user' } }, ok);
  app.get('/admins', { config: { access: 'admin' } }, ok);
  app.get('/admins/recent', { config: { access: 'admin', maxAge: 5 } }, ok);
  app.get('/twice', { config: { access: 'guest', factors: 2 } }, ok);
  app.get('/twice/recent', { config: { access: 'user', factors: 2, maxAge: 5 } }, ok);
  app.get('/twice/by-hook', { preHandler: app.requireAccess('user', { factors: 2, maxAge: 5 }) }, ok);
  app.get('/twice/by-function', { preHandler: requireAccess(1, { factors: 2 }) }, ok);
  app.get('/twice/by-handler', { config: { access: 'guest' } }, async (request) => {
    requireTwoFactors(request, 5);
    return { ok: true };
  });
};

const SCHEME = 'Bearer realm="latchkey"';
const INSUFFICIENT = `${SCHEME}, error="insufficient_user_authentication"`;
const METADATA = `resource_metadata="${PUBLIC_URL}/.well-known/oauth-protected-resource"`;
const SECOND = `${INSUFFICIENT}, error_description="A second factor is required", acr_values="2"`;
const RECENT = `${INSUFFICIENT}, error_description="A more recent sign-in is required", max_age=5`;
const SCOPE = `${SCHEME}, error="insufficient_scope"`;

const now = () => Math.floor(Date.now() / 1000);
const long = () => ({ auth_time: now() - 60 });

/** What an answer is: its status, its problem and its challenge. */
function read({ status, headers, body }: Answer): [number, string | undefined, unknown] {
  return [status, body.slug, headers['www-authenticate']];
}

const PASSED = [200, undefined, undefined];
const second = (challenge = SECOND) => [401, 'two-factors-required', `${challenge}, ${METADATA}`];
const recent = [401, 'recent-sign-in-required', `${RECENT}, ${METADATA}`];
const denied = [403, 'access-denied', SCOPE];

/** Each row: what the token says, the path, and the answer; the level of admins asks for two factors. */
const rows: [name: string, claims: Record<string, unknown>, path: string, expected: unknown[]][] = [
  ['an admin, one factor', { access: 2 }, '/admins', second()],
  ['an admin, one factor, long ago', { access: 2, ...long() }, '/admins', second()],
  [
    'an admin, one factor, long ago',
    { access: 2, ...long() },
    '/admins/recent',
    second(`${SECOND}, max_age=5`),
  ],
  ['an admin, one factor, just now', { access: 2 }, '/admins/recent', second()],
  ['an admin, two factors, long ago', { access: 2, acr: '2', ...long() }, '/admins/recent', recent],
  ['an admin, two factors', { access: 2, acr: '2' }, '/admins/recent', PASSED],
  ['an admin, two factors', { access: 2, acr: '2' }, '/admins', PASSED],
  ['an admin, one factor, at the level below', { access: 2 }, '/users', PASSED],
  ['a user, one factor', { access: 1 }, '/admins', denied],
  ['a user, two factors', { access: 1, acr: '2' }, '/admins', denied],
  ['a user, one factor, long ago', { access: 1, ...long() }, '/admins/recent', denied],
  ['a guest, one factor', { access: 0 }, '/twice', second()],
  ['a guest, two factors', { access: 0, acr: '2' }, '/twice', PASSED],
  ['a guest, one factor', { access: 0 }, '/twice/recent', denied],
  ['a user, one factor', { access: 1 }, '/twice/recent', second()],
  ['a user, one factor, long ago', { access: 1, ...long() }, '/twice/recent', second(`${SECOND}, max_age=5`)],
  ['a user, two factors, long ago', { access: 1, acr: '2', ...long() }, '/twice/recent', recent],
  ['a user, two factors', { access: 1, acr: '2' }, '/twice/recent', PASSED],
  ['a user, one factor', { access: 1 }, '/twice/by-hook', second()],
  [
    'a user, one factor, long ago',
    { access: 1, ...long() },
    '/twice/by-hook',
    second(`${SECOND}, max_age=5`),
  ],
  ['a user, two factors', { access: 1, acr: '2' }, '/twice/by-hook', PASSED],
  ['a user, one factor', { access: 1 }, '/twice/by-function', second()],
  ['a user, two factors', { access: 1, acr: '2' }, '/twice/by-function', PASSED],
  ['a guest, one factor', { access: 0 }, '/twice/by-handler', second()],
  [
    'a guest, one factor, long ago',
    { access: 0, ...long() },
    '/twice/by-handler',
    second(`${SECOND}, max_age=5`),
  ],
  ['a guest, two factors', { access: 0, acr: '2' }, '/twice/by-handler', PASSED],
  ['a token without acr', { access: 1, acr: undefined, amr: undefined }, '/twice/by-hook', second()],
  ['a token without acr', { access: 2, acr: undefined, amr: undefined }, '/admins', second()],
  [
    'no valid token',
    { exp: 1 },
    '/admins',
    [401, 'invalid-token', `${SCHEME}, error="invalid_token", ${METADATA}`],
  ],
];

/** Starts a service whose tokens a test writes. Their sessions are real: a slow guard reads the rows. */
async function start(
  t: Teardown,
  variables: Record<string, string> = { SECOND_FACTOR_FROM: 'admin' },
  own = routes,
) {
  const options = {
    routes: async (app: FastifyInstance) => void (await app.register(own, { prefix: '/own' })),
  };
  const { app, ask, person } = await startApi(
    t,
    { JWT_PRIVATE_KEY: testSigningKey.pem, ...variables },
    options,
  );
  const people = await Promise.all([0, 1, 2].map((level) => person(level)));
  const tokenOf = (claims: Record<string, unknown>) => {
    const { sub, sid } = readClaims(people[Number(claims.access ?? 2)]?.token ?? '');
    return craftToken({ sub, sid, ...claims });
  };
  const get = (claims: Record<string, unknown>, path: string) => ask('GET', path, { token: tokenOf(claims) });
  return { app, ask, tokenOf, get };
}

const api = await start(t);

const ask = (claims: Record<string, unknown>, path: string) => api.get(claims, `/own${path}`);

t.test('The guard asks for the token, then the level, then the factors, then the time', async (t) => {
  for (const [name, claims, path, expected] of rows)
    t.strictSame(read(await ask(claims, path)), expected, `${name}: ${path}`);
});

t.test('A token that was seen before gets the same answers', async (t) => {
  for (const [name, claims, path, expected] of rows) {
    const token = api.tokenOf(claims);
    await api.ask('GET', '/own/guests', { token });
    t.strictSame(read(await api.ask('GET', `/own${path}`, { token })), expected, `${name}: ${path}`);
  }
});

t.test('A guard that asks the database for revocations gives the same answers', async (t) => {
  const stale = await start(t);
  Object.defineProperty(stale.app.revocations, 'isFresh', { get: () => false });
  for (const [name, claims, path, expected] of rows)
    t.strictSame(read(await stale.get(claims, `/own${path}`)), expected, `${name}: ${path}`);
});

t.test('Without the setting, no level asks for a second factor, but a route does', async (t) => {
  const free = await start(t, {});
  t.equal((await free.get({ access: 2 }, '/own/admins')).status, 200);
  t.equal((await free.get({ access: 2 }, '/own/twice')).status, 401);
  t.equal((await free.get({ access: 2, acr: '2' }, '/own/twice')).status, 200);
});

t.test('The challenges have the parameters of the examples of RFC 9470', async (t) => {
  // Section 3, figures 2 and 3, with the realm of RFC 6750, and other values.
  const figure2 =
    'Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="myACR"';
  const figure3 =
    'Bearer error="insufficient_user_authentication", error_description="More recent authentication is required", max_age="5"';
  const parse = (header: string) => {
    const [scheme = '', ...rest] = header.split(' ');
    const parameters = [...rest.join(' ').matchAll(/(\w+)=(?:"([^"]*)"|([^\s,"]+))(?:, |$)/g)];
    const length = parameters.reduce((sum, [text]) => sum + text.length, scheme.length + 1);
    t.equal(length, header.length, 'a challenge of RFC 9110 section 11.3');
    return {
      scheme,
      ...Object.fromEntries(parameters.map(([, name, quoted, token]) => [name, quoted ?? token])),
    };
  };
  const header = async (claims: Record<string, unknown>, path: string) =>
    parse(String((await ask(claims, path)).headers['www-authenticate']));
  const resource_metadata = `${PUBLIC_URL}/.well-known/oauth-protected-resource`;
  const described = {
    realm: 'latchkey',
    error_description: 'A second factor is required',
    acr_values: '2',
    resource_metadata,
  };
  t.strictSame(await header({ access: 1 }, '/twice'), { ...parse(figure2), ...described });
  t.strictSame(await header({ access: 2, acr: '2', ...long() }, '/admins/recent'), {
    ...parse(figure3),
    realm: 'latchkey',
    error_description: 'A more recent sign-in is required',
    resource_metadata,
  });
  t.strictSame(
    await header({ access: 1, ...long() }, '/twice/recent'),
    { ...parse(figure2), ...parse(figure3), ...described },
    'both in one challenge',
  );
});

t.test('The permissions describe the token, and what a second factor would open', async (t) => {
  const authenticated = now() - 100;
  const read = async (claims: Record<string, unknown>) => {
    const { body } = await api.get({ auth_time: authenticated, ...claims }, '/me/permissions');
    const { permissions, levels, ...caller } = body;
    t.strictSame(
      levels.map(({ secondFactor }: { secondFactor: boolean }) => secondFactor),
      [false, false, true],
      'the levels that ask for a second factor',
    );
    const of = (id: string) => {
      const found = permissions.find(({ operationId }: { operationId: string }) => operationId === id);
      return [found.minimum, found.maxAge, found.factors, found.allowed, found.secondFactor];
    };
    return { caller, list: ['signIn', 'getMe', 'listUsers', 'getControlPanel', 'deleteUser'].map(of) };
  };
  const authenticatedAt = new Date(authenticated * 1000).toISOString();
  const open = [
    [null, null, 1, true, false],
    [0, null, 1, true, false],
    [1, null, 1, true, false],
  ];
  t.strictSame(await read({ access: 2 }), {
    caller: { access: 1, access2: 2, cap: null, acr: '1', amr: ['pwd'], authenticatedAt, key: null },
    list: [...open, [2, null, 1, false, true], [2, 900, 1, false, true]],
  });
  t.strictSame(await read({ access: 2, acr: '2', amr: ['pwd', 'otp', 'mfa'] }), {
    caller: {
      access: 2,
      access2: null,
      cap: null,
      acr: '2',
      amr: ['pwd', 'otp', 'mfa'],
      authenticatedAt,
      key: null,
    },
    list: [...open, [2, null, 1, true, false], [2, 900, 1, true, false]],
  });
  t.strictSame(await read({ access: 1 }), {
    caller: { access: 1, access2: null, cap: null, acr: '1', amr: ['pwd'], authenticatedAt, key: null },
    list: [...open, [2, null, 1, false, false], [2, 900, 1, false, false]],
  });
  t.match(await read({ access: 1, acr: undefined, amr: undefined }), { caller: { acr: '1', amr: [] } });
  const head = await api.ask('HEAD', '/me/permissions', { token: api.tokenOf({ access: 2 }) });
  t.strictSame([head.status, head.text], [200, '']);
  t.equal((await api.ask('HEAD', '/me/permissions', { token: 'x' })).status, 401);
});

t.test('The permissions know the routes of an app that ask for two factors', async (t) => {
  const own: FastifyPluginAsync = async (app) => {
    const schema = (operationId: string) => ({ schema: { operationId } });
    app.get('/a', { config: { access: 'guest', factors: 2, maxAge: 60 }, ...schema('ownByConfig') }, ok);
    const preHandler = app.requireAccess('user', { factors: 2, maxAge: 90 });
    app.get('/b', { preHandler, ...schema('ownByHook') }, ok);
    app.get('/c', { config: { access: 'user', maxAge: 120 }, preHandler, ...schema('ownByBoth') }, ok);
  };
  const { ask, get } = await start(t, {}, own);
  const list = async (claims: Record<string, unknown>) => {
    const { body } = await get(claims, '/me/permissions');
    return body.permissions
      .filter(({ operationId }: { operationId: string }) => operationId.startsWith('own'))
      .map(({ maxAge, factors, allowed, secondFactor }: Record<string, unknown>) => [
        maxAge,
        factors,
        allowed,
        secondFactor,
      ]);
  };
  t.strictSame(await list({ access: 0 }), [
    [60, 2, false, true],
    [90, 2, false, false],
    [90, 2, false, false],
  ]);
  t.strictSame(await list({ access: 1 }), [
    [60, 2, false, true],
    [90, 2, false, true],
    [90, 2, false, true],
  ]);
  t.strictSame(await list({ access: 1, acr: '2' }), [
    [60, 2, true, false],
    [90, 2, true, false],
    [90, 2, true, false],
  ]);
  const { paths } = (await ask('GET', '/openapi.json')).body;
  t.match(paths['/own/a'].get, {
    'x-factors': 2,
    'x-max-age': 60,
    description:
      /^Needs an access token of any level\. The session needs two factors\. The sign-in may be at most 1 minute old\./,
  });
  t.match(paths['/own/b'].get, { 'x-factors': 2, 'x-max-age': 90, 'x-minimum-access': 1 });
  const { examples } = paths['/own/a'].get.responses['401'].content['application/problem+json'];
  t.ok(Object.keys(examples).includes('two-factors-required'));
});
