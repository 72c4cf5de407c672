/**
 * Service on each supported version of Node.js, from its sources and from the package; and its message on
 * other versions.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, stat, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { databaseKind } from '#latchkey/db/client.ts';
import { latchkey, serveBy, temporaryFolder } from '../child.ts';
import { createDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { askAgain } from './client.ts';
import { installNode, refusedVersions, supportedVersions } from './node-versions.ts';

const run = promisify(execFile);

const node = await installNode([...supportedVersions, ...refusedVersions]);

/** Installs the package with the output of `npm run build`. @returns its command */
async function buildPackage(): Promise<string> {
  const folder = await temporaryFolder(t);
  const compiler = resolve('node_modules/typescript/bin/tsc');
  await run(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')]);
  await mkdir(join(folder, 'prisma'));
  for (const part of ['package.json', 'bin', 'templates', 'wordlists', 'prisma/migrations'])
    await cp(part, join(folder, part), { recursive: true });
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  return join(folder, 'bin/latchkey.js');
}

const commands = { sources: resolve('bin/latchkey.js'), package: await buildPackage() };

for (const [form, bin] of Object.entries(commands))
  for (const version of supportedVersions)
    t.test(`The ${form} works on Node.js ${version}`, (t) =>
      tryService(t, node.get(version) ?? '', bin, version),
    );

for (const version of refusedVersions)
  t.test(`Node.js ${version} is refused in one sentence`, async (t) => {
    for (const bin of Object.values(commands)) {
      const ended = await latchkey([bin, 'user', 'list'], { command: node.get(version) ?? '' });
      t.match(ended, { code: 1, stdout: '' });
      t.match(
        ended.stderr,
        /^latchkey: this is Node\.js [\d.]+, and Latchkey runs on 22\.18, 24\.11 or 26\.0 and [^\n]+\n$/,
      );
    }
  });

/** Runs the service from the first start to the end, with one command of each kind. */
async function tryService(t: Test, command: string, bin: string, version: string): Promise<void> {
  const { url: DATABASE_URL } = await createDatabase(t);
  const folder = await temporaryFolder(t);
  const variables = { DATABASE_URL, DATA_DIR: join(folder, 'data'), PORT: '0' };
  const call = async (args: readonly string[], input = '') => {
    const ended = await latchkey([bin, ...args], { command, variables, input });
    t.match(ended, { code: 0, signal: null, stderr: '' }, args.join(' '));
    return ended.stdout;
  };

  const service = await serveBy(t, command, [bin, 'serve'], { variables });
  const signIn = async (email: string) =>
    (await askAgain(service, 'POST', '/login', { body: { email, password: PASSWORD } })).body.accessToken;
  const ada = { name: 'Ada', email: 'ada@example.com', password: PASSWORD };
  const { status, body: user } = await askAgain(service, 'POST', '/register', { body: ada });
  t.strictSame([status, user.email], [201, ada.email], user.detail);
  const token = await signIn(ada.email);
  t.match(await askAgain(service, 'GET', '/users', { token }), { status: 200 });
  t.match(await askAgain(service, 'GET', '/control-panel', { token }), {
    status: 403,
    body: { required: 2 },
  });

  await call(
    ['user', 'create', '--email', 'grace@example.com', '--name', 'Grace', '--access', 'admin'],
    PASSWORD,
  );
  const admin = await signIn('grace@example.com');
  t.match(await askAgain(service, 'GET', '/control-panel', { token: admin }), { status: 200 });
  const demoted = await askAgain(service, 'PATCH', `/users/${user.id}`, {
    token: admin,
    body: { access: 0 },
  });
  t.match(demoted, { status: 200, body: { access: 0 } });
  t.match(await askAgain(service, 'GET', '/me', { token }), { status: 401 });
  t.match(await askAgain(service, 'GET', '/users', { token: await signIn(ada.email) }), { status: 403 });

  t.match(await call(['user', 'list', '--json']), /ada@example\.com.*grace@example\.com/s);
  t.match(await call(['doctor']), new RegExp(`^✓ node +${version}, `, 'm'));
  if (databaseKind(DATABASE_URL) === 'sqlite') {
    const backup = join(folder, 'backup.db');
    await call(['backup', backup]);
    t.ok((await stat(backup)).size > 0);
  }
  t.match(await service.stop(), { code: 0, signal: null, stderr: '' });
}
