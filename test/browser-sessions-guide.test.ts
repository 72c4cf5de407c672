/**
 * Runs the nginx of docs/guides/browser-sessions.md before a page and the service, where nginx is installed.
 *
 * @runs once, on SQLite: it is about the page.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { temporaryFolder } from './child.ts';
import { findProgram, startDaemon } from './daemon.ts';
import { blocksOf } from './docs/markdown.ts';
import { PASSWORD } from './helper.ts';
import { freePort } from './postgres-server.ts';
import { createCluster } from './processes/cluster.ts';
import { noteSecret } from './secret-log.ts';
import { until } from './until.ts';

const blocks = blocksOf('docs/guides/browser-sessions.md');
const nginxBlock = blocks.find(({ text }) => text.startsWith('server {'))?.text ?? '';
const nginx = findProgram('nginx');

t.test('A page and the service behind one origin have a session in a cookie', async (t) => {
  t.match(nginxBlock, 'location /auth/ {');
  if (nginx === undefined) return void t.comment('nginx is not installed');
  const port = await freePort();
  const cluster = await createCluster(t, { PUBLIC_URL: `http://localhost:${port}/auth`, TRUST_PROXY: '1' });
  const service = await cluster.start();
  const { email } = await cluster.person(service, 1);
  const folder = await temporaryFolder(t);
  // The workers of an nginx that root starts run as another user.
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'page'));
  writeFileSync(join(folder, 'page/index.html'), '<!doctype html><title>Page</title>');
  const server = nginxBlock
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
    .replace(/^ *ssl_.*\n/gm, '')
    .replace('/srv/app', join(folder, 'page'))
    .replace('http://127.0.0.1:3000', service.url);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join('\n');
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `pid ${folder}/nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${temporary}\n${server}}\n`,
  );
  const daemon = startDaemon(nginx, ['-c', file, '-p', folder, '-g', 'daemon off;'], { cwd: folder });
  t.teardown(() => daemon.stop());
  const url = `http://127.0.0.1:${port}`;
  await until(() =>
    fetch(url).then(
      () => true,
      () => false,
    ),
  );
  t.match(await (await fetch(`${url}/some/page`)).text(), '<title>Page</title>');
  const post = (path: string, headers: Record<string, string>, body?: object) =>
    fetch(`${url}/auth${path}`, {
      method: 'POST',
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  const page = { 'sec-fetch-site': 'same-origin' };
  const login = await post('/login', page, { email, password: PASSWORD, session: 'cookie' });
  t.equal(login.status, 200);
  const [field = ''] = login.headers.getSetCookie();
  const cookie = field.split(';')[0] ?? '';
  noteSecret(cookie.split('=')[1]);
  t.match(cookie, new RegExp(`^latchkey-${port}=`));
  t.equal((await post('/refresh', { 'sec-fetch-site': 'cross-site', cookie })).status, 400);
  t.equal((await post('/refresh', { origin: `http://localhost:${port}`, cookie })).status, 200);
});

t.test('The configuration of Vite is a module that forwards /auth', async (t) => {
  const config = blocks.find(({ text }) => text.includes("from 'vite'"))?.text ?? '';
  const program = `const defineConfig = (config) => config;${config
    .replace(/^import .*$/m, '')
    .replace('export default', 'const config =')}
    const [path, { target, rewrite }] = Object.entries(config.server.proxy)[0];
    console.log(path, target, rewrite('/auth/login'));`;
  const output = execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' });
  t.equal(output, '/auth http://127.0.0.1:3000 /login\n');
});
