/** Every route with every kind of API key. A new route is covered automatically. */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { declaration } from '#latchkey/access/declaration.ts';
import { openWithTwoFactors } from '../accounts/client.ts';
import { startApi } from '../helper.ts';
import { operations } from '../operations.ts';
import { makeKey, makeService, makeServiceKey } from './keys.ts';

const api = await startApi(
  t,
  {},
  {
    routes: async (app) => {
      const handler = async () => ({ ok: true });
      app.get('/own/plain', { config: { access: 'user' }, handler });
      app.get('/own/recent', { config: { access: 'user', maxAge: 900 }, handler });
      app.get('/own/twice', { config: { access: 'user', factors: 2 }, handler });
      app.get('/own/session', { config: { access: 'guest', session: true }, handler });
      const schema = { operationId: 'ownRecent' };
      app.post('/own/named', { schema, config: { access: 'admin', maxAge: 900 }, handler });
    },
  },
);
const { ask, app } = api;
const { db } = app.accounts;
const admin = await api.person(2);
const { accessToken: token } = await openWithTwoFactors(api, admin.id);

/** What a route declares. */
interface Route {
  readonly method: string;
  readonly url: string;
  readonly operationId: string | undefined;
  readonly minimum: number | null;
  readonly session: boolean;
  readonly stepUp: boolean;
}

const routes: Route[] = app.listRoutes().map(({ method, url, config }) => {
  const declared = config[declaration];
  const operationId = declared?.route.schema?.operationId;
  // A public route that reads a token refuses one that is wrong.
  const minimum = config.token === 'optional' ? 0 : (declared?.minimum ?? null);
  const stepUp = (declared?.maxAge ?? null) !== null || declared?.factors === 2;
  return { method, url, operationId, minimum, session: declared?.session === true, stepUp };
});

type Outcome = 'passes' | 'invalid-token' | 'key-not-allowed' | 'operation-not-allowed' | 'access-denied';

interface Case {
  readonly name: string;
  readonly key: string;
  readonly expect: (route: Route) => Outcome;
}

const dead = (): Outcome => 'invalid-token';

/** The outcome by docs/guides/api-keys.md. */
function living(level: number, listed?: readonly string[], isService = false) {
  return ({ operationId = '', minimum, session, stepUp }: Route): Outcome => {
    if (session) return 'key-not-allowed';
    const isNamed = listed?.includes(operationId) === true;
    if (listed !== undefined && !listed.includes('*') && !isNamed) return 'operation-not-allowed';
    if (level < (minimum ?? 0)) return 'access-denied';
    return stepUp && !(isService && isNamed) ? 'key-not-allowed' : 'passes';
  };
}

const cases: Case[] = [];
const all = { access: 2, operations: ['*'] };
const add = (name: string, key: string, expect: Case['expect']) => cases.push({ name, key, expect });

add("of an admin's", (await makeKey(api, token, all)).key, living(2, ['*']));
add('capped at user', (await makeKey(api, token, { access: 1 })).key, living(1));
add('capped at guest', (await makeKey(api, token, { access: 0 })).key, living(0));
const narrow = ['getMe', 'listUsers'];
add('narrowed', (await makeKey(api, token, { access: 2, operations: narrow })).key, living(2, narrow));

const expired = await makeKey(api, token, all);
await db.apiKey.update({ where: { id: expired.id }, data: { expiresAt: new Date() } });
add('expired', expired.key, dead);
const ended = await makeKey(api, token, all);
await ask('DELETE', `/me/api-keys/${ended.id}`, { token });
add('ended', ended.key, dead);
const { key } = await makeKey(api, token, all);
add('with a wrong checksum', `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`, dead);

const demoted = await api.person(2);
const ofDemoted = await makeKey(api, demoted.token, all);
await ask('GET', '/me', { token: ofDemoted.key });
await ask('PATCH', `/users/${demoted.id}`, { token, body: { access: 0 } });
add('of a demoted owner', ofDemoted.key, living(0, ['*']));
const disabled = await api.person(2);
const ofDisabled = await makeKey(api, disabled.token, all);
await ask('GET', '/me', { token: ofDisabled.key });
await ask('PATCH', `/users/${disabled.id}`, { token, body: { disabled: true } });
add('of a disabled owner', ofDisabled.key, dead);
const deleted = await api.person(2);
const ofDeleted = await makeKey(api, deleted.token, all);
await ask('GET', '/me', { token: ofDeleted.key });
await ask('DELETE', `/users/${deleted.id}`, { token });
add('of a deleted owner', ofDeleted.key, dead);

const service = await makeService(api, token, 2);
add('of a service account', (await makeServiceKey(api, token, service, all)).key, living(2, ['*'], true));
const named = routes.flatMap(({ operationId, session, minimum }) =>
  operationId === undefined || session || minimum === null ? [] : [operationId],
);
const listed = [...new Set(named)];
const ofNames = await makeServiceKey(api, token, service, { access: 2, operations: listed });
add('of a service account, with all names', ofNames.key, living(2, listed, true));
const suspended = await makeService(api, token, 2);
const ofSuspended = await makeServiceKey(api, token, suspended, all);
await ask('PATCH', `/service-accounts/${suspended}`, { token, body: { disabled: true } });
add('of a disabled service account', ofSuspended.key, dead);

let sent = 0;

for (const { name, key, expect } of cases)
  t.test(`Every route with a key ${name}`, async (t) => {
    const seen = new Map<Outcome, number>();
    for (const route of routes) {
      sent += 1;
      const { statusCode, headers, body } = await app.inject({
        // biome-ignore lint/suspicious/noExplicitAny: the router's methods are those that inject knows
        method: route.method as any,
        url: route.url.replace(/:\w+/g, randomUUID()).replace('*', 'index.css'),
        headers: { authorization: `Bearer ${key}` },
        // Wrong keys are counted by network.
        remoteAddress: `198.51.100.${sent % 250}`,
      });
      const isRefused = statusCode === 401 || statusCode === 403;
      const expected = route.minimum === null ? 'passes' : expect(route);
      const label = `${route.method} ${route.url}: ${statusCode} ${body.slice(0, 120)}`;
      if (route.minimum === null) {
        t.notOk(isRefused && /invalid-token|not-allowed/.test(body), label);
        continue;
      }
      seen.set(expected, (seen.get(expected) ?? 0) + 1);
      if (expected === 'passes') t.notOk(isRefused, label);
      else {
        t.equal(statusCode, expected === 'invalid-token' ? 401 : 403, label);
        if (route.method !== 'HEAD') t.equal(JSON.parse(body).slug, expected, label);
        t.match(headers['www-authenticate'], /^Bearer realm="latchkey", error="/, label);
      }
    }
    const outcomes = [...seen].map(([outcome, count]) => `${count} x ${outcome}`).join(', ');
    t.ok(seen.size > 0, outcomes);
  });

t.test('What needs a session declares it, and the contract says so (M4)', async (t) => {
  const needed = [
    'signOut',
    'listSessions',
    'endSession',
    'endOtherSessions',
    'renewAuthentication',
    'requestReauthenticationOptions',
    'changePassword',
    'requestEmailChange',
    'deleteMe',
    'listAuthenticators',
    'requestTotp',
    'confirmTotp',
    'deleteTotp',
    'renewRecoveryCodes',
    'requestPasskey',
    'createPasskey',
    'getPasskey',
    'changePasskey',
    'deletePasskey',
    'listUserAuthenticators',
    'resetAuthenticators',
    'createApiKey',
    'listApiKeys',
    'getApiKey',
    'endApiKey',
    'listUserApiKeys',
    'endUserApiKey',
    'createServiceApiKey',
    'listServiceApiKeys',
    'getServiceApiKey',
    'endServiceApiKey',
    'createServiceAccount',
    'changeServiceAccount',
    'deleteServiceAccount',
  ];
  const declared = routes.flatMap(({ session, operationId }) => (session ? (operationId ?? []) : []));
  t.strictSame(new Set(declared), new Set(needed));
  const described = operations.filter((one) => one.session).map(({ operationId }) => operationId);
  t.strictSame(new Set(described), new Set(needed));
});
