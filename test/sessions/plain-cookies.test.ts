/** Sessions in cookies where PUBLIC_URL is http. */
import t from 'tap';
import { openSession } from '#latchkey/accounts/sessions/sessions.ts';
import { device, PASSWORD, startApi } from '../helper.ts';
import { askWith, cookieOf, setCookies, signInWithCookie } from './browser.ts';

t.test('On localhost, the name has the port and the cookie needs no TLS', async (t) => {
  const api = await startApi(t, { PUBLIC_URL: 'http://localhost:4000' });
  const person = await api.person(1);
  // Vite's proxy: the page has another port, and the browser says that the request stays at its origin.
  const { answer, cookie } = await signInWithCookie(api, person);
  t.match(
    setCookies(answer)[0],
    /^latchkey-4000=[\w.-]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  t.equal((await askWith(api, '/refresh', cookie.replace('latchkey-4000', '__Host-latchkey'))).status, 401);
  t.equal((await askWith(api, '/refresh', cookie.replace('4000', '5000'))).status, 401, 'of another service');
  const next = await askWith(api, '/refresh', cookie);
  t.equal(next.status, 200);
  const headers = { origin: 'http://localhost:4000' };
  t.equal(
    (await askWith(api, '/refresh', cookieOf(next), { headers })).status,
    200,
    'without Fetch Metadata',
  );
});

t.test('Off this machine, a session in a cookie needs https, or COOKIES_OVER_HTTP', async (t) => {
  const PUBLIC_URL = 'http://latchkey.test';
  const api = await startApi(t, { PUBLIC_URL });
  const person = await api.person(1);
  const body = { email: person.email, password: PASSWORD, session: 'cookie' };
  // What the request claims does not count.
  const headers = { 'sec-fetch-site': 'same-origin', 'x-forwarded-proto': 'https' };
  const refused = await askWith(api, '/login', undefined, { headers, body });
  t.match(refused, { status: 409, body: { slug: 'cookies-need-https' } });
  t.strictSame(setCookies(refused), []);

  const open = await startApi(t, { PUBLIC_URL, COOKIES_OVER_HTTP: 'on' });
  const { answer, cookie } = await signInWithCookie(open, await open.person(1));
  t.match(
    setCookies(answer)[0],
    /^latchkey-80=[\w.-]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  const origin = { origin: PUBLIC_URL };
  t.equal((await askWith(open, '/refresh', cookie, { headers: origin })).status, 200);

  // The setting was taken back: the cookie is not read any more.
  const { accounts, refreshTokens } = api.app;
  const page = { ...device, isSameOrigin: true };
  const grant = await openSession(accounts, { id: person.id, epoch: 0 }, page, { cookie: true });
  const off = await askWith(api, '/refresh', `latchkey-80=${refreshTokens.write(grant)}`);
  t.match(off, { status: 401, body: { slug: 'invalid-refresh-token' } });
  const { rotation } = await accounts.db.session.findUniqueOrThrow({ where: { id: grant.sessionId } });
  t.equal(rotation, 0);
});
