/**
 * Tests the security headers: except for the docs page, a browser runs, frames, keeps and reads nothing
 * across origins.
 *
 * @runs once, on SQLite: it uses no rows.
 */
import t from 'tap';
import { contract } from '../contract.ts';
import { PASSWORD, startApi } from '../helper.ts';

const app1 = 'https://app.example.com';
const app2 = 'https://admin.example.com';

t.test('JSON, problems and 404 answers cannot run or be framed in a browser', async (t) => {
  const { ask } = await startApi(t);
  for (const url of ['/', '/me', '/nowhere', '/problems/not-found', '/%00']) {
    const { headers } = await ask('GET', url);
    t.equal(headers['content-security-policy'], "frame-ancestors 'none'", url);
    t.equal(headers['x-content-type-options'], 'nosniff', url);
    t.notOk('x-powered-by' in headers, url);
    t.notOk('strict-transport-security' in headers, 'which is for https alone');
  }
  const secure = await startApi(t, { PUBLIC_URL: 'https://accounts.example.com' });
  const { headers } = await secure.app.inject('/');
  t.match(headers['strict-transport-security'], /^max-age=\d{8,}/);
});

t.test('The docs page may run its own scripts and nothing else', async (t) => {
  const { app } = await startApi(t);
  const page = await app.inject('/docs');
  const policy = String(page.headers['content-security-policy']);
  const directives = new Map(
    policy.split(/; ?/).map((text) => [text.split(' ')[0], text.split(' ').slice(1)]),
  );
  t.strictSame(directives.get('default-src'), ["'none'"]);
  t.strictSame(directives.get('frame-ancestors'), ["'none'"]);
  t.strictSame(directives.get('script-src'), ["'self'"]);
  t.strictSame(directives.get('connect-src'), ["'self'"]);
  t.notMatch(policy, /script-src[^;]*unsafe|\*/);
  const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(
    ([, file]) => new URL(file ?? '', 'http://x/docs'),
  );
  t.ok(files.length >= 3, `${files.length} files`);
  for (const { origin, pathname } of files) {
    t.equal(origin, 'http://x');
    t.equal((await app.inject(pathname)).statusCode, 200, pathname);
  }
  t.notMatch(page.body, /<script>[^<]/, 'no script is in the page');
  t.equal(page.headers['referrer-policy'], 'no-referrer', 'which is for pages, and nothing in JSON');
});

t.test(
  'The docs page has the name, the icon and the colours of Latchkey, and no logo of others',
  async (t) => {
    const { app } = await startApi(t);
    const { body: page } = await app.inject('/docs');
    t.match(page, '<title>Latchkey API</title>');
    const icons = [...page.matchAll(/<link rel="icon"[^>]*href="([^"]+)"/g)].map(([, file]) => file ?? '');
    t.strictSame(icons, ['/docs/static/theme/latchkey.svg']);
    t.match(await app.inject(icons[0] ?? ''), {
      statusCode: 200,
      headers: { 'content-type': 'image/svg+xml' },
    });
    t.match((await app.inject('/docs/static/theme/latchkey.css')).body, '@media (max-width: 640px)');
    const { body: script } = await app.inject('/docs/static/swagger-initializer.js');
    const [, logo = ''] = /img\.src = 'data:image\/svg\+xml;base64,([^']+)'/.exec(script) ?? [];
    t.match(Buffer.from(logo, 'base64').toString(), '<title>Latchkey</title>');
  },
);

t.test('Personal and momentary answers are not cached, and no answer sets a cookie', async (t) => {
  const { ask, person } = await startApi(t);
  const { token, email, refreshToken } = await person(2);
  const answers = [
    await ask('POST', '/login', { body: { email, password: PASSWORD } }),
    await ask('POST', '/refresh', { body: { refreshToken } }),
    await ask('POST', '/login', { body: { email, password: 'wrong wrong wrong' } }),
    await ask('GET', '/me'),
    await ask('GET', '/health/live'),
    await ask('GET', '/health/ready'),
  ];
  for (const [path, operations] of Object.entries(contract.paths)) {
    const isGuarded = operations.get !== undefined && 'x-minimum-access' in operations.get;
    if (isGuarded && !path.includes('{')) answers.push(await ask('GET', path, { token }));
  }
  t.ok(answers.length > 10, `${answers.length} answers`);
  for (const { headers } of answers) {
    t.equal(headers['cache-control'], 'no-store');
    t.notOk('set-cookie' in headers);
  }
  for (const url of ['/openapi.json', '/.well-known/jwks.json', '/problems'])
    t.not((await ask('GET', url)).headers['cache-control'], 'no-store', url);
});

t.test('A script of another origin reads answers only when CORS_ORIGINS names the origin', async (t) => {
  const none = await startApi(t);
  const ours = await startApi(t, { CORS_ORIGINS: `${app1}, ${app2}` });
  const from = (origin: string) => ({ headers: { origin } });
  for (const api of [none, ours]) {
    const { headers } = await api.ask('GET', '/', from('https://evil.example'));
    t.notOk('access-control-allow-origin' in headers);
  }
  for (const origin of [app1, app2]) {
    const { headers } = await ours.ask('GET', '/me', from(origin));
    t.equal(headers['access-control-allow-origin'], origin, 'also of a 401');
    t.match(headers.vary, /Origin/i);
    t.match(headers['access-control-expose-headers'], /ETag.*WWW-Authenticate/);
    t.notOk('access-control-allow-credentials' in headers);
  }
});

t.test('A preflight request needs no token and allows the listed methods and headers', async (t) => {
  const { app, ask } = await startApi(t, { CORS_ORIGINS: app1 });
  const preflight = (url: string, origin: string) =>
    app.inject({
      method: 'OPTIONS',
      url,
      headers: {
        origin,
        'access-control-request-method': 'PATCH',
        'access-control-request-headers': 'authorization,content-type,if-match',
      },
    });
  const { statusCode, headers, body } = await preflight('/me', app1);
  t.equal(statusCode, 204);
  t.equal(body, '');
  t.equal(headers['access-control-allow-origin'], app1);
  t.match(headers['access-control-allow-methods'], /PATCH/);
  t.match(headers['access-control-allow-headers'], /authorization/);
  t.equal(headers['access-control-max-age'], '7200');
  t.notOk('access-control-allow-credentials' in headers);
  t.notOk('access-control-allow-origin' in (await preflight('/me', 'https://evil.example')).headers);
  t.equal((await ask('GET', '/nowhere', { headers: { origin: app1 } })).status, 404);
  t.equal((await ask('PUT', '/me', { headers: { origin: app1 } })).status, 405);
});

t.test('A CORS_ORIGINS of * allows every origin, without credentials', async (t) => {
  const { ask } = await startApi(t, { CORS_ORIGINS: '*' });
  const { headers } = await ask('GET', '/', { headers: { origin: 'https://anybody.example' } });
  t.equal(headers['access-control-allow-origin'], '*');
  t.notOk('access-control-allow-credentials' in headers);
});
