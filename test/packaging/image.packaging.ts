/**
 * Image, built by the steps of deploy/Dockerfile without Docker: its contents, and a run of the service.
 *
 * @runs once, on SQLite: the image's own.
 */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import t from 'tap';
import { type Ended, latchkey, serveBy, type Variables } from '../child.ts';
import { PASSWORD } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { askAgain } from './client.ts';
import { buildImage, type Image, within } from './dockerfile.ts';

const MEGABYTE = 1_000_000;
/** Maximum size of what the image adds to Node.js. */
const MAX_SIZE_BYTES = 200 * MEGABYTE;

/** Sign-ins, one after the other, so that each thread hashes a few times. */
const SIGN_INS = 64;
const THREADS = 16;
/** One hash takes 20 MB, and {@link THREADS} of them take 319 MB. */
const MAX_GROWTH_BYTES = 100 * MEGABYTE;

/** Block size of a file system. */
const BLOCK_BYTES = 512;

const machine = `${process.platform}-${process.arch}`;

/** Files of the package, and files that the image's build has made. */
const argon2Binaries: { readonly generic: string; readonly avx2?: string } =
  process.arch === 'x64'
    ? {
        generic: `node_modules/argon2/prebuilds/${machine}/argon2.glibc.node`,
        avx2: 'node_modules/argon2/x86-64-v3/build/Release/argon2.node',
      }
    : { generic: `node_modules/argon2/prebuilds/${machine}/argon2.armv8.glibc.node` };

/** test/argon2-build.test.ts shows what it asks of a processor, which is more than AVX2. */
const { supportsAvx2 }: { supportsAvx2(cpuinfo: string): boolean } = createRequire(import.meta.url)(
  '../../bin/argon2-build.js',
);

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly peer?: boolean;
}

interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface Entry {
  readonly path: string;
  readonly isFile: boolean;
  readonly bytes: number;
  readonly blocks: number;
  readonly changedAt: number;
}

async function listEntries(folder: string): Promise<Entry[]> {
  const names = await readdir(folder, { recursive: true });
  return Promise.all(
    names.map(async (path) => {
      const stat = await lstat(join(folder, path));
      return {
        path,
        isFile: stat.isFile(),
        bytes: stat.size,
        blocks: stat.blocks,
        changedAt: stat.mtimeMs,
      };
    }),
  );
}

async function readLock(file: string): Promise<Lock['packages']> {
  const { packages }: Lock = JSON.parse(await readFile(file, 'utf8'));
  return packages;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

t.test('The image is complete, small and works', async (t) => {
  const started = performance.now();
  const image = await buildImage(t, await readFile('deploy/Dockerfile', 'utf8'), '.');
  const seconds = Math.round((performance.now() - started) / 1000);
  const app = within(image, '/app');
  const before = await listEntries(app);
  const { environment, command } = await configure(image);
  const files = before.filter(({ isFile }) => isFile).map(({ path }) => path);

  await t.test('The image is small', async (t) => {
    const bytes = sum(before.map((entry) => entry.bytes));
    const onDisk = sum(before.map(({ blocks }) => blocks)) * BLOCK_BYTES;
    const figure = (size: number) => `${(size / MEGABYTE).toFixed(1)} MB`;
    t.comment(`built in ${seconds} s: ${files.length} files, ${figure(bytes)}, ${figure(onDisk)} on a disk`);
    t.ok(bytes < MAX_SIZE_BYTES, figure(bytes));
    t.ok(onDisk < MAX_SIZE_BYTES, figure(onDisk));
  });

  await t.test('The image has exactly the production packages of the lock file', async (t) => {
    const locked = await readLock('package-lock.json');
    const installed = await readLock(join(app, 'node_modules/.package-lock.json'));
    const differs = Object.entries(installed).filter(([path, { version }]) => {
      const { dev, devOptional, peer, ...expected } = locked[path] ?? {};
      return dev || devOptional || peer || expected.version !== version;
    });
    t.strictSame(differs, []);
    const names = Object.keys(installed).map((path) => path.split('node_modules/').pop());
    for (const name of ['prisma', 'typescript', 'esbuild', 'react', '@prisma/dev', '@latchkey/node'])
      t.notOk(names.includes(name), name);
    t.notOk(files.some((path) => /\.map$|\.d\.[cm]?ts$/.test(path)));
  });

  await t.test('The image has the native files for this platform only', async (t) => {
    t.strictSame(
      files.filter((path) => path.endsWith('.node')).sort(),
      [
        ...Object.values(argon2Binaries),
        `node_modules/@node-rs/bcrypt-${machine}-gnu/bcrypt.${machine}-gnu.node`,
        `node_modules/better-sqlite3/prebuilds/${machine}.node`,
      ].sort(),
    );
  });

  await t.test('The image serves requests without writing to its own files', async (t) => {
    const [program = '', ...args] = [...(image.commands.ENTRYPOINT ?? []), ...(image.commands.CMD ?? [])];
    const service = await serveBy(t, within(image, `/usr/local/bin/${program}`), args, {
      environment,
      cwd: app,
    });
    const [node = '', ...check] = image.commands.HEALTHCHECK ?? [];
    const checkHealth = () =>
      latchkey(check, { command: within(image, `/usr/local/bin/${node}`), environment, cwd: app });
    t.match(await checkHealth(), { code: 0, stderr: '' });

    const account = ['user', 'create', '--email', 'ada@example.com', '--name', 'Ada', '--access', 'admin'];
    t.match(await command(account, PASSWORD), { code: 0, stderr: '' });
    const { body } = await askAgain(service, 'POST', '/login', {
      body: { email: 'ada@example.com', password: PASSWORD },
    });
    t.match(await askAgain(service, 'GET', '/control-panel', { token: body.accessToken }), { status: 200 });
    t.match(await command(['doctor']), { code: 0, stdout: /^✓ node +24\./m });
    t.match(await service.stop(), { code: 0, stderr: '' });
    t.equal((await checkHealth()).code, 1);
    t.strictSame(await listEntries(app), before);
  });

  await t.test('The image loads the binary of argon2 for this processor', async (t) => {
    const loaded = async (variables: Variables) => {
      const service = await serveBy(t, within(image, '/usr/local/bin/latchkey'), ['serve'], {
        environment: { ...environment, ...variables },
        cwd: app,
      });
      const maps = await readFile(`/proc/${service.pid}/maps`, 'utf8');
      await service.stop();
      return Object.values(argon2Binaries).filter((path) => maps.includes(path));
    };
    const { generic, avx2 = generic } = argon2Binaries;
    const isNew = supportsAvx2(await readFile('/proc/cpuinfo', 'utf8'));
    t.strictSame(await loaded({}), [isNew ? avx2 : generic]);
    t.strictSame(await loaded({ ARGON2_PREBUILD: '' }), [generic], 'the one for older processors');
  });

  await t.test('The image keeps memory for parallel hashes, not for all threads', async (t) => {
    const credentials = { email: 'grace@example.com', password: PASSWORD };
    await command(['user', 'create', '--email', credentials.email, '--name', 'Grace'], PASSWORD);
    const service = await serveBy(t, within(image, '/usr/local/bin/latchkey'), ['serve'], {
      environment: { ...environment, HASH_CONCURRENCY: '1', UV_THREADPOOL_SIZE: String(THREADS) },
      cwd: app,
    });
    const resident = async () => {
      const status = await readFile(`/proc/${service.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
    };
    const signIn = () => askAgain(service, 'POST', '/login', { body: credentials });
    t.match(await signIn(), { status: 200 });
    const atFirst = await resident();
    for (let count = 0; count < SIGN_INS; count++) await signIn();
    const growth = (await resident()) - atFirst;
    t.comment(`grew by ${(growth / MEGABYTE).toFixed(0)} MB in ${SIGN_INS} sign-ins`);
    t.ok(growth < MAX_GROWTH_BYTES, String(growth));
    t.match(await service.stop(), { code: 0, stderr: '' });
  });
});

/** Environment of the image, a free port, and the variables that production needs. */
async function configure(
  image: Image,
): Promise<{ environment: Variables; command: (args: readonly string[], input?: string) => Promise<Ended> }> {
  const JWT_PRIVATE_KEY = within(image, '/data/signing-key.pem');
  const environment: Variables = {
    ...image.variables,
    PATH: within(image, '/usr/local/bin'),
    PORT: String(await freePort()),
    SECRET: 'a secret of a test, which is longer than 32 characters',
    JWT_PRIVATE_KEY,
    PUBLIC_URL: 'https://accounts.example.com',
    TRUST_PROXY: '10.0.0.0/8',
  };
  const command = (args: readonly string[], input = '') =>
    latchkey(args, { command: within(image, '/usr/local/bin/latchkey'), environment, input });
  const { code, stderr } = await command(['keys', 'generate', '--out', JWT_PRIVATE_KEY]);
  if (code !== 0) throw new Error(stderr);
  return { environment, command };
}
