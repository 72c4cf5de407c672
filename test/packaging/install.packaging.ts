/**
 * Fresh clone that is installed and started in the usual ways, without a compiler.
 *
 * @runs once, on SQLite: a new user has no other database.
 */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { latchkey, serveBy, type Variables } from '../child.ts';
import { PASSWORD } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { type Checkout, checkOut } from './checkout.ts';
import { askAgain } from './client.ts';
import { installNode } from './node-versions.ts';

/** Version after its end of life that many machines still have. */
const OLD = '20.20.2';

const node = await installNode([OLD]);

t.test(`npm ci && npm start work on a machine with Node.js ${OLD}`, async (t) => {
  const checkout = await checkOut(t, node.get(OLD) ?? '');
  await install(t, checkout, []);
  await tryService(t, checkout, ['npm', 'start']);
  t.match(
    await latchkey(['bin/latchkey.js', 'user', 'list'], {
      command: node.get(OLD) ?? '',
      cwd: checkout.folder,
    }),
    { code: 1, stderr: /^latchkey: this is Node\.js 20/ },
    'that Node.js itself is refused',
  );
});

t.test(`npm ci --omit=dev works on a machine with Node.js ${OLD}`, async (t) => {
  const checkout = await checkOut(t, node.get(OLD) ?? '');
  await install(t, checkout, ['--omit=dev']);
  t.notOk(existsSync(join(checkout.folder, 'node_modules/tap')));
  await tryService(t, checkout, ['npm', 'start']);
  const production = await inProduction(checkout);
  await tryService(t, checkout, ['npm', 'start'], production);
  await tryService(t, checkout, ['npx', 'latchkey', 'serve'], production);
});

t.test('npm ci --omit=dev --workspaces=false works on a machine with a supported Node.js', async (t) => {
  const checkout = await checkOut(t, process.execPath);
  await install(t, checkout, ['--omit=dev', '--workspaces=false']);
  t.notOk(existsSync(join(checkout.folder, 'node_modules/@latchkey/node')));
  await tryService(t, checkout, ['npm', 'start'], await inProduction(checkout));
});

async function install(t: Test, checkout: Checkout, options: readonly string[]): Promise<void> {
  const args = ['ci', '--no-audit', '--no-fund', '--no-update-notifier', ...options];
  t.comment(`npm ci ${options.join(' ')}: ${await checkout.run('npm', args)} s`);
}

/** Variables that production needs. */
async function inProduction({ folder }: Checkout): Promise<Variables> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const JWT_PRIVATE_KEY = join(folder, 'key.pem');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await writeFile(JWT_PRIVATE_KEY, pem, { mode: 0o600 });
  return {
    NODE_ENV: 'production',
    PUBLIC_URL: 'https://accounts.example.com',
    SECRET: 'a secret of a test, which is longer than 32 characters',
    JWT_PRIVATE_KEY,
    // The previous start used another SECRET.
    DATA_DIR: join(folder, 'production'),
  };
}

/** Starts the service, registers a user, signs in, and stops it. */
async function tryService(
  t: Test,
  { folder, environment }: Checkout,
  [command = '', ...args]: readonly string[],
  variables: Variables = {},
): Promise<void> {
  const started = performance.now();
  const service = await serveBy(t, command, args, {
    cwd: folder,
    isGroup: true,
    environment: { ...environment, PORT: String(await freePort()), ...variables },
  });
  const name = [command, ...args].join(' ');
  t.comment(`${name}: listens after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  const credentials = { email: `ada-${service.pid}@example.com`, password: PASSWORD };
  const registered = await askAgain(service, 'POST', '/register', { body: { name: 'Ada', ...credentials } });
  t.match(registered, { status: 201 }, name);
  const { body } = await askAgain(service, 'POST', '/login', { body: credentials });
  t.match(await askAgain(service, 'GET', '/users', { token: body.accessToken }), { status: 200 }, name);
  // As Ctrl-C does. npm itself ends by the signal; the service logs the signal, and its output ends.
  service.signal('SIGINT');
  t.match(await service.ended, { stdout: /"signal":"SIGINT".*The process was told to stop/ }, name);
}
