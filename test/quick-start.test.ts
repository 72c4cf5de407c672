/**
 * Runs the commands of the README unchanged.
 *
 * @runs once, on SQLite: the quick start uses SQLite.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import t from 'tap';
import { temporaryFolder } from './child.ts';
import { environment } from './helper.ts';

const run = promisify(execFile);
const readme = readFileSync('README.md', 'utf8');

interface Block {
  readonly language: string;
  readonly text: string;
}

/** Returns the code blocks of a section. */
function blocks(heading: string): Block[] {
  const [, rest = ''] = readme.split(`\n## ${heading}\n`);
  const section = rest.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^( *)```(\w+)\n(.*?)^\1```/gms)].map(
    ([, indent = '', language = '', text = '']) => ({
      language,
      text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  );
}

/** Starts the service on a port that is free; resolves when it listens. */
async function serve(t: Tap, variables: Record<string, string>): Promise<string> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  probe.close();
  await once(probe, 'close');
  const child = spawn(process.execPath, ['bin/latchkey.js', 'serve'], {
    env: { ...process.env, ...variables, PORT: String(port) },
  });
  t.teardown(async () => {
    child.kill();
    if (child.exitCode === null) await once(child, 'exit');
  });
  for await (const line of createInterface(child.stdout))
    if (line.includes('Latchkey listens on')) return `http://127.0.0.1:${port}`;
  throw new Error('The service did not start');
}

/** Masks the values that differ between runs: ids, times, the port. */
function comparable(text: string): unknown {
  const masked = text
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<="requestId":")[0-9a-f]{24}/g, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/127\.0\.0\.1:\d+/g, '<host>')
    .trim();
  return masked.startsWith('{') ? JSON.parse(masked) : masked;
}

t.test('The commands of the quick start answer as the README says', async (t) => {
  const { PUBLIC_URL: _, ...variables } = await environment(t);
  const origin = await serve(t, variables);
  const steps = blocks('Quick start');
  const marker = '---- next block ----';
  const script = steps
    .filter(({ language }) => language === 'sh')
    .map(({ text }) => text.replaceAll('http://127.0.0.1:3000', origin))
    .join(`\necho; echo '${marker}'\n`);
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], {
    // A separate folder for npx: an incomplete link to this package in a shared folder would fail for ever.
    env: { ...process.env, ...variables, npm_config_cache: await temporaryFolder(t) },
  });
  const said = steps.filter(({ language }) => language !== 'sh').map(({ text }) => comparable(text));
  t.strictSame(stdout.split(marker).map(comparable), said);
  t.equal(said.length, 5);
});

t.test('A route that is added in the five steps is guarded and is in the contract', async (t) => {
  const copy = mkdtempSync(join(tmpdir(), 'latchkey-steps-'));
  t.teardown(() => rmSync(copy, { recursive: true, force: true }));
  const client = ['packages/client/tsconfig.json', 'packages/client/src'];
  const tools = ['package.json', 'tsconfig.json', 'biome.json', 'lint', '.gitignore'];
  for (const path of ['src', 'bin', 'prisma', 'templates', 'wordlists', ...tools, ...client])
    cpSync(path, join(copy, path), { recursive: true });
  symlinkSync(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
  const [schemas, routes, register] = blocks('Add a route in five steps').map(({ text }) => text);
  const folder = join(copy, 'src/routes/greeting');
  cpSync(join(copy, 'src/routes/home'), folder, { recursive: true });
  for (const file of ['home.schemas.ts', 'home.routes.ts']) rmSync(join(folder, file));
  writeFileSync(join(folder, 'greeting.schemas.ts'), schemas ?? '');
  writeFileSync(join(folder, 'greeting.routes.ts'), routes ?? '');
  const table = join(copy, 'src/routes/index.ts');
  const lines = readFileSync(table, 'utf8').replace(/\}\s*$/, `${register}}\n`);
  writeFileSync(table, `import greeting from './greeting/greeting.routes.ts';\n${lines}`);

  // The pasted files are accepted as they are; the import is sorted in, as the README says.
  await run('npx', ['biome', 'check', '--write', 'src/routes/index.ts'], { cwd: copy });
  await run('npx', ['biome', 'check', '--error-on-warnings', 'src/routes'], { cwd: copy });
  await run('npm', ['run', '--silent', 'typecheck'], { cwd: copy });
  const { stdout } = await run(process.execPath, ['bin/latchkey.js', 'openapi'], { cwd: copy });
  const operation = JSON.parse(stdout).paths['/greeting'].get;
  t.match(operation, { operationId: 'getGreeting', 'x-minimum-access': 1, security: [{ accessToken: [] }] });
  t.hasProps(operation.responses, ['200', '401', '403', '500', '503']);
});

type Tap = { teardown(fn: () => Promise<void> | void): void };
