/**
 * Tests that the tools report code that breaks the architecture. Each gets a folder with files that it must
 * report, and with similar files that it must not. `npm run check` runs the tools on `src` itself.
 *
 * @runs once, on SQLite: it reads sources.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import t from 'tap';
import { temporaryFolder } from './child.ts';
import type { Teardown } from './helper.ts';
import { readSources } from './source-files.ts';

/** Characters of a line, as biome.json has it for code. */
const MAX_COMMENT_LENGTH = 110;

/** A file by its path below `src/`, its text, and the rules that it breaks. */
type Planted = readonly [path: string, text: string, ...rules: string[]];

const dependencyCruiser = 'dependency-cruiser/bin/dependency-cruiser.mjs';
const biome = '@biomejs/biome/bin/biome';

t.test('dependency-cruiser reports each forbidden import and no other', async (t) => {
  const planted: Planted[] = [
    // A circular import through a type and a dynamic import. It is reported once.
    ['accounts/a.ts', "import './b.ts';", 'no-circle'],
    ['accounts/b.ts', "import type { A } from './c.ts';"],
    ['accounts/c.ts', "export const load = () => import('./a.ts');"],
    ['accounts/d.ts', "import { a } from './a.ts';"],
    // Layers.
    ['db/type.ts', "import type { User } from '../accounts/d.ts';", 'not-up-from-db'],
    ['db/export.ts', "export * from '../tokens/a.ts';", 'not-up-from-db'],
    ['db/effect.ts', "import '../app.ts';", 'not-up-from-db'],
    ['db/down.ts', "import '../problems/a.ts';\nimport './sqlite/a.ts';"],
    ['db/sqlite/a.ts', "import '../../config/index.ts';"],
    ['tokens/a.ts', "export const load = async () => await import('../app.ts');", 'not-up-from-tokens'],
    ['config/index.ts', "import {\n  Problem,\n} from '../problems/a.ts';", 'not-up-from-problems-config'],
    ['problems/a.ts', "import 'node:http';"],
    ['jobs.ts', "import './telemetry/a.ts';", 'not-up-from-routes-jobs-telemetry'],
    ['telemetry/a.ts', "import './b.ts';\nimport '../http/a.ts';"],
    ['telemetry/b.ts', "/** Not `import('../app.ts')`. */\nimport 'pino';"],
    ['http/a.ts', "import Fastify from 'fastify';"],
    ['app.ts', "import './jobs.ts';\nimport './main.ts';", 'in-a-layer'],
    ['main.ts', "import 'pino';", 'in-a-layer'],
    ['utils/strings.ts', "import 'pino';", 'in-a-layer'],
    ['cli/alone.ts', '', 'no-orphan'],
    // Imports from outside src.
    ['cli/test.ts', "import '../../test/helper.ts';", 'only-src'],
    ['cli/missing.ts', "import './nowhere.ts';", 'only-src'],
    ['cli/dev.ts', "import t from 'tap';", 'no-development-dependency'],
    // Routes.
    ['routes/index.ts', "import './me/me.routes.ts';\nimport './users/users.routes.ts';"],
    ['routes/me/me.routes.ts', "import '../users/a.ts';\nimport '../page.ts';", 'no-route-to-route'],
    ['routes/users/users.routes.ts', "import './a.ts';"],
    ['routes/users/a.ts', "import '../page.ts';"],
    ['routes/page.ts', "import '../config/index.ts';"],
    ['routes/login/login.routes.ts', "import '../page.ts';", 'in-routes-index'],
    // Packages, and files that only one file may import.
    ['accounts/fastify.ts', "import type { FastifyInstance } from 'fastify';", 'accounts-without-fastify'],
    ['accounts/fp.ts', "import fp from 'fastify-plugin';", 'accounts-without-fastify'],
    ['accounts/cors.ts', "import cors from '@fastify/cors';", 'accounts-without-fastify'],
    ['accounts/users/schemas.ts', "import 'typebox';\nimport '../../config/index.ts';"],
    ['http/schemas.ts', "import '../accounts/users/schemas.ts';\nimport 'ajv';", 'schemas-only-of-schemas'],
    ['http/me.schemas.ts', "import '../accounts/d.ts';", 'schemas-only-of-schemas'],
    ['accounts/passwords/hash.ts', "import 'argon2';"],
    ['accounts/hash.ts', "import 'argon2';", 'only-src/accounts/passwords/hash.ts'],
    ['accounts/passwords/formats/bcrypt.ts', "await import('@node-rs/bcrypt');"],
    [
      'accounts/bcrypt.ts',
      "await import('@node-rs/bcrypt');",
      'only-src/accounts/passwords/formats/bcrypt.ts',
    ],
    ['access/jwt.ts', "import '@fastify/jwt';", 'only-src/tokens/tokens.ts'],
    ['db/generated/sqlite/client.ts', ''],
    ['db/client.ts', "import './generated/sqlite/client.ts';\nimport '@prisma/client';"],
    ['db/prisma.ts', "import type { Prisma } from '@prisma/client';", 'only-src/db/client.ts'],
    ['audit/a.ts', "import '../db/generated/sqlite/client.ts';", 'only-src/db/client.ts'],
    ['db/sqlite/driver.ts', "import Sqlite from 'better-sqlite3';"],
    ['db/sqlite/b.ts', "import type Sqlite from 'better-sqlite3';", 'only-src/db/sqlite/driver.ts'],
    // Names.
    ['routes/control-panel/control-panel.ts', "import '../page.ts';"],
    ['cli/user/create.command.ts', "import 'pino';"],
    ['mail/create.command.ts', "import 'pino';", 'file-name'],
    ['mail/schemaEngine.ts', "import 'pino';", 'file-name'],
    ['mail/schema_engine.ts', "import 'pino';", 'file-name'],
    ['mail/mail.service.ts', "import 'pino';", 'file-name'],
    ['mail/outBox/a.ts', "import 'pino';", 'file-name'],
    ['mail/mail-helper.ts', "import 'pino';", 'file-name'],
    ['mail/managers/a.ts', "import 'pino';", 'file-name'],
  ];
  const folder = await plant(t, planted);
  const { code, stdout } = await run(dependencyCruiser, ['src'], folder);
  t.not(code, 0);
  const found = stdout.matchAll(/^ {2}error (\S+): (\S+)/gm);
  t.strictSame(distinct([...found].map(([, rule = '', file = '']) => [file, rule])), expected(planted));
});

t.test('Biome reports code in the wrong place and nothing else', async (t) => {
  const planted: Planted[] = [
    ['db/client.ts', 'export const db = Number as unknown;'],
    ['db/cast.ts', 'export const a = JSON as unknown;', 'no-cast'],
    ['db/type-cast.ts', 'export const a = f(b as Map<string, number>);', 'no-cast'],
    ['db/const.ts', "import { a as b } from 'c';\nexport { b as d };\nexport const e = ['a as b'] as const;"],
    ['db/any.ts', 'export const a: any = 1;', 'noExplicitAny'],
    ['db/map.ts', 'export const a = new Map<string, any>();', 'noExplicitAny'],
    ['db/signal.ts', "export const a = [AbortSignal.any([]), 'any']; // any"],
    ['db/null.ts', 'export const a = b!;', 'noNonNullAssertion'],
    // Imports that dependency-cruiser could not read.
    ['app.ts', 'export const load = (name: string) => import(name);', 'readable-import'],
    [
      'app/template.ts',
      `export const load = (name: string) => import(\`./\${name}.ts\`);`,
      'readable-import',
    ],
    ['app/type.ts', "export type App = typeof import('../app.ts');", 'readable-import'],
    ['app/require.ts', "export const a = require('a');", 'noCommonJs'],
    ['app/import.ts', "export const load = () => import('./limits.ts');"],
    // The environment.
    ['http/env.ts', 'export const a = process.env.PORT;', 'noProcessEnv', 'noJsRestrictedProperties'],
    ['http/destructured.ts', 'export const { env } = process;', 'noJsRestrictedProperties'],
    ['http/imported.ts', "export { env } from 'node:process';", 'noRestrictedImports'],
    ['http/dotenv.ts', "process.loadEnvFile('.env');", 'noJsRestrictedProperties'],
    ['http/exit.ts', '// process.env.PORT\nprocess.exit(1);'],
    ['config/index.ts', 'export const a = process.env;'],
    // Tokens.
    ['routes/a.ts', 'export const a = app.tokens.verify(token);', 'noJsRestrictedProperties'],
    ['routes/b.ts', 'await request.jwtVerify();', 'noJsRestrictedProperties'],
    ['access/a.ts', 'export const { verify } = app.tokens;', 'noJsRestrictedProperties'],
    ['access/authenticate.ts', 'export const a = tokens.verify(token);'],
    ['accounts/passwords/hash.ts', 'export const a = argon2.verify(hash, password);'],
    ['http/jose.ts', "import 'jose';", 'noRestrictedImports'],
    ['http/check.ts', "import 'typebox/value';", 'noRestrictedImports'],
    ['http/sign.ts', "export { sign } from 'node:crypto';", 'noRestrictedImports'],
    ['http/hash.ts', "export { createHash } from 'node:crypto';"],
    // Objects of other modules.
    ['db/assign.ts', 'Object.assign(connection, { prepare });', 'no-patch'],
    ['db/set.ts', "Reflect.set(connection, 'prepare', prepare);", 'no-patch'],
    ['db/prototype.ts', 'Sqlite.prototype.prepare = prepare;', 'no-patch'],
    ['db/define.ts', "Object.defineProperty(connection, 'prepare', {});", 'no-patch'],
    ['db/get.ts', "export const a = { ...columns, id: Reflect.get(row, 'id') };"],
    ['http/assign.ts', 'Object.assign(validate, { errors });'],
    // Names, and sizes.
    ['db/open.ts', 'export default function open() {}', 'noDefaultExport'],
    ['db/renamed.ts', "export { a as default } from './a.ts';", 'noDefaultExport'],
    ['http/plugins/docs.ts', 'export default fp(docs);'],
    ['routes/me/me.routes.ts', 'export default routes;'],
    ['mail/userRole.ts', 'export const a = 1;', 'useFilenamingConvention'],
    ['mail/long.ts', `export const a = 1;\n${'void a;\n'.repeat(200)}`, 'noExcessiveLinesPerFile'],
    ['mail/not-too-long.ts', `export const a = 1;\n${'void a;\n'.repeat(199)}`],
    ['problems/registry.ts', `export const a = 1;\n${'void a;\n'.repeat(200)}`],
  ];
  const folder = await plant(t, planted);
  const options = ['--vcs-enabled=false', '--reporter=github', '--max-diagnostics=none'];
  const { code, stdout } = await run(biome, ['lint', ...options, 'src'], folder);
  t.not(code, 0);
  // A plugin says its name in its message.
  const found = stdout.matchAll(
    /^::\w+ title=(?:lint\/\w+\/(\w+)|plugin),file=.*?(src\/[^,]+),.*?::([\w-]*)/gm,
  );
  t.strictSame(
    distinct([...found].map(([, rule, file = '', plugin = '']) => [file, rule ?? plugin])),
    expected(planted),
  );
});

t.test('No source has a forbidden word or an open TODO', async (t) => {
  const foreign = /(?<![a-z])(?:role|middleware|controller|dto|manager|helper)s?(?![a-z])/i;
  const compound = /[a-z](?:Role|Middleware|Controller|Dto|DTO|Manager|Helper)s?(?![a-z])/;
  const unfinished = /\b(?:TODO|FIXME|XXX)\b/;
  // Names of Fastify, of the platform and of a package, and a role of Postgres.
  const allowed =
    /AbortController|[lL]ogController|schemaController|'@simplewebauthn\/server\/helpers'|ALTER ROLE .* for the role of DATABASE_URL/g;
  const find = (text: string) =>
    text
      .replaceAll(allowed, '')
      .split('\n')
      .filter((line) => [foreign, compound, unfinished].some((word) => word.test(line)));
  for (const line of ['userRole', 'class UserDTO {}', 'the helpers', 'MAIL_HELPER', '// TODO: close it'])
    t.strictSame(find(line), [line]);
  for (const line of ['enrolment', 'parole', 'new AbortController()', 'what is to do', 'ToDo'])
    t.strictSame(find(line), [], line);
  const sources = await readSources('src');
  t.ok(sources.some(({ path }) => path === 'app.ts'));
  t.strictSame(
    sources.flatMap(({ path, text }) => find(text).map((line) => `${path}: ${line}`)),
    [],
  );
});

t.test('Comments have at most 110 characters a line and open as style.md says', async (t) => {
  const comment = /^\s*(?:\/\*\*|\*|\/\/)/;
  const opening = /\/\*\* (?:Of|What|Whether|Where|Who|How)\b/;
  const riddle = /\b(?:whoever|nobody|somebody|whatever)\b/i;
  const find = (text: string, isProduct: boolean) =>
    text
      .split('\n')
      .filter((line) => comment.test(line))
      .filter(
        (line) =>
          line.length > MAX_COMMENT_LENGTH || (isProduct && (opening.test(line) || riddle.test(line))),
      );
  for (const line of ['/** Of one network. */', ' * Whoever comes.', `// ${'a'.repeat(MAX_COMMENT_LENGTH)}`])
    t.strictSame(find(line, true), [line]);
  for (const line of [
    '/** The levels. Where there are none, 0. */',
    "const nobody = '/** What';",
    '// Whose',
  ])
    t.strictSame(find(line, true), [], line);
  for (const folder of ['src', 'test', 'bench', 'scripts', 'web/src'])
    t.strictSame(
      (await readSources(folder)).flatMap(({ path, text }) =>
        find(text, folder === 'src').map((line) => `${folder}/${path}: ${line}`),
      ),
      [],
    );
});

/** Writes files into a folder with the configuration of the tools and the dependencies of this package. */
async function plant(t: Teardown, planted: readonly Planted[]): Promise<string> {
  const folder = await temporaryFolder(t);
  for (const name of ['.dependency-cruiser.js', 'biome.json', 'lint', 'package.json'])
    await cp(name, join(folder, name), { recursive: true });
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  for (const [path, text] of planted) {
    const file = join(folder, 'src', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${text}\n`);
  }
  return folder;
}

/** Runs a tool of this package in another folder. */
function run(tool: string, args: readonly string[], cwd: string): Promise<{ code: unknown; stdout: string }> {
  const command = [resolve('node_modules', tool), ...args];
  return new Promise((done) => {
    execFile(process.execPath, command, { cwd, maxBuffer: 1 << 26 }, (error, stdout) => {
      done({ code: error === null ? 0 : error.code, stdout });
    });
  });
}

function expected(planted: readonly Planted[]): string[] {
  return distinct(planted.flatMap(([path, , ...rules]) => rules.map((rule) => [`src/${path}`, rule])));
}

function distinct(findings: readonly string[][]): string[] {
  return [...new Set(findings.map((finding) => finding.join(' ')))].sort();
}
