/**
 * How the service serves its pages: their policy, their caching and their place. test/pages looks at them in
 * a browser.
 *
 * @runs once, on SQLite: the pages are files.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import Fastify, { type FastifyInstance } from 'fastify';
import t from 'tap';
import latchkey from '#latchkey/plugin.ts';
import { temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { startApi } from '../helper.ts';

/** Bytes that the first screen may have, and all pages together, as they are sent. */
const MAX_FIRST_SCREEN_BYTES = 90 * 1024;
const MAX_BYTES = 200 * 1024;

const FOLDER = 'web/dist';
const files = (await readdir(FOLDER, { recursive: true })).filter((name) =>
  /\.(html|js|css|svg)$/.test(name),
);
const assets = files.filter((name) => name.startsWith('assets/'));
const { app } = await startApi(t);

/** The first directive of a policy with this name. */
function directivesOf(policy: unknown): ReadonlyMap<string, string> {
  return new Map(
    String(policy)
      .split('; ')
      .map((directive) => {
        const [name = '', ...values] = directive.split(' ');
        return [name, values.join(' ')] as const;
      }),
  );
}

t.test('The policy of the pages allows their own files, and no other code', async (t) => {
  const { headers, statusCode } = await app.inject('/ui/sign-in');
  t.equal(statusCode, 200);
  const directives = directivesOf(headers['content-security-policy']);
  t.strictSame(Object.fromEntries(directives), {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'img-src': "'self'",
    'connect-src': "'self'",
    'base-uri': "'self'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
    'require-trusted-types-for': "'script'",
    'trusted-types': "'none'",
  });
  t.match(headers, {
    'content-type': 'text/html; charset=utf-8',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache',
  });
  t.match(String(headers['permissions-policy']), /publickey-credentials-get=\(self\).*camera=\(\)/);
});

t.test('The HTML has no inline script or style, and names no other site', async (t) => {
  const { body } = await app.inject('/ui');
  t.notMatch(body, /<style|style=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:|https?:\/\//i);
});

t.test('Each path below /ui is a page, and an asset that is not there is none', async (t) => {
  const { body: page } = await app.inject('/ui');
  for (const path of [
    '/ui/',
    '/ui/sign-in',
    '/ui/sign-in/',
    '/ui/no/such/page',
    '/ui/verify-email%23token=a',
  ]) {
    const { statusCode, body } = await app.inject(path);
    t.equal(statusCode, 200, path);
    t.equal(body, page, path);
  }
  for (const path of ['/ui/assets/index.js', '/ui/assets/..%2findex.html', '/ui/assets/%00']) {
    const { statusCode, headers } = await app.inject(path);
    t.equal(statusCode, 404, path);
    t.match(headers, { 'content-type': /^application\/problem\+json/, 'cache-control': 'no-store' }, path);
  }
});

t.test('Assets are compressed and kept for a year, for their names change with their contents', async (t) => {
  t.ok(assets.length >= 3);
  for (const name of assets) {
    t.match(name, /-[\w-]{8}\.\w+$/);
    const whole = await readFile(join(FOLDER, name));
    for (const [encoding, decode] of [
      ['br', brotliDecompressSync],
      ['gzip', gunzipSync],
    ] as const) {
      const { headers, rawPayload } = await app.inject({
        url: `/ui/${name}`,
        headers: { 'accept-encoding': encoding },
      });
      t.match(headers, {
        'cache-control': 'public, max-age=31536000, immutable',
        'content-encoding': encoding,
        vary: 'accept-encoding',
      });
      t.ok(decode(rawPayload).equals(whole), `${name} ${encoding}`);
    }
    const { headers, rawPayload } = await app.inject(`/ui/${name}`);
    t.equal(headers['content-encoding'], undefined);
    t.ok(rawPayload.equals(whole), name);
  }
});

t.test('The first screen has 90 KiB at most, and all pages 200', async (t) => {
  const html = await readFile(join(FOLDER, 'index.html'), 'utf8');
  const sizes = new Map<string, number>();
  for (const name of files) sizes.set(name, gzipSync(await readFile(join(FOLDER, name))).length);
  const sum = (names: readonly string[]) => names.reduce((total, name) => total + (sizes.get(name) ?? 0), 0);
  const first = sum(['index.html', ...assets.filter((name) => html.includes(name))]);
  const all = sum(files);
  t.comment(`${(first / 1024).toFixed(1)} KiB for the first screen, ${(all / 1024).toFixed(1)} KiB in all`);
  t.ok(first < MAX_FIRST_SCREEN_BYTES, `${first} bytes`);
  t.ok(all < MAX_BYTES, `${all} bytes`);
});

t.test('PAGES=off leaves them out', async (t) => {
  const { app, ask } = await startApi(t, { PAGES: 'off' });
  for (const path of ['/ui', '/ui/sign-in', `/ui/${assets[0]}`])
    t.equal((await app.inject(path)).statusCode, 404, path);
  t.equal((await ask('GET', '/')).body.links.pages, undefined);
});

t.test('The pages know the path that a proxy puts before them, and GET / leads to them', async (t) => {
  const PUBLIC_URL = 'https://example.com/a&b';
  const { app, ask } = await startApi(t, { PUBLIC_URL });
  t.match((await app.inject('/ui/sign-in')).body, '<base href="/a&amp;b/ui/" />');
  t.match((await ask('GET', '/')).body, {
    settings: {
      registration: 'open',
      signInMethods: ['password', 'passkey'],
      passwordMinLength: 15,
      mail: false,
    },
    links: { pages: `${PUBLIC_URL}/ui` },
  });
});

t.test('GET / lists the ways to sign in that work, for the buttons of a page', async (t) => {
  const methodsOf = async (variables: Record<string, string>) =>
    (await (await startApi(t, variables)).ask('GET', '/')).body.settings.signInMethods;
  const SIGN_IN_METHODS = 'email,passkey';
  t.strictSame(await methodsOf({ SIGN_IN_METHODS }), ['passkey', 'email']);
  // Browsers bind passkeys to names.
  const PUBLIC_URL = 'https://192.0.2.1';
  const variables = { SIGN_IN_METHODS, PUBLIC_URL, RP_ID: '', PASSKEY_ORIGINS: '' };
  t.strictSame(await methodsOf(variables), ['email']);
});

t.test('In a host app, the pages are below the prefix, beside static files of its own', async (t) => {
  const host = Fastify();
  t.teardown(() => host.close());
  await host.register(latchkey, {
    prefix: '/auth',
    databaseUrl: (await createMigratedDatabase(t)).url,
    dataDir: await temporaryFolder(t),
  });
  const { default: fastifyStatic } = await import('@fastify/static');
  const { withAccess } = await import('#latchkey/access/declaration.ts');
  await host.register(
    withAccess('public', async (scope: FastifyInstance) => {
      await scope.register(fastifyStatic, { root: join(process.cwd(), 'docs'), prefix: '/docs-of-mine/' });
    }),
  );
  await host.ready();
  const { body, statusCode } = await host.inject('/auth/ui/sign-in');
  t.equal(statusCode, 200);
  t.match(body, '<base href="/auth/ui/" />');
  t.equal((await host.inject(`/auth/ui/${assets[0]}`)).statusCode, 200);
  t.equal((await host.inject('/ui')).statusCode, 404);
  t.equal((await host.inject('/docs-of-mine/README.md')).statusCode, 200);
});
