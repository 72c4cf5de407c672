/**
 * Makes clients from `openapi/openapi.json`, unchanged, with the generators that people use. Each client is
 * compiled under `strict`, signs in and reads problems. The generators have 280 MB and a lock file of their
 * own.
 *
 * @runs once, on SQLite: the document is the same.
 */
import { execFile } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import t from 'tap';
import { serve, temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';

const exec = promisify(execFile);
const folder = await temporaryFolder(t);
await cp('test/generators', folder, { recursive: true });
await cp('openapi/openapi.json', join(folder, 'openapi.json'));

const service = await serve(t, {
  DATABASE_URL: (await createMigratedDatabase(t)).url,
  DATA_DIR: await temporaryFolder(t),
});
const email = 'ada@example.com';
await service.ask('POST', '/register', { body: { name: 'Ada', email, password: PASSWORD } });

const started = performance.now();
await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
t.comment(`installed in ${Math.round((performance.now() - started) / 1000)} s`);

/** Runs a program in the folder. @throws {Error} with its output when it fails */
async function run(command: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, SERVICE_URL: service.url, REDOCLY_TELEMETRY: 'off', CI: 'true' };
  const { stdout, stderr } = await exec(command, args, { cwd: folder, env, maxBuffer: 1 << 26 }).catch(
    (error: { stdout: string; stderr: string }) => {
      throw new Error(
        `${command} ${args.join(' ')}: ${error.stdout.slice(-3000)}${error.stderr.slice(-1000)}`,
      );
    },
  );
  return stdout + stderr;
}

const tool = (name: string, args: readonly string[]) => run(join(folder, 'node_modules/.bin', name), args);

/** Runs a program of `test/generators`. @returns the values that it reports */
async function runProgram(name: string): Promise<unknown[]> {
  const outfile = join(folder, `${name}.mjs`);
  const entryPoints = [join(folder, `${name}.ts`)];
  await build({ entryPoints, outfile, bundle: true, format: 'esm', platform: 'node', logLevel: 'silent' });
  const output = await run(process.execPath, [outfile, service.url, email, PASSWORD]);
  return output
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

t.test('The linters of Redocly and of Spectral find no error', async (t) => {
  t.match(await tool('redocly', ['lint', 'openapi.json']), /Your API description is valid/);
  t.match(await tool('spectral', ['lint', 'openapi.json']), /\(0 errors|No results/);
  const document = await readFile(join(folder, 'openapi.json'), 'utf8');
  const broken = document.replace('"operationId": "signIn"', '"operationId": "refreshSession"');
  await writeFile(join(folder, 'broken.json'), broken);
  await t.rejects(tool('redocly', ['lint', 'broken.json']), 'they would find one');
  await t.rejects(tool('spectral', ['lint', 'broken.json']), 'they would find one');
});

t.test('The clients of all generators compile under strict', async (t) => {
  const into = ['openapi.json', '-o'];
  await tool('openapi-typescript', [...into, 'generated/openapi-typescript.ts']);
  await tool('swagger-typescript-api', [
    ...['generate', '-p', ...into, 'generated', '-n', 'swagger-typescript-api.ts'],
  ]);
  await tool('orval', ['--config', 'orval.config.mjs']);
  // The programs also assert with @ts-expect-error that a slug is one of the constants.
  t.equal(await tool('tsc', ['-p', '.']), '');
});

for (const name of ['openapi-typescript', 'swagger-typescript-api', 'orval'])
  t.test(`A client made by ${name} signs in and tells problems apart`, async (t) => {
    t.strictSame(await runProgram(name), [['Ada', 2], ['too-short']]);
  });

t.test('The zod schemas accept the names that the service accepts, and refuse other bodies', async (t) => {
  t.strictSame(await runProgram('zod'), [['Ada 🦊', 'string'], [false], [false]]);
});
