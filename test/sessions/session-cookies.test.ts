/** Sessions in cookies: who may set them, who may use them, and what ends them. */
import t, { type Test } from 'tap';
import { openSession } from '#latchkey/accounts/sessions/sessions.ts';
import { addPasskey } from '../accounts/authenticator.ts';
import { readClaims } from '../accounts/client.ts';
import { codeOf, enrol, stepNow } from '../accounts/second-factor.ts';
import { device, PASSWORD, type Person, startApi } from '../helper.ts';
import { askWith, cookieOf, ownPage, setCookies, signInWithCookie } from './browser.ts';

const ORIGIN = 'https://latchkey.test';
const FRONTEND = 'https://app.latchkey.test';
const NAME = '__Host-latchkey';

const api = await startApi(t, { PUBLIC_URL: ORIGIN, FRONTEND_URL: FRONTEND, CORS_ORIGINS: FRONTEND });
const { db } = api.app.accounts;

const sidOf = (token: string) => readClaims(token).sid;
const rotationOf = async (id: string) => (await db.session.findUnique({ where: { id } }))?.rotation;
const sessionsOf = ({ id: userId }: Person) => db.session.count({ where: { userId } });

/** A person whose browser is signed in. */
async function signedIn() {
  const person = await api.person(1);
  await db.session.deleteMany({ where: { userId: person.id } });
  const { answer, cookie, token } = await signInWithCookie(api, person);
  return { person, answer, cookie, token, sid: sidOf(token) };
}

/** The headers of requests that are none of an own page. */
const foreign: Record<string, Record<string, string>> = {
  'another site': { 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' },
  'another site that claims our origin': { 'sec-fetch-site': 'cross-site', origin: ORIGIN },
  'a subdomain': { 'sec-fetch-site': 'same-site', origin: FRONTEND },
  'the address bar': { 'sec-fetch-site': 'none' },
  'two answers of the browser': { 'sec-fetch-site': 'same-origin, same-origin' },
  'an old browser at another site': { origin: 'https://evil.test' },
  'an old browser at the origin of CORS_ORIGINS and FRONTEND_URL': { origin: FRONTEND },
  'an old browser at the same host over http': { origin: 'http://latchkey.test' },
  'an old browser at another port': { origin: `${ORIGIN}:8443` },
  'a sandboxed frame': { origin: 'null' },
  'neither header': {},
};

t.test('The refresh token of a browser session is in the cookie and nowhere else', async (t) => {
  const { answer, cookie, token, sid } = await signedIn();
  t.strictSame(Object.keys(answer.body).sort(), ['accessToken', 'expiresIn', 'tokenType']);
  t.equal(answer.headers['cache-control'], 'no-store');
  const [set = ''] = setCookies(answer);
  t.match(set, /^__Host-latchkey=[\w.-]+; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
  const me = await api.ask('GET', '/me', { token });
  t.equal(me.status, 200);

  const next = await askWith(api, '/refresh', cookie);
  t.equal(next.status, 200);
  t.notOk('refreshToken' in next.body);
  t.not(cookieOf(next), cookie);
  t.equal(sidOf(next.body.accessToken), sid);
  t.equal(await rotationOf(sid), 1);

  const out = await askWith(api, '/logout', cookieOf(next));
  t.equal(out.status, 204);
  t.match(setCookies(out)[0], /^__Host-latchkey=; Max-Age=0; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
  t.equal(await rotationOf(sid), undefined);
  t.equal((await api.ask('GET', '/me', { token })).status, 401);
});

t.test('An old browser proves its page by Origin', async (t) => {
  const { cookie } = await signedIn();
  t.equal((await askWith(api, '/refresh', cookie, { headers: { origin: ORIGIN } })).status, 200);
});

for (const [who, headers] of Object.entries(foreign))
  t.test(`No cookie is read or set for ${who}`, async (t) => {
    const { person, cookie, sid, token } = await signedIn();
    const refreshed = await askWith(api, '/refresh', cookie, { headers });
    t.match(refreshed, { status: 400, body: { errors: [{ pointer: '/refreshToken', code: 'required' }] } });
    const out = await askWith(api, '/logout', cookie, { headers });
    t.match(out, { status: 401, body: { slug: 'authentication-required' } });
    // Sign-in from another site: the browser would go on as another user.
    const body = { email: person.email, password: PASSWORD, session: 'cookie' };
    const login = await askWith(api, '/login', cookie, { headers, body });
    t.match(login, { status: 403, body: { slug: 'same-origin-required' } });
    const guess = await askWith(api, '/login', cookie, {
      headers,
      body: { ...body, password: 'not that one' },
    });
    t.equal(guess.status, 403, 'the password is not looked at');
    const change = await api.ask('PUT', '/me/password', {
      headers,
      token,
      body: { currentPassword: PASSWORD, newPassword: 'a password that is new here' },
    });
    t.match(change, { status: 403, body: { slug: 'same-origin-required' } });
    for (const answer of [refreshed, out, login, change]) {
      t.strictSame(setCookies(answer), []);
      t.equal(answer.headers['access-control-allow-credentials'], undefined);
    }
    t.equal(await rotationOf(sid), 0, 'the session is as before');
    t.equal(await sessionsOf(person), 1);
    // The refresh token of a program counts beside a cookie that is not read.
    const { refreshToken } = await api.person(1);
    t.equal((await askWith(api, '/refresh', cookie, { headers, body: { refreshToken } })).status, 200);
  });

t.test('A form of another site does nothing, and neither does a body in plain text', async (t) => {
  const { cookie, sid } = await signedIn();
  const types = ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=a', 'text/plain'];
  for (const site of ['cross-site', 'same-origin'])
    for (const type of types)
      for (const path of ['/refresh', '/logout']) {
        const headers = { 'sec-fetch-site': site, 'content-type': type };
        const { status } = await askWith(api, path, cookie, { headers, body: '{"a":1}' });
        t.equal(status, 415, `${site} ${type} ${path}`);
      }
  const empty = { 'sec-fetch-site': 'cross-site', 'content-type': types[0] ?? '', 'content-length': '0' };
  t.equal((await askWith(api, '/refresh', cookie, { headers: empty })).status, 400);
  t.equal((await askWith(api, '/logout', cookie, { headers: empty })).status, 401);
  t.equal(await rotationOf(sid), 0);
});

t.test('CORS allows no credentials', async (t) => {
  const headers = {
    origin: FRONTEND,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  };
  const preflight = await api.ask('OPTIONS', '/refresh', { headers });
  t.equal(preflight.headers['access-control-allow-origin'], FRONTEND);
  t.equal(preflight.headers['access-control-allow-credentials'], undefined);
});

t.test('No other operation takes the cookie', async (t) => {
  const { cookie } = await signedIn();
  for (const path of ['/me', '/me/permissions', '/me/sessions', '/users']) {
    const answer = await api.ask('GET', path, { headers: { ...ownPage, cookie } });
    t.equal(answer.status, 401, path);
  }
});

t.test('A refresh token in the body beside a cookie is refused', async (t) => {
  const { cookie, sid } = await signedIn();
  const { refreshToken } = await api.person(1);
  for (const path of ['/refresh', '/logout']) {
    const answer = await askWith(api, path, cookie, { body: { refreshToken } });
    t.match(answer, { status: 400, body: { errors: [{ pointer: '/refreshToken', code: 'conflict' }] } });
  }
  t.equal(await rotationOf(sid), 0);
});

t.test('At the sign-out, cookie and access token of two sessions end both', async (t) => {
  const [one, two] = [await signedIn(), await signedIn()];
  t.equal((await askWith(api, '/logout', one.cookie, { token: two.token })).status, 204);
  for (const { sid } of [one, two]) t.equal(await rotationOf(sid), undefined);
});

t.test('The cookie is enough to sign out, without a valid access token', async (t) => {
  for (const authorization of [undefined, 'Bearer abc', 'Bearer a b']) {
    const { cookie, sid } = await signedIn();
    const headers = { ...ownPage, ...(authorization !== undefined && { authorization }) };
    t.equal((await askWith(api, '/logout', cookie, { headers })).status, 204);
    t.equal(await rotationOf(sid), undefined);
  }
});

t.test('A failed refresh removes the cookie only when its session is gone', async (t) => {
  const { cookie, sid, person } = await signedIn();
  const changed = cookie.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'));
  const unreadable = await askWith(api, '/refresh', changed);
  t.match(unreadable, { status: 401, body: { slug: 'invalid-refresh-token' } });
  t.strictSame(setCookies(unreadable), [], 'another SECRET may be in use for the moment');
  await db.session.delete({ where: { id: sid } });
  const gone = await askWith(api, '/refresh', cookie);
  t.equal(gone.status, 401);
  t.match(setCookies(gone)[0], /^__Host-latchkey=; Max-Age=0; /);
  const out = await askWith(api, '/logout', cookie);
  t.match([out.status, setCookies(out)[0]], [204, /Max-Age=0/]);
  const again = await signInWithCookie(api, person, cookie);
  await db.user.update({ where: { id: person.id }, data: { disabled: true } });
  t.match(setCookies(await askWith(api, '/refresh', again.cookie))[0], /Max-Age=0/, 'a disabled account');
});

t.test('A page without a session learns so', async (t) => {
  const answer = await askWith(api, '/refresh', undefined);
  t.match(answer, { status: 401, body: { slug: 'invalid-refresh-token' } });
  t.strictSame(setCookies(answer), []);
});

t.test('A sign-in ends the session of the cookie that it replaces', async (t) => {
  const attacker = await signedIn();
  const victim = await api.person(1);
  const { cookie, token } = await signInWithCookie(api, victim, attacker.cookie);
  t.equal(readClaims(token).sub, victim.id);
  t.not(sidOf(token), attacker.sid);
  t.equal(await rotationOf(attacker.sid), undefined);
  t.equal((await api.ask('GET', '/me', { token: attacker.token })).status, 401);
  t.equal((await askWith(api, '/refresh', cookie)).status, 200);
});

t.test('A sign-in with tokens leaves the cookie and its session alone', async (t) => {
  const { person, cookie, sid } = await signedIn();
  for (const session of [undefined, 'tokens']) {
    const body = { email: person.email, password: PASSWORD, ...(session !== undefined && { session }) };
    const answer = await askWith(api, '/login', cookie, { body });
    t.match(answer, { status: 200, body: { refreshToken: String } });
    t.strictSame(setCookies(answer), []);
  }
  t.equal(await rotationOf(sid), 0);
});

t.test('A refresh token counts only in the place that its session has', async (t) => {
  const { refreshToken, token } = await api.person(1);
  const planted = await askWith(api, '/refresh', `${NAME}=${refreshToken}`);
  t.match(planted, { status: 401, body: { slug: 'invalid-refresh-token' } });
  t.equal(await rotationOf(sidOf(token)), 0);
  t.strictSame(setCookies(planted), []);
  const { cookie, sid } = await signedIn();
  const body = { refreshToken: cookie.slice(NAME.length + 1) };
  const taken = await api.ask('POST', '/refresh', { body });
  t.match(taken, { status: 401, body: { slug: 'invalid-refresh-token' } });
  t.equal(await rotationOf(sid), 0);
});

t.test('Two cookies of the name are none, and the plain name is never read', async (t) => {
  const [one, two] = [await signedIn(), await signedIn()];
  for (const cookies of [`${one.cookie}; ${two.cookie}`, `${two.cookie};${one.cookie}; other=1`])
    t.equal((await askWith(api, '/refresh', cookies)).status, 401);
  const value = one.cookie.slice(NAME.length + 1);
  for (const name of ['latchkey', 'latchkey-80', 'latchkey-443', '__host-latchkey', '__Secure-latchkey', ''])
    t.equal((await askWith(api, '/refresh', `${name}=${value}`)).status, 401, name);
  for (const { sid } of [one, two]) t.equal(await rotationOf(sid), 0);
  t.equal((await askWith(api, '/refresh', `theme=dark; ${one.cookie}; lang=de`)).status, 200);
});

t.test('No session in a cookie is opened for a request that is none of an own page', async (t) => {
  const { id } = await api.person(1);
  const opening = openSession(api.app.accounts, { id, epoch: 0 }, device, { cookie: true });
  const refusal: unknown = await opening.catch((error) => error);
  t.match(refusal, { slug: 'same-origin-required' });
});

t.test('Two tabs that refresh at once get the same cookie', async (t) => {
  const { cookie, sid } = await signedIn();
  const answers = await Promise.all([1, 2].map(() => askWith(api, '/refresh', cookie)));
  t.strictSame(
    answers.map(({ status }) => status),
    [200, 200],
  );
  t.equal(new Set(answers.map(cookieOf)).size, 1);
  t.equal(await rotationOf(sid), 1);
});

t.test('A new password puts the next refresh token into the cookie', async (t) => {
  const { cookie, token, sid } = await signedIn();
  const body = { currentPassword: PASSWORD, newPassword: 'a password that is new here' };
  const answer = await api.ask('PUT', '/me/password', { headers: ownPage, token, body });
  t.equal(answer.status, 200);
  t.notOk('refreshToken' in answer.body);
  t.equal((await askWith(api, '/refresh', cookieOf(answer))).status, 200);
  t.equal((await askWith(api, '/refresh', cookie)).status, 401, 'the cookie of before');
  t.equal(await rotationOf(sid), undefined);
});

t.test('A second factor opens the kind of session that the sign-in asked for', async (t: Test) => {
  const person = await api.person(1);
  const app = await enrol(api, person);
  const challengeFor = async (session: string) => {
    const body = { email: person.email, password: PASSWORD, session };
    return (await askWith(api, '/login', undefined, { body })).body.challenge;
  };
  const earlier = await signedIn();
  const challenge = await challengeFor('cookie');
  const code = codeOf(app, stepNow(1));
  const provide = (body: object, headers?: Record<string, string>) =>
    askWith(api, '/login/second-factor', earlier.cookie, { body, ...(headers && { headers }) });
  const renamed = await provide({ challenge, code, session: 'tokens' });
  t.match(renamed, { status: 400, body: { errors: [{ pointer: '/session', code: 'unknown' }] } });
  const elsewhere = await provide({ challenge, code }, foreign['another site']);
  t.match(elsewhere, { status: 403, body: { slug: 'same-origin-required' } });
  const { tries } = await db.signInChallenge.findFirstOrThrow({ where: { userId: person.id } });
  t.equal(tries, 0);
  const answer = await provide({ challenge, code });
  t.equal(answer.status, 200, 'the code was not used up');
  t.notOk('refreshToken' in answer.body);
  t.equal((await askWith(api, '/refresh', cookieOf(answer))).status, 200);
  t.equal(await rotationOf(earlier.sid), undefined, 'the session of the cookie that is replaced ends');

  const withTokens = { challenge: await challengeFor('tokens'), recoveryCode: app.recoveryCodes[0] };
  const tokens = await provide(withTokens);
  t.match(tokens, { status: 200, body: { refreshToken: String } });
  t.strictSame(setCookies(tokens), []);
});

t.test('A passkey opens a session in a cookie, and ends the one that was in it', async (t) => {
  const earlier = await signedIn();
  const person = await api.person(1);
  const authenticator = await addPasskey(api, person.id);
  const { body: options } = await api.ask('POST', '/login/passkey/options');
  const body = { passkey: authenticator.get(options), session: 'cookie' };
  for (const headers of Object.values(foreign)) {
    const refused = await askWith(api, '/login/passkey', earlier.cookie, { headers, body });
    t.match(refused, { status: 403, body: { slug: 'same-origin-required' } });
  }
  const answer = await askWith(api, '/login/passkey', earlier.cookie, { body });
  t.equal(answer.status, 200, 'the challenge was not used up');
  t.notOk('refreshToken' in answer.body);
  t.equal((await askWith(api, '/refresh', cookieOf(answer))).status, 200);
  t.equal(await rotationOf(earlier.sid), undefined);
});

t.test('Removing the authenticator app puts the next refresh token into the cookie', async (t) => {
  const person = await api.person(1);
  const { cookie, token } = await signInWithCookie(api, person);
  const enrolled = await enrol(api, { token });
  const foreignRemoval = await api.ask('DELETE', '/me/totp', { token: enrolled.token });
  t.match(foreignRemoval, { status: 403, body: { slug: 'same-origin-required' } });
  const removal = await api.ask('DELETE', '/me/totp', { headers: ownPage, token: enrolled.token });
  t.equal(removal.status, 200);
  t.notOk('refreshToken' in removal.body);
  t.not(cookieOf(removal), cookie);
  t.equal((await askWith(api, '/refresh', cookieOf(removal))).status, 200);
});

t.test('A cap holds for a session in a cookie, and GET /me/permissions says it', async (t) => {
  const person = await api.person(2);
  const body = { email: person.email, password: PASSWORD, access: 1, session: 'cookie' };
  const answer = await askWith(api, '/login', undefined, { body });
  const next = await askWith(api, '/refresh', cookieOf(answer));
  for (const { body } of [answer, next]) {
    const permissions = await api.ask('GET', '/me/permissions', { token: body.accessToken });
    t.match(permissions.body, { access: 1, access2: null, cap: 1, acr: '1', amr: ['pwd'] });
  }
  const uncapped = await api.ask('GET', '/me/permissions', { token: person.token });
  t.match(uncapped.body, { access: 2, cap: null });
});
