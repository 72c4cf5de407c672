/** Tests the metadata, introspection and revocation with a client of OAuth. */
import Fastify from 'fastify';
import * as oauth from 'oauth4webapi';
import t from 'tap';
import { createGuardKey } from '#latchkey/accounts/api-keys/guard-key.ts';
import latchkey, { type LatchkeyOptions } from '#latchkey/plugin.ts';
import { isAccepted, open } from '../accounts/client.ts';
import { makeKey } from '../api-keys/keys.ts';
import { type Api, startApi } from '../helper.ts';
import { hostOptions } from '../plugin/host.ts';

const issuer = 'https://id.example.com';
const api = await startApi(t, { PUBLIC_URL: issuer });
const admin = await api.person(2);
const client: oauth.Client = { client_id: 'latchkey' };

/** A fetch of oauth4webapi that reaches an app in this process. */
const through = (app: Pick<Api['server'], 'inject'>) => ({
  [oauth.customFetch]: async (
    url: string,
    { method, headers, body }: oauth.CustomFetchOptions<string, unknown>,
  ) => {
    const { pathname, search } = new URL(url);
    const answer = await app.inject({
      url: pathname + search,
      method: method === 'POST' ? 'POST' : 'GET',
      headers,
      ...(body !== undefined && body !== null && { payload: String(body) }),
    });
    const { 'content-type': type = '' } = answer.headers;
    return new Response(answer.body, {
      status: answer.statusCode,
      headers: { 'content-type': String(type) },
    });
  },
});

async function discover(url: string, app: Pick<Api['server'], 'inject'>) {
  const identifier = new URL(url);
  const options = { algorithm: 'oauth2' as const, ...through(app) };
  return oauth.processDiscoveryResponse(identifier, await oauth.discoveryRequest(identifier, options));
}

async function discoverResource(url: string, app: Pick<Api['server'], 'inject'>) {
  const identifier = new URL(url);
  return oauth.processResourceDiscoveryResponse(
    identifier,
    await oauth.resourceDiscoveryRequest(identifier, through(app)),
  );
}

const bearer = (token: string) => (_server: unknown, _client: unknown, _body: unknown, headers: Headers) =>
  headers.set('authorization', `Bearer ${token}`);

t.test('A client finds the issuer, its keys and its endpoints', async (t) => {
  const server = await discover(issuer, api.server);
  t.strictSame(server.grant_types_supported, []);
  t.equal(server.token_endpoint, undefined, 'what is not there is not named');
  for (const url of [server.jwks_uri, server.service_documentation])
    t.equal((await api.server.inject(new URL(url!).pathname)).statusCode < 400, true, `${url}`);
  const resource = await discoverResource(issuer, api.server);
  t.strictSame(resource.authorization_servers, [issuer]);
});

t.test('Introspection tells admins whether an access token is valid', async (t) => {
  const server = await discover(issuer, api.server);
  const introspect = async (token: string, as = admin.token) =>
    oauth.processIntrospectionResponse(
      server,
      client,
      await oauth.introspectionRequest(server, client, bearer(as), token, through(api.server)),
    );
  const person = await api.person(1);
  const found = await introspect(person.token);
  t.match(found, { active: true, sub: person.id, access: 1, iss: issuer, token_type: 'Bearer' });
  for (const token of ['x', `${person.token}x`, person.refreshToken])
    t.strictSame(await introspect(token), { active: false });
  await api.ask('POST', '/logout', { token: person.token });
  t.strictSame(await introspect(person.token), { active: false });
  await t.rejects(introspect(admin.token, (await api.person(1)).token));
});

t.test('Introspection tells of an API key too, and a key for guards may ask', async (t) => {
  const introspect = async (token: string, as = admin.token) => {
    const { status, body } = await api.ask('POST', '/introspect', { token: as, body: { token } });
    return status === 200 ? body : status;
  };
  const { db } = api.app.accounts;
  const guard = await createGuardKey(api.app.accounts, 'guard', new Date(Date.now() + 60_000));
  const person = await api.person(1);
  const { id, key } = await makeKey(api, person.token, { access: 1 });
  const expected = { active: true, sub: person.id, key: id, access: 1, iss: issuer, token_type: 'Bearer' };
  t.match(await introspect(key, guard.key), expected);
  t.match(await introspect(key), expected, 'from memory');
  const narrowed = await makeKey(api, person.token, { access: 1, operations: ['getMe'] });
  for (const token of [narrowed.key, guard.key, `${key}x`, 'lk_x'])
    t.strictSame(await introspect(token), { active: false });
  t.equal(await introspect(key, key), 403);
  await api.ask('PATCH', `/users/${person.id}`, { token: admin.token, body: { access: 0 } });
  t.match(await introspect(key), { active: true, access: 0 }, 'as of now');
  await db.apiKey.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1_000) } });
  await api.ask('PATCH', `/users/${person.id}`, { token: admin.token, body: { access: 1 } });
  t.strictSame(await introspect(key), { active: false }, 'it has expired');
  t.equal((await api.ask('GET', '/revocations', { token: guard.key })).status, 200);
  t.equal((await api.ask('GET', '/users', { token: guard.key })).status, 403, 'and nothing else (M5)');
});

t.test('For a cache, introspection reads an API key from the database and tells all of it', async (t) => {
  const introspect = async (token: string, purpose?: string) =>
    (await api.ask('POST', '/introspect', { token: admin.token, body: { token, purpose } })).body;
  const { db } = api.app.accounts;
  const person = await api.person(1);
  const { id, key } = await makeKey(api, person.token, { access: 1 });
  const expected = { active: true, key: id, access: 1, cap: 1, operations: ['*'] };
  const owner = { service: false, access: 1, permanent_access: 1 };
  const whole = await introspect(key, 'cache');
  t.match(whole, expected);
  t.strictSame(whole.owner, owner);
  t.notHas(await introspect(key), { owner: Object });

  const narrowed = await makeKey(api, person.token, { access: 1, operations: ['getMe', 'listUsers'] });
  t.match(await introspect(narrowed.key, 'cache'), { active: true, operations: ['getMe', 'listUsers'] });
  t.strictSame(await introspect(narrowed.key), { active: false }, 'only who obeys `operations` accepts it');

  const until = new Date(Date.now() + 60_500);
  await db.user.update({ where: { id: person.id }, data: { access: 2, accessUntil: until } });
  t.match(await introspect(key), { access: 1 });
  t.strictSame((await introspect(key, 'cache')).owner, {
    ...owner,
    access: 2,
    access_until: Math.floor(until.getTime() / 1_000),
  });

  // What another process has changed, and this one has not polled yet.
  await db.user.update({
    where: { id: person.id },
    data: { access: 0, permanentAccess: 0, accessUntil: null, generation: 1 },
  });
  t.match(await introspect(key, 'cache'), { access: 0, gen: 1 });
  await db.apiKey.delete({ where: { id } });
  t.match(await introspect(key), { active: true }, 'from memory: it has not polled');
  t.strictSame(await introspect(key, 'cache'), { active: false });
  t.equal((await introspect(narrowed.key, 'other')).status, 400);
  t.equal((await introspect(narrowed.key, 'other')).slug, 'validation-failed');
});

t.test('A use at another service counts as a use of the key', async (t) => {
  const person = await api.person(1);
  const { id, key } = await makeKey(api, person.token, { access: 1 });
  api.app.apiKeys.takeUses();
  await api.ask('POST', '/introspect', { token: admin.token, body: { token: key } });
  t.ok(api.app.apiKeys.takeUses().has(id));
});

t.test('Neither limit of requests holds back a service that asks', async (t) => {
  const limited = await startApi(t, { RATE_LIMIT: '20' });
  const { accounts } = limited.app;
  const make = () => createGuardKey(accounts, 'guard', new Date(Date.now() + 60_000));
  const statuses = async (token: string) => {
    const found = new Set<number>();
    for (let n = 0; n < 30; n++)
      found.add((await limited.ask('POST', '/introspect', { token, body: { token: 'x' } })).status);
    return [...found];
  };
  t.strictSame(await statuses((await make()).key), [200]);
  const { id, key } = await make();
  await accounts.db.apiKey.update({ where: { id }, data: { expiresAt: new Date() } });
  t.strictSame(await statuses(key), [401, 429], 'but a key that has expired');
});

t.test('Revocation ends the session of either token, and tells nothing', async (t) => {
  const server = await discover(issuer, api.server);
  const revoke = async (token: string) =>
    oauth.processRevocationResponse(
      await oauth.revocationRequest(server, client, oauth.None(), token, through(api.server)),
    );
  for (const which of ['accessToken', 'refreshToken'] as const) {
    const { id } = await api.person(1);
    const [session, other] = [await open(api, id), await open(api, id)];
    await revoke(session[which]);
    t.notOk(await isAccepted(api, session.accessToken), which);
    t.ok(await isAccepted(api, other.accessToken), 'of this session alone');
    await revoke(session[which]);
  }
  await revoke('unknown');
});

t.test('An API key is not said to be revoked: it goes on, and the answer says who ends it', async (t) => {
  const { key } = await makeKey(api, (await api.person(1)).token, { access: 1 });
  for (const token of [key, key.slice(0, -1)]) {
    const { status, body, text } = await api.ask('POST', '/revoke', { body: { token } });
    t.strictSame([status, body.slug], [400, 'validation-failed']);
    t.match(body.errors, [{ in: 'body', pointer: '/token', message: /API key/ }]);
    t.notOk(text.includes(token));
  }
  t.ok(await isAccepted(api, key));
});

t.test('Forms are for these two operations, and each parameter is sent once', async (t) => {
  const post = (url: string, payload: string) =>
    api.server.inject({
      method: 'POST',
      url,
      payload,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Bearer ${admin.token}`,
      },
    });
  t.equal((await post('/introspect', 'token=a&token=b')).statusCode, 400);
  t.equal((await post('/introspect', 'other=a')).statusCode, 400);
  t.equal((await post('/introspect', 'token=a&other=b')).statusCode, 200, 'unknown parameters are ignored');
  t.equal((await post('/introspect', 'token=a&purpose=cache')).statusCode, 200);
  const wrong = await post('/introspect', 'token=a&purpose=b');
  t.equal(wrong.statusCode, 400);
  t.match(wrong.json().errors, [{ pointer: '/purpose', code: 'not-listed', message: 'must be cache' }]);
  t.equal((await post('/revoke', 'token=a&purpose=b')).statusCode, 200, 'it is no parameter of this one');
  t.equal((await post('/login', 'email=a&password=b')).statusCode, 415);
});

t.test('A 401 says where the metadata is', async (t) => {
  const { headers } = await api.ask('GET', '/me');
  t.match(headers['www-authenticate'], `resource_metadata="${issuer}/.well-known/oauth-protected-resource"`);
  const refused = await api.ask('POST', '/refresh', { body: { refreshToken: 'x' } });
  t.notMatch(refused.headers['www-authenticate'], /resource_metadata/, 'for it, no access token is needed');
});

async function host(options: Partial<LatchkeyOptions> = {}) {
  const app = Fastify();
  t.teardown(() => app.close());
  await app.register(latchkey, {
    ...(await hostOptions(t)),
    publicUrl: 'https://example.com/auth',
    ...options,
  });
  await app.ready();
  return app;
}

t.test('The plugin answers the well-known paths at the root, unless wellKnown is false', async (t) => {
  const app = await host();
  t.equal((await discover('https://example.com/auth', app)).issuer, 'https://example.com/auth');
  t.equal((await discoverResource('https://example.com/auth', app)).resource, 'https://example.com/auth');
  const without = await host({ wellKnown: false });
  await t.rejects(async () => discover('https://example.com/auth', without));
  t.equal((await without.inject('/auth/.well-known/oauth-authorization-server')).statusCode, 200);
});
