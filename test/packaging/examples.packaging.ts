/**
 * The examples, installed from the tarball of the package, with their own tests and types.
 *
 * @runs once, on Postgres: the example with a Prisma schema is about it, and the others bring SQLite.
 */
import { execFile } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { temporaryFolder } from '../child.ts';
import { createPostgresDatabase } from '../database.ts';
import { pack, packGuard } from './pack.ts';

const run = promisify(execFile);

const tarballs: Readonly<Record<string, string>> = {
  latchkey: await pack(t),
  '@latchkey/guard': await packGuard(t),
};

for (const name of ['host-app', 'own-routes', 'prisma', 'reports-service', 'express-service'])
  t.test(`The example ${name} passes its tests and its types`, async (t) => {
    const folder = join(await temporaryFolder(t), name);
    await cp(resolve('examples', name), folder, { recursive: true });
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    for (const dependencies of [manifest.dependencies, manifest.devDependencies])
      for (const [name, version] of Object.entries(dependencies))
        if (version === '*') dependencies[name] = `file:${tarballs[name]}`;
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
    const { url } = await createPostgresDatabase(t, process.env.TEST_POSTGRES_URL ?? '');
    // Prisma would download an engine that generating does not need.
    const env = { ...process.env, DATABASE_URL: url, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true' };
    const ask = (command: string, ...args: string[]) =>
      run(command, args, { cwd: folder, env }).then(
        () => 'done',
        ({ stdout, stderr }) => `${command} ${args.join(' ')}\n${stdout}\n${stderr}`,
      );
    t.equal(
      await ask('npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'),
      'done',
    );
    if (name === 'prisma') t.equal(await ask('npm', 'run', 'generate'), 'done');
    t.equal(await ask(process.execPath, '--test'), 'done');
    t.equal(await ask('npm', 'run', 'typecheck'), 'done');
  });
