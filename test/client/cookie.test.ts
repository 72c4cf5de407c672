/** `@latchkey/client` with its session in a cookie. The tabs of one browser share a jar of cookies. */
import t, { type Test } from 'tap';
import { openDatabase } from '#latchkey/db/open.ts';
import { type AuthState, createClient, isProblem } from '../../packages/client/src/index.ts';
import { type Service, serve, temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { noteSecret } from '../secret-log.ts';
import { until } from '../until.ts';
import { startGate } from './gate.ts';
import { register } from './register.ts';

const { url: DATABASE_URL } = await createMigratedDatabase(t);
const service: Service = await serve(t, {
  DATABASE_URL,
  DATA_DIR: await temporaryFolder(t),
  PORT: String(await freePort()),
  RATE_LIMIT: '0',
});
const database = openDatabase(DATABASE_URL);
t.teardown(() => database.close());
const gate = await startGate(t, { target: service.url });
const ada = await register(service, database.db, 1);
const bob = await register(service, database.db, 1);
const credentials = ({ email }: { readonly email: string }) => ({ email, password: PASSWORD });

let browsers = 0;

/** A browser: a jar with a cookie, and tabs. */
function openBrowser(t: Test) {
  const key = `browser-${browsers++}`;
  const jar = { cookie: '' };
  const sent: { url: string; body: string; keepalive: boolean; authorization: string | null }[] = [];
  const fetchAsPage = async (request: Request) => {
    sent.push({
      url: new URL(request.url).pathname,
      body: await request.clone().text(),
      keepalive: request.keepalive,
      authorization: request.headers.get('authorization'),
    });
    const own = new Request(request);
    own.headers.set('sec-fetch-site', 'same-origin');
    if (jar.cookie !== '') own.headers.set('cookie', jar.cookie);
    const response = await fetch(own);
    for (const field of response.headers.getSetCookie()) {
      const pair = field.split(';')[0] ?? '';
      noteSecret(pair.split('=')[1]);
      jar.cookie = /Max-Age=0/.test(field) ? '' : pair;
    }
    return response;
  };
  const openTab = () => {
    const storage = new Map<string, string>();
    const auth = createClient({
      baseUrl: gate.url,
      session: 'cookie',
      storageKey: key,
      fetch: fetchAsPage,
      storage: {
        getItem: (name) => storage.get(name) ?? null,
        setItem: (name, value) => void storage.set(name, value),
        removeItem: (name) => void storage.delete(name),
      },
    });
    t.teardown(() => auth.dispose());
    const states: AuthState[] = [];
    auth.onChange((state) => void states.push(state));
    return { auth, states, storage };
  };
  return { jar, sent, openTab };
}

const status = async ({ auth }: ReturnType<ReturnType<typeof openBrowser>['openTab']>, path: '/me' = '/me') =>
  (await auth.api.GET(path)).response.status;

t.test('No token is in a storage, and a new tab has the session', async (t) => {
  const { openTab, sent } = openBrowser(t);
  const one = openTab();
  await one.auth.ready;
  t.equal(one.auth.state.signedIn, false);
  const { data } = await one.auth.signIn(credentials(ada));
  t.notOk('refreshToken' in Object(data));
  t.match(one.auth.state, { signedIn: true, userId: ada.id });
  t.match(sent.at(-1), { url: '/login', body: /"session":"cookie"/ });
  const two = openTab();
  await two.auth.ready;
  t.match(two.auth.state, { signedIn: true, userId: ada.id });
  t.match(sent.at(-1), { url: '/refresh', body: '{}', keepalive: true });
  for (const tab of [one, two]) {
    t.equal(await status(tab), 200);
    t.equal(tab.storage.size, 0);
  }
});

t.test('Two tabs that load at once refresh once each, and keep the session', async (t) => {
  const { openTab } = openBrowser(t);
  const one = openTab();
  await one.auth.signIn(credentials(ada));
  const { accessToken } = Object(await database.db.session.findFirst({ where: { userId: ada.id } }));
  t.equal(accessToken, undefined);
  gate.requests.length = 0;
  const [two, three] = [openTab(), openTab()];
  await Promise.all([two.auth.ready, three.auth.ready]);
  for (const tab of [one, two, three]) t.equal(await status(tab), 200);
  t.equal(gate.count('POST /refresh 200'), 2, 'the others learn nothing of a refresh');
});

t.test('A sign-in in one tab replaces the session of the other', async (t) => {
  const { openTab } = openBrowser(t);
  const [one, two] = [openTab(), openTab()];
  await one.auth.signIn(credentials(ada));
  await until(() => two.auth.state.userId === ada.id);
  await two.auth.signIn(credentials(bob));
  await until(() => one.auth.state.userId === bob.id);
  const me = await one.auth.api.GET('/me');
  t.equal(me.data?.id, bob.id);
});

t.test('A refresh under way does not bring back the session that a sign-in replaces', async (t) => {
  const { openTab } = openBrowser(t);
  const one = openTab();
  await one.auth.signIn(credentials(ada));
  const held = gate.hold('/refresh');
  const two = openTab();
  await until(held.isHeld);
  await one.auth.signIn(credentials(bob));
  held.release();
  await until(() => two.auth.state.userId === bob.id);
  t.notOk(two.states.some(({ userId }) => userId === ada.id));
});

t.test('Signing out ends the session in all tabs, with any access token', async (t) => {
  const { openTab, jar, sent } = openBrowser(t);
  const [one, two] = [openTab(), openTab()];
  await one.auth.signIn(credentials(ada));
  await until(() => two.auth.state.signedIn);
  t.equal(await two.auth.signOut(), true);
  t.match(sent.at(-1), { url: '/logout', body: '{}', authorization: /^Bearer / });
  t.equal(jar.cookie, '');
  await until(() => !one.auth.state.signedIn);
  t.equal(await status(one), 401);
  await two.auth.signIn(credentials(bob));
  await until(() => one.auth.state.userId === bob.id);
  await two.auth.signOut();
  await until(() => !one.auth.state.signedIn);
  t.equal(await one.auth.signOut(), true, 'there is nothing to end');
});

t.test('A new password gives the session its next tokens', async (t) => {
  const carol = await register(service, database.db, 1);
  const { openTab } = openBrowser(t);
  const [one, two] = [openTab(), openTab()];
  await one.auth.signIn(credentials(carol));
  await until(() => two.auth.state.signedIn);
  const body = { currentPassword: PASSWORD, newPassword: `${PASSWORD}, and another one` };
  t.equal((await one.auth.api.PUT('/me/password', { body })).response.status, 200);
  for (const tab of [one, two]) t.equal(await status(tab), 200);
  const three = openTab();
  await three.auth.ready;
  t.equal(three.auth.state.userId, carol.id);
});

t.test('A service that is away for a moment signs no tab out', async (t) => {
  const { openTab } = openBrowser(t);
  const one = openTab();
  await one.auth.signIn(credentials(ada));
  gate.next('/refresh', 503);
  const two = openTab();
  await two.auth.ready;
  t.equal(two.auth.state.signedIn, false, 'it is not known yet');
  t.equal(await status(two), 200, 'the next request asks again');
  gate.next('/refresh', 'lost');
  const three = openTab();
  await three.auth.ready;
  t.equal(three.auth.state.signedIn, true);
  t.equal(await status(one), 200);
});

t.test('Only invalid_token refreshes', async (t) => {
  const { openTab } = openBrowser(t);
  const one = openTab();
  await one.auth.signIn(credentials(ada));
  const authenticatedAt = new Date(Date.now() - 86_400_000);
  await database.db.session.updateMany({ where: { userId: ada.id }, data: { authenticatedAt } });
  const two = openTab();
  await two.auth.ready;
  gate.requests.length = 0;
  const { error } = await two.auth.api.DELETE('/me', {});
  t.ok(isProblem(error, 'recent-sign-in-required'));
  const refused = await two.auth.signIn({ email: ada.email, password: 'another password than that' });
  t.ok(isProblem(refused.error, 'invalid-credentials'));
  t.equal(gate.count('POST /refresh'), 0);
  t.equal(two.auth.state.signedIn, true);
});
