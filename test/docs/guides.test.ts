/**
 * Runs the code blocks of guides: own routes, and the verification of tokens in another service.
 *
 * @runs once, on SQLite: the guides say the same for both databases.
 */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { childEnvironment, serve, serveBy, temporaryFolder } from '../child.ts';
import { PASSWORD } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { copyCheckout } from './checkout.ts';
import { blocksOf } from './markdown.ts';

const run = promisify(execFile);
const OWN_ROUTES = 'docs/guides/own-routes.md';
const ada = { name: 'Ada', email: 'ada@example.com', password: PASSWORD };
const credentials = { email: ada.email, password: PASSWORD };

/** Returns the texts of the code blocks of a section. */
function blocksIn(page: string, section: string): string[] {
  return blocksOf(page)
    .filter((block) => block.section === section)
    .map(({ text }) => text);
}

t.test('A route that is added in the five steps is guarded and is in the contract', async (t) => {
  const copy = await copyCheckout(t);
  const [schemas, routes, register] = blocksIn(OWN_ROUTES, 'Change this repository in five steps');
  const folder = join(copy, 'src/routes/greeting');
  cpSync(join(copy, 'src/routes/home'), folder, { recursive: true });
  for (const file of ['home.schemas.ts', 'home.routes.ts']) rmSync(join(folder, file));
  writeFileSync(join(folder, 'greeting.schemas.ts'), schemas ?? '');
  writeFileSync(join(folder, 'greeting.routes.ts'), routes ?? '');
  const table = join(copy, 'src/routes/index.ts');
  const lines = readFileSync(table, 'utf8').replace(/\}\s*$/, `${register}}\n`);
  writeFileSync(table, `import greeting from './greeting/greeting.routes.ts';\n${lines}`);

  // The pasted files are accepted as they are; the import is sorted in, as the guide says.
  await run('npx', ['biome', 'check', '--write', 'src/routes/index.ts'], { cwd: copy });
  await run('npx', ['biome', 'check', '--error-on-warnings', 'src/routes'], { cwd: copy });
  await run('npm', ['run', '--silent', 'typecheck'], { cwd: copy });
  const { stdout } = await run(process.execPath, ['bin/latchkey.js', 'openapi'], { cwd: copy });
  const operation = JSON.parse(stdout).paths['/greeting'].get;
  t.match(operation, {
    operationId: 'getGreeting',
    'x-minimum-access': 1,
    security: [{ accessToken: [] }, { apiKey: [] }],
  });
  t.hasProps(operation.responses, ['200', '401', '403', '500', '503']);
});

t.test('The services of the guide about own routes answer as it says', async (t) => {
  const copy = await copyCheckout(t);
  await run('npm', ['run', '--silent', 'build'], { cwd: copy });
  const environment = childEnvironment({ PORT: String(await freePort()), LOG_LEVEL: 'info' });
  const start = async (section: string) => {
    writeFileSync(join(copy, 'app.ts'), blocksIn(OWN_ROUTES, section)[0] ?? '');
    return serveBy(t, process.execPath, ['app.ts'], { cwd: copy, environment });
  };
  const greeting = await start('Hand routes to the service');
  await greeting.ask('POST', '/register', { body: ada });
  const { accessToken: token } = (await greeting.ask('POST', '/login', { body: credentials })).body;
  t.match(await greeting.ask('GET', '/greeting', { token }), { status: 200, body: { text: 'Hello, Ada' } });
  t.equal((await greeting.ask('GET', '/greeting')).status, 401);
  await greeting.stop();
  const orders = await start('Problems of your own');
  t.match(await orders.ask('POST', '/orders', { token }), {
    status: 409,
    body: { slug: 'out-of-stock', title: 'Out of stock', detail: 'The last one was sold today.' },
  });
  await orders.stop();
});

t.test('Another service verifies tokens as the guide says', async (t) => {
  // The issuer of tokens has the port.
  const variables = { DATA_DIR: await temporaryFolder(t), PORT: String(await freePort()) };
  const service = await serve(t, variables);
  await service.ask('POST', '/register', { body: ada });
  const { accessToken, refreshToken } = (await service.ask('POST', '/login', { body: credentials })).body;
  const [block = ''] = blocksIn('docs/guides/verifying-tokens-elsewhere.md', 'Verifying tokens elsewhere');
  const verify = async (token: string) => {
    const script = `${block.replace('http://localhost:3000', service.url)}\nconsole.log(await accessOf('${token}'));`;
    return run(process.execPath, ['--input-type=module', '--eval', script]);
  };
  t.equal((await verify(accessToken)).stdout, '1\n');
  await t.rejects(verify(refreshToken));
  await t.rejects(verify(`${accessToken.slice(0, -8)}AAAAAAAA`));
  await service.stop();
});
