/**
 * Tests `@latchkey/client` in Node.js against the real service, behind a proxy that loses and delays answers.
 *
 * @runs once, on SQLite: the client has no database.
 */
import t, { type Test } from 'tap';
import { openDatabase } from '#latchkey/db/open.ts';
import {
  type AuthState,
  type Client,
  type ClientOptions,
  createClient,
  isProblem,
  memoryStorage,
  type TokenStorage,
} from '../../packages/client/src/index.ts';
import { addTotpTo, totpEncryptionOf } from '../accounts/totp.ts';
import { type Service, serve, temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { until } from '../until.ts';
import { startGate } from './gate.ts';
import { register } from './register.ts';

const { url: DATABASE_URL } = await createMigratedDatabase(t);
const SECRET = 'a secret that the service and the test share';
const variables = {
  DATABASE_URL,
  SECRET,
  DATA_DIR: await temporaryFolder(t),
  PORT: String(await freePort()),
  RATE_LIMIT: '0',
};
const startService = () => serve(t, variables);
let service: Service = await startService();
const database = openDatabase(DATABASE_URL);
t.teardown(() => database.close());
const gate = await startGate(t, { target: service.url });

const KEY = 'latchkey';
const boss = await register(service, database.db, 2);
const { body: bossTokens } = await service.ask('POST', '/login', {
  body: { email: boss.email, password: PASSWORD },
});

/** Gives a user another level, which revokes the access tokens. */
async function giveLevel(id: string, access: number): Promise<void> {
  const { status } = await service.ask('PATCH', `/users/${id}`, {
    token: bossTokens.accessToken,
    body: { access },
  });
  if (status !== 200) throw new Error(`The level was not changed: ${status}`);
}

interface Tab {
  readonly auth: Client;
  readonly storage: TokenStorage;
  readonly states: AuthState[];
}

/** Opens a tab: a client on a storage, which other tabs may share. */
function openTab(t: Test, options: Partial<ClientOptions> = {}): Tab {
  const storage = options.storage ?? memoryStorage();
  const auth = createClient({ baseUrl: gate.url, ...options, storage });
  t.teardown(() => auth.dispose());
  const states: AuthState[] = [];
  auth.onChange((state) => void states.push(state));
  return { auth, storage, states };
}

/** Signs a new user in. @param of the client */
async function signedIn(t: Test, access = 1, options: Partial<ClientOptions> = {}) {
  const user = await register(service, database.db, access);
  const tab = openTab(t, options);
  const { error } = await tab.auth.signIn({ email: user.email, password: PASSWORD });
  if (error !== undefined) throw new Error(error.slug);
  gate.requests.length = 0;
  return { ...tab, user };
}

async function stored({ storage }: Pick<Tab, 'storage'>): Promise<Record<string, unknown> | null> {
  return JSON.parse((await storage.getItem(KEY)) ?? 'null');
}

/** Opens a tab on the same storage, for whose clock the access token has expired or is about to. */
async function later(
  t: Test,
  { storage }: Tab,
  what: 'expired' | 'expires soon',
  options = {},
): Promise<Tab> {
  const session = await stored({ storage });
  const aged = { ...session, refreshAt: 0, ...(what === 'expired' && { expiresAt: 0 }) };
  await storage.setItem(KEY, JSON.stringify(aged));
  return openTab(t, { storage, ...options });
}

t.test('A sign-in with a second factor ends with the code', async (t) => {
  const { email } = await register(service, database.db, 1);
  const { id } = await database.db.user.findUniqueOrThrow({ where: { email } });
  const totp = await addTotpTo({ ...database, totpEncryption: totpEncryptionOf(SECRET) }, id);
  const { auth } = openTab(t);
  const { error } = await auth.signIn({ email, password: PASSWORD });
  if (!isProblem(error, 'second-factor-required')) throw new Error(error?.slug);
  t.strictSame(error.methods, ['totp', 'recoveryCode']);
  t.equal(auth.state.signedIn, false);
  const { challenge } = error;
  const wrong = await auth.provideSecondFactor({ challenge, code: await totp.wrongCode() });
  t.ok(isProblem(wrong.error, 'wrong-code'));
  await auth.provideSecondFactor({ challenge, code: await totp.code() });
  t.match(auth.state, { signedIn: true, userId: id });
});

t.test('A user signs in, calls typed operations and signs out', async (t) => {
  const { auth, states, storage } = await signedIn(t);
  const { data } = await auth.api.GET('/me');
  t.equal(data?.name, 'Ada');
  const { error } = await auth.api.GET('/control-panel');
  t.ok(isProblem(error, 'access-denied') && error.required === 2 && error.actual === 1);
  t.equal(isProblem(error, 'busy'), false);
  t.match(await (await auth.fetch(`${gate.url}/me`)).json(), { id: data?.id }, 'fetch has the token too');
  t.match(auth.state, { signedIn: true, access: 1, userId: data?.id });
  t.equal(auth.state, auth.state, 'the same object until it changes');
  t.equal(await auth.signOut(), true);
  t.strictSame(
    states.map(({ signedIn, access }) => [signedIn, access]),
    [
      [true, 1],
      [false, undefined],
    ],
  );
  t.equal(await storage.getItem(KEY), null);
  t.equal((await auth.api.GET('/me')).response.status, 401);
  t.equal(gate.count('POST /refresh'), 0);
});

t.test('A 401 of a sign-in goes to the caller, and so does one without a token', async (t) => {
  const { auth, user } = await signedIn(t);
  const { error } = await auth.signIn({ email: user.email, password: 'not the password of Ada' });
  t.ok(isProblem(error, 'invalid-credentials'));
  t.equal(auth.state.signedIn, true, 'the session of before stays');
  const headers = { authorization: 'Bearer of.somebody.else' };
  t.equal(
    (await auth.api.GET('/me', { headers })).response.status,
    401,
    'a token of the caller is not replaced',
  );
  t.equal(gate.count('POST /refresh'), 0);
});

t.test('20 requests at once with an expired token make one refresh', async (t) => {
  const tab = await later(t, await signedIn(t), 'expired');
  const answers = await Promise.all(Array.from({ length: 20 }, () => tab.auth.api.GET('/me')));
  t.strictSame(new Set(answers.map(({ response }) => response.status)), new Set([200]));
  t.equal(gate.count('POST /refresh'), 1);
  t.equal(gate.count('GET /me'), 20, 'none was sent with the expired token');
});

t.test(
  '20 requests at once with a revoked token make one refresh, and each is sent again once',
  async (t) => {
    const { auth, user } = await signedIn(t);
    await giveLevel(user.id, 2);
    const answers = await Promise.all(Array.from({ length: 20 }, () => auth.api.GET('/users')));
    t.strictSame(new Set(answers.map(({ response }) => response.status)), new Set([200]));
    t.equal(gate.count('POST /refresh 200'), 1);
    t.ok(gate.count('GET /users') <= 40);
  },
);

t.test('A token that expires soon is used while the next one is on its way', async (t) => {
  const tab = await later(t, await signedIn(t), 'expires soon');
  await tab.auth.ready;
  const held = gate.hold('/refresh');
  t.equal((await tab.auth.api.GET('/me')).response.status, 200, 'the request did not wait');
  const before = await stored(tab);
  await until(held.isHeld);
  held.release();
  await until(async () => (await stored(tab))?.refreshToken !== before?.refreshToken);
  t.equal(gate.count('POST /refresh'), 1);
});

t.test('A request that is sent again has its body', async (t) => {
  const { auth, user } = await signedIn(t, 2);
  await giveLevel(user.id, 1);
  const { data } = await auth.api.PATCH('/me', { body: { name: 'Ada \u{1f98a}' } });
  t.equal(data?.name, 'Ada \u{1f98a}');
  t.strictSame(gate.requests, ['PATCH /me 401', 'POST /refresh 200', 'PATCH /me 200']);
});

t.test('A level that was changed shows with the next answer, and so do the permissions', async (t) => {
  const { auth, states, user } = await signedIn(t, 2);
  t.equal(auth.can('getControlPanel'), false, 'nothing is known yet');
  await until(() => auth.can('getControlPanel'));
  t.equal(auth.can('getMe'), true);
  t.equal(auth.can('anOperationThatDoesNotExist'), false);
  await giveLevel(user.id, 1);
  const { error } = await auth.api.GET('/control-panel');
  t.ok(isProblem(error, 'access-denied') && error.actual === 1);
  t.match(states.at(-1), { signedIn: true, access: 1 });
  t.equal(auth.can('getControlPanel'), false);
  await auth.loadPermissions();
  t.equal(auth.can('getControlPanel'), false);
  t.equal(auth.can('getMe'), true);
  await auth.signOut();
  t.equal(auth.can('getMe'), false);
});

t.test('Each state has permissions of its own, and what could not be loaded says why', async (t) => {
  const { auth, user } = await signedIn(t, 2);
  const held = gate.hold('/me/permissions');
  const before = auth.loadPermissions();
  await until(held.isHeld);
  await giveLevel(user.id, 1);
  await auth.api.GET('/me');
  t.match(auth.state, { access: 1 });
  gate.next('/me/permissions', 503, 'away');
  const failed = auth.loadPermissions();
  held.release();
  t.equal((await before).data?.access, 2);
  t.match(await failed, { data: undefined, error: { status: 503 } });
  t.ok((await auth.loadPermissions()).error instanceof TypeError);
  const answers = await Promise.all([1, 2].map(() => auth.loadPermissions()));
  t.equal(answers[0]?.data?.access, 1);
  t.equal(answers[0], answers[1]);
  t.equal(auth.can('getMe'), true);
  t.equal(gate.count('GET /me/permissions'), 4);
});

t.test('A refresh whose answer is lost is sent again and costs nothing', async (t) => {
  for (const fates of [['lost'], ['lost', 502], [504], ['away', 'lost']] as const) {
    const tab = await later(t, await signedIn(t), 'expired');
    gate.next('/refresh', ...fates);
    t.equal((await tab.auth.api.GET('/me')).response.status, 200, fates.join());
    const again = await later(t, tab, 'expired');
    t.equal((await again.auth.api.GET('/me')).response.status, 200, 'the session lives on');
  }
});

t.test('A refresh that is answered slowly succeeds', async (t) => {
  const tab = await later(t, await signedIn(t), 'expired');
  const held = gate.hold('/refresh');
  const second = gate.hold('/refresh');
  const me = tab.auth.api.GET('/me');
  await until(second.isHeld);
  held.release();
  t.equal((await me).response.status, 200);
  second.release();
  const again = await later(t, tab, 'expired');
  t.equal((await again.auth.api.GET('/me')).response.status, 200, 'the second attempt did no harm');
});

t.test('No answer of a service that is busy or broken signs anybody out', async (t) => {
  const tab = await signedIn(t);
  for (const status of [429, 500, 503]) {
    const late = await later(t, tab, 'expired');
    gate.next('/refresh', status);
    const { response, error } = await late.auth.api.GET('/me');
    t.equal(response.status, status, 'the answer says why');
    t.match(error, { status });
    t.equal(late.auth.state.signedIn, true, String(status));
    t.equal((await late.auth.api.GET('/me')).response.status, 200, `after ${status}`);
  }
});

t.test('A service that is away signs nobody out', async (t) => {
  const tab = await later(t, await signedIn(t), 'expired');
  gate.all('away');
  await t.rejects(tab.auth.api.GET('/me'), TypeError);
  t.equal(tab.auth.state.signedIn, true);
  t.equal(await openTab(t, { storage: tab.storage }).auth.signOut(), false, 'the service did not hear of it');
  gate.all('answered');
  await until(() => !tab.auth.state.signedIn);
});

t.test('Requests succeed after the service was restarted', async (t) => {
  const before = await signedIn(t);
  await service.stop();
  const tab = await later(t, before, 'expired');
  // A start takes longer than the attempts of one request where the machine is busy.
  const me = tab.auth.api.GET('/me').catch(() => undefined);
  await until(() => gate.count('POST /refresh 0') > 0);
  service = await startService();
  t.equal(((await me) ?? (await tab.auth.api.GET('/me'))).response.status, 200);
  t.equal(tab.auth.state.signedIn, true);
});

t.test(
  'Only an invalid refresh token signs out, and only when the access token is not good either',
  async (t) => {
    const tab = await signedIn(t);
    const body = { refreshToken: String((await stored(tab))?.refreshToken) };
    // The service answers like this when a session has ended, and its access token is not revoked yet.
    await database.db.session.deleteMany({ where: { userId: tab.user.id } });
    t.equal((await service.ask('POST', '/refresh', { body })).status, 401);
    const soon = await later(t, tab, 'expires soon');
    await soon.auth.api.GET('/me');
    await until(() => gate.count('POST /refresh 401') === 1);
    t.equal(soon.auth.state.signedIn, true, 'its access token is still good');
    const late = await later(t, tab, 'expired');
    t.equal((await late.auth.api.GET('/me')).response.status, 401);
    t.equal(late.auth.state.signedIn, false);
    t.match(late.states.at(-1), { signedIn: false });
    t.equal(await stored(tab), null);
    await until(() => !soon.auth.state.signedIn);
  },
);

t.test('A tab that was signed out elsewhere finds out with its next request', async (t) => {
  const { auth, user } = await signedIn(t);
  await service.ask('DELETE', `/users/${user.id}/sessions`, { token: bossTokens.accessToken });
  const { error } = await auth.api.GET('/me');
  t.ok(isProblem(error, 'invalid-token'));
  t.equal(auth.state.signedIn, false);
});

t.test('A sign-out in one tab while another one refreshes signs both out', async (t) => {
  const items = memoryStorage();
  let writes = 0;
  const storage: TokenStorage = {
    ...items,
    setItem: (key, value) => {
      writes++;
      return items.setItem(key, value);
    },
  };
  const first = await signedIn(t, 1, { storage });
  const tab = await later(t, first, 'expired');
  const held = gate.hold('/refresh');
  const me = tab.auth.api.GET('/me');
  await until(held.isHeld);
  await first.auth.signOut();
  writes = 0;
  held.release();
  t.equal((await me).response.status, 401);
  t.equal(writes, 0, 'nobody was signed in again meanwhile');
  t.equal(tab.auth.state.signedIn, false);
  t.equal(await stored(first), null, 'the tokens of the refresh were dropped');
});

t.test('The tokens of the tab that was first count', async (t) => {
  const one = await later(t, await signedIn(t), 'expired');
  const other = openTab(t, { storage: one.storage });
  const held = gate.hold('/refresh');
  const me = one.auth.api.GET('/me');
  await until(held.isHeld);
  t.equal((await other.auth.api.GET('/me')).response.status, 200);
  const winner = await stored(other);
  held.release();
  t.equal((await me).response.status, 200);
  t.strictSame(await stored(one), winner);
  t.equal((await (await later(t, one, 'expired')).auth.api.GET('/me')).response.status, 200);
});

t.test('A refresh that ends after other new access tokens keeps its refresh token', async (t) => {
  const tab = await later(t, await signedIn(t), 'expires soon');
  await tab.auth.ready;
  const before = await stored(tab);
  const held = gate.hold('/refresh');
  await tab.auth.api.GET('/me');
  await until(held.isHeld);
  await tab.auth.api.POST('/me/reauthenticate', { body: { password: PASSWORD } });
  const issued = await stored(tab);
  t.not(issued?.accessToken, before?.accessToken);
  held.release();
  await until(async () => (await stored(tab))?.refreshToken !== before?.refreshToken);
  t.equal((await stored(tab))?.accessToken, issued?.accessToken, 'the other answer is newer');
});

t.test('A tab hears from the others that the user signed in and out', async (t) => {
  const storage = memoryStorage();
  const other = openTab(t, { storage });
  const stranger = openTab(t);
  const first = await signedIn(t, 1, { storage });
  await until(() => other.auth.state.signedIn);
  t.equal(other.auth.state.userId, first.user.id);
  await first.auth.signOut();
  await until(() => !other.auth.state.signedIn);
  t.strictSame(stranger.states, [], 'a tab with another storage does not change');
});

/** Makes the sign-in of a user older than any route accepts. */
async function ageSignIn(t: Test, tab: Tab & { user: { id: string } }, options: Partial<ClientOptions>) {
  const authenticatedAt = new Date(Date.now() - 86_400_000);
  await database.db.session.updateMany({ where: { userId: tab.user.id }, data: { authenticatedAt } });
  return later(t, tab, 'expired', options);
}

t.test('A request that needs a recent sign-in waits for the user and is sent again', async (t) => {
  const admin = await signedIn(t, 2);
  const [ada, ...others] = await Promise.all([
    register(service, database.db, 1),
    register(service, database.db, 1),
    register(service, database.db, 1),
  ]);
  let asked = 0;
  const tab = await ageSignIn(t, admin, {
    reauthenticate: async (problem) => {
      asked++;
      t.equal(problem.slug, 'recent-sign-in-required');
      const { error } = await tab.auth.reauthenticate({ password: PASSWORD });
      return error === undefined;
    },
  });
  const remove = (id: string) => tab.auth.api.DELETE('/users/{id}', { params: { path: { id } } });
  t.strictSame(
    (await Promise.all([ada, ...others].map(({ id }) => remove(id)))).map(({ response }) => response.status),
    [204, 204, 204],
  );
  t.equal(asked, 1, 'for all requests that waited');
  t.equal(gate.count('POST /refresh'), 1, 'a sign-in that is too old is no reason to refresh');
});

t.test('A request stays refused when the user does not reauthenticate', async (t) => {
  const { id } = await register(service, database.db, 1);
  for (const reauthenticate of [
    async () => false,
    async () => Promise.reject(new Error('closed')),
    undefined,
  ]) {
    const tab = await ageSignIn(t, await signedIn(t, 2), reauthenticate ? { reauthenticate } : {});
    const { error } = await tab.auth.api.DELETE('/users/{id}', { params: { path: { id } } });
    t.ok(isProblem(error, 'recent-sign-in-required'));
    t.equal(tab.auth.state.signedIn, true);
  }
});

t.test('Tokens go to the service only', async (t) => {
  const seen: string[] = [];
  const fetch = (request: Request) => {
    if (!request.url.startsWith(gate.url)) {
      seen.push(String(request.headers.get('authorization')));
      return Promise.resolve(new Response('{}'));
    }
    return globalThis.fetch(request);
  };
  const { auth } = await signedIn(t, 1, { fetch });
  await auth.fetch('http://elsewhere.test/me');
  await auth.fetch(`${gate.url.replace(/:\d+$/, '.elsewhere.test')}/me`);
  await auth.api.GET('/me', { baseUrl: 'http://elsewhere.test' });
  t.strictSame(seen, ['null', 'null', 'null']);
});

t.test(
  'A storage may answer with promises, and a text in it that is no session counts as none',
  async (t) => {
    const items = memoryStorage();
    const storage: TokenStorage = {
      getItem: async (key) => items.getItem(key),
      setItem: async (key, value) => items.setItem(key, value),
      removeItem: async (key) => items.removeItem(key),
    };
    const tab = await signedIn(t, 1, { storage });
    t.equal((await openTab(t, { storage }).auth.api.GET('/me')).response.status, 200, 'after a reload');
    for (const text of ['', '{', 'null', '{"accessToken":1}', '[]']) {
      await tab.storage.setItem(KEY, text);
      const { auth } = openTab(t, { storage });
      t.equal((await auth.api.GET('/me')).response.status, 401, text);
      t.equal(auth.state.signedIn, false);
    }
  },
);

t.test('A client that was disposed calls no listener and keeps the user signed in', async (t) => {
  const storage = memoryStorage();
  const first = await signedIn(t, 1, { storage });
  const other = openTab(t, { storage });
  const witness = openTab(t, { storage });
  await Promise.all([other.auth.ready, witness.auth.ready]);
  other.states.length = 0;
  other.auth.dispose();
  t.ok(await stored(first));
  await first.auth.signOut();
  await until(() => !witness.auth.state.signedIn);
  t.strictSame(other.states, []);
});
