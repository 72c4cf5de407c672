import { type Import, lineAt, type SourceFile } from './source-files.ts';

/** One rule of the house. */
export interface Rule {
  readonly name: string;
  /** Each finding names a file and a line. */
  find(files: readonly SourceFile[]): string[];
  /** Houses that break the rule, and houses close to them that keep it: texts by their path below `src/`. */
  readonly broken: readonly House[];
  readonly kept: readonly House[];
}

type House = Readonly<Record<string, string>>;

/** The rooms from top to bottom. A room may import from those below, and from its neighbours if no cycle comes of it. */
const floors = [
  ['server', 'cli'],
  ['app'],
  ['routes', 'jobs', 'telemetry'],
  ['http', 'accounts', 'access'],
  ['tokens', 'audit', 'mail', 'throttle'],
  ['db'],
  ['problems'],
  ['config'],
];

/** Words of other houses, and names of vendors and of the platform that have one in them. */
const foreignWord = /^(role|middleware|controller|dto|manager|helper)s?$/i;
const vendorNames = /^(schemaController|[lL]ogController|AbortController)$/;

/** Each is one table, read line by line. */
const tables = new Set(['config/environment.ts', 'problems/registry.ts']);

const isSchemas = (path: string) => /(^|[/.])schemas\.ts$/.test(path);

export const rules: readonly Rule[] = [
  {
    name: 'every file is in a room of the house',
    find: eachFile(({ path }) => floorOf(path) === -1),
    broken: [{ 'utils/strings.ts': '' }, { 'main.ts': '' }],
    kept: [{ 'mail/outbox.ts': '' }],
  },
  {
    name: 'nothing points back up',
    find: eachImport(({ path }, { target }) => target !== undefined && floorOf(target) < floorOf(path)),
    broken: [
      { 'db/a.ts': "import type { User } from '../accounts/users.ts';" },
      { 'db/a.ts': "export * from '../tokens/tokens.ts';" },
      { 'db/a.ts': "import '../app.ts';" },
      { 'tokens/a.ts': "const { createUser } = await import('../accounts/users.ts');" },
      { 'accounts/a.ts': "type App = typeof import('../app.ts');" },
      { 'config.ts': "import {\n  Problem,\n} from './problems/problem.ts';" },
      { 'db/a.ts': "const quote = /['`]/;\nimport '../app.ts';" },
    ],
    kept: [
      { 'cli/a.ts': "import { createUser } from '../accounts/users.ts';" },
      { 'db/a.ts': "/** Not `import('../app.ts')`. */" },
      { 'db/a.ts': `const text = \`import '../app.ts' \${"import '../app.ts'"}\`;` },
    ],
  },
  {
    name: 'neighbours import each other in one direction',
    find: findCycles,
    broken: [
      {
        'access/a.ts': "import '../accounts/a.ts';",
        'accounts/b.ts': "import '../http/a.ts';",
        'http/c.ts': "import '../access/c.ts';",
      },
    ],
    kept: [
      {
        'access/a.ts': "import '../accounts/a.ts'; import './b.ts';",
        'http/c.ts': "import '../access/c.ts';",
      },
    ],
  },
  {
    name: 'what an import names can be read',
    find: eachMatch(/\b(import\s*\((?!\s*['"])|require\b|createRequire\b)/),
    broken: [
      { 'app.ts': 'await import(name);' },
      { 'app.ts': 'await import(`./a.ts`);' },
      { 'app.ts': "require('a');" },
    ],
    kept: [{ 'app.ts': "await import('./routes/index.ts'); import.meta.dirname;" }],
  },
  {
    name: 'route folders do not import each other; routes/index.ts imports them all',
    find: (files) => [...findRouteNeighbours(files), ...findUnlistedRoutes(files)],
    broken: [
      {
        'routes/me/me.routes.ts': "import { UserPage } from '../users/users.schemas.ts';",
        'routes/index.ts': "import './me/me.routes.ts';",
      },
      { 'routes/me/me.routes.ts': '', 'routes/index.ts': '' },
    ],
    kept: [
      {
        'routes/me/me.routes.ts': "import './me.schemas.ts'; import '../page.schemas.ts';",
        'routes/index.ts': "import './me/me.routes.ts';",
      },
    ],
  },
  {
    name: 'accounts/ imports no Fastify',
    find: eachImport(
      ({ path }, { specifier }) => path.startsWith('accounts/') && /^@?fastify(?![^/-])/.test(specifier),
    ),
    broken: [
      { 'accounts/a.ts': "import type { FastifyInstance } from 'fastify';" },
      { 'accounts/a.ts': "import fp from 'fastify-plugin';" },
      { 'accounts/a.ts': "import jwt from '@fastify/jwt';" },
    ],
    kept: [{ 'http/a.ts': "import Fastify from 'fastify';", 'accounts/a.ts': "import 'fastifyish';" }],
  },
  {
    name: 'schemas import only TypeBox, shared schemas and config',
    find: eachImport(
      ({ path }, { specifier, target }) =>
        isSchemas(path) &&
        !/^typebox(\/|$)/.test(specifier) &&
        !(target !== undefined && (isSchemas(target) || target === 'config.ts')),
    ),
    broken: [
      { 'routes/me/me.schemas.ts': "import { x } from '../../accounts/users.ts';" },
      { 'http/schemas.ts': "import 'ajv';" },
    ],
    kept: [
      {
        'routes/me/me.schemas.ts':
          "import 'typebox'; import 'typebox/value'; import '../../accounts/user.schemas.ts';",
      },
    ],
  },
  {
    name: 'only config.ts reads process.env',
    find: eachMatch(
      /\bprocess\s*(\?\.|\.|\[)\s*(env\b|['"])|\benv\b[^}]*\}\s*=\s*process\b|\bloadEnvFile\b/,
      'config.ts',
    ),
    broken: [
      { 'app.ts': 'process.env.PORT' },
      { 'app.ts': "process['env']" },
      { 'app.ts': 'const { env } = process;' },
    ],
    kept: [{ 'config.ts': 'process.env.PORT' }, { 'app.ts': '// process.env.PORT\nprocess.exit(1);' }],
  },
  onlyImporter(
    'argon2',
    ({ specifier }) => /argon2/.test(specifier),
    'accounts/passwords.ts',
    "import '@node-rs/argon2';",
  ),
  onlyImporter(
    'bcrypt',
    ({ specifier }) => /bcrypt/.test(specifier),
    'accounts/foreign-hashes.ts',
    "await import('@node-rs/bcrypt');",
  ),
  onlyImporter(
    'the generated clients',
    ({ specifier, target }) =>
      target?.startsWith('db/generated/') === true || specifier.startsWith('@prisma/client'),
    'db/client.ts',
    "import type { User } from '../db/generated/sqlite/client.ts';",
  ),
  onlyImporter(
    'better-sqlite3',
    ({ specifier }) => specifier === 'better-sqlite3',
    'db/sqlite/driver.ts',
    "import type Sqlite from 'better-sqlite3';",
  ),
  {
    name: 'db/ changes no object of somebody else',
    find: (files) =>
      eachMatch(
        /\bObject\s*\.\s*(assign|definePropert(y|ies)|setPrototypeOf)\b|\bReflect\s*\.\s*(set|setPrototypeOf|defineProperty)\b|\.\s*prototype\b|__proto__/,
      )(files.filter(({ path }) => path.startsWith('db/'))),
    broken: [
      { 'db/a.ts': 'Object.assign(connection, { prepare });' },
      { 'db/a.ts': "Reflect.set(connection, 'prepare', prepare);" },
      { 'db/a.ts': 'Sqlite.prototype.prepare = prepare;' },
      { 'db/a.ts': "Object.defineProperty(connection, 'prepare', { value: prepare });" },
    ],
    kept: [
      { 'db/a.ts': "const row = { ...columns };\nreturn Reflect.get(row, 'id');" },
      { 'http/a.ts': 'Object.assign(validate, { errors });' },
    ],
  },
  {
    name: 'only access/authenticate.ts verifies tokens',
    // Passwords are verified too, with argon2, and mail servers, with nodemailer; tokens/ holds what the guard calls.
    find: eachMatch(
      /\bjwtVerify\b|\.\s*verify\b(?<!argon2\.verify)|\bverify\b[^}()]*\}\s*=/,
      /^(access\/authenticate\.ts|tokens\/.*|mail\/transport\.ts)$/,
    ),
    broken: [
      { 'routes/a.ts': 'app.tokens.verify(token)' },
      { 'http/a.ts': 'await request.jwtVerify();' },
      { 'access/a.ts': 'const { verify } = app.tokens;' },
      { 'accounts/a.ts': 'const check = tokens\n  .verify;' },
    ],
    kept: [
      {
        'access/authenticate.ts': 'tokens.verify(token)',
        'accounts/passwords.ts': 'argon2.verify(hash, password); verifyPassword()',
      },
    ],
  },
  {
    name: 'only Fastify plugins are exported by default',
    find: eachMatch(
      /\bexport\s+default\b(?!\s+fp\s*\()|\bas\s+default\b/,
      /^routes\/(index|.*\.routes)\.ts$/,
    ),
    broken: [
      { 'db/a.ts': 'export default function open() {}' },
      { 'db/a.ts': 'export { open as default };' },
    ],
    kept: [
      {
        'http/a.ts': "export default fp(docs, { name: 'docs' });",
        'routes/me/me.routes.ts': 'export default routes;',
      },
    ],
  },
  {
    name: 'names of files are kebab-case',
    find: eachFile(
      ({ path }) =>
        !/^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*(\.(routes|schemas))?\.ts$/.test(path),
    ),
    broken: [
      { 'db/schemaEngine.ts': '' },
      { 'db/schema_engine.ts': '' },
      { 'routes/me/me.service.ts': '' },
      { 'cli/userCreate/a.ts': '' },
    ],
    kept: [{ 'routes/control-panel/control-panel.routes.ts': '' }],
  },
  {
    name: 'files have at most 200 lines, but for the two tables',
    find: eachFile(({ path, text }) => !tables.has(path) && lineAt(text, text.length - 1) > 200),
    broken: [{ 'db/a.ts': 'a;\n'.repeat(201) }],
    kept: [{ 'db/a.ts': 'a;\n'.repeat(200) }, { 'problems/registry.ts': 'a;\n'.repeat(201) }],
  },
  {
    name: 'identifiers and files have none of the words that we do not use',
    find: findForeignWords,
    broken: [
      { 'db/a.ts': 'const userRole = 1;' },
      { 'db/a.ts': 'class SessionManager {}' },
      { 'http/auth-helper.ts': '' },
      { 'db/a.ts': 'type UserDTO = 1;' },
    ],
    kept: [
      {
        'db/a.ts': "new AbortController(); const control = 'a role'; // a helper\nconst parole = enrolment;",
      },
    ],
  },
  {
    name: 'nothing is left for later',
    find: eachMatch(/\b(TODO|FIXME|XXX)\b/, undefined, 'text'),
    broken: [{ 'db/a.ts': '// TODO: close it' }, { 'db/a.ts': '/* FIXME */' }],
    kept: [{ 'db/a.ts': '// what is to do' }],
  },
  {
    name: 'no any',
    find: eachMatch(/(?<!\.\s*)\bany\b/),
    broken: [
      { 'db/a.ts': 'const a: any = 1;' },
      { 'db/a.ts': 'new Map<string, any>()' },
      { 'db/a.ts': `const a = \`\${b as any}\`;` },
    ],
    kept: [{ 'db/a.ts': "AbortSignal.any([]); Promise\n  .any([]); 'any'; // any" }],
  },
  {
    name: 'one cast, in db/client.ts',
    find: (files) =>
      eachMatch(/\bas\b(?!\s+const\b|\s*[:,=?)}.])/, 'db/client.ts')(files.map(withoutImports)),
    broken: [
      { 'db/a.ts': 'const a = b as unknown;' },
      { 'db/a.ts': 'f(a as Map<string, number>)' },
      { 'db/a.ts': "import { a as b } from 'c';\nd as E;" },
    ],
    kept: [
      {
        'db/a.ts':
          "import { a as b } from 'c'; import * as d from 'e'; export { f as g }; const h = ['a as b'] as const;",
      },
    ],
  },
];

function roomOf(path: string): string {
  return path.split('/')[0]?.replace(/\.ts$/, '') ?? '';
}

/** 0 is the top; -1 for what is in no room. */
function floorOf(path: string): number {
  return floors.findIndex((rooms) => rooms.includes(roomOf(path)));
}

function eachFile(isBroken: (file: SourceFile) => boolean): Rule['find'] {
  return (files) => files.filter(isBroken).map(({ path }) => `src/${path}:1`);
}

function eachImport(isBroken: (file: SourceFile, imported: Import) => boolean): Rule['find'] {
  return (files) =>
    files.flatMap((file) =>
      file.imports
        .filter((imported) => isBroken(file, imported))
        .map(({ line, specifier }) => `src/${file.path}:${line} ${specifier}`),
    );
}

/** Where a pattern stands in the code (or in the whole text, comments and strings included) of all files but some. */
function eachMatch(pattern: RegExp, except?: string | RegExp, part: 'code' | 'text' = 'code'): Rule['find'] {
  const isExcepted = (path: string) =>
    typeof except === 'string' ? path === except : except?.test(path) === true;
  return (files) =>
    files
      .filter(({ path }) => !isExcepted(path))
      .flatMap((file) =>
        [...file[part].matchAll(new RegExp(pattern, 'g'))].map(
          ({ index }) =>
            `src/${file.path}:${lineAt(file.text, index)} ${file.text.slice(index).split('\n')[0]}`,
        ),
      );
}

function onlyImporter(
  what: string,
  isIt: (imported: Import) => boolean,
  importer: string,
  example: string,
): Rule {
  return {
    name: `only ${importer} imports ${what}`,
    find: eachImport(({ path }, imported) => path !== importer && isIt(imported)),
    broken: [{ 'accounts/users.ts': example }],
    kept: [{ [importer]: example.replace('../db/', './') }],
  };
}

/** Imports between rooms from which there is a way back. */
function findCycles(files: readonly SourceFile[]): string[] {
  const ways = new Map<string, Set<string>>();
  for (const { path, imports } of files) {
    const ahead = ways.get(roomOf(path)) ?? new Set();
    for (const { target } of imports)
      if (target !== undefined && roomOf(target) !== roomOf(path)) ahead.add(roomOf(target));
    ways.set(roomOf(path), ahead);
  }
  const reachable = (from: string, seen = new Set<string>()): Set<string> => {
    for (const room of ways.get(from) ?? []) if (!seen.has(room)) reachable(room, seen.add(room));
    return seen;
  };
  return eachImport(({ path }, { target }) => {
    if (target === undefined || roomOf(target) === roomOf(path)) return false;
    return reachable(roomOf(target)).has(roomOf(path));
  })(files);
}

function findRouteNeighbours(files: readonly SourceFile[]): string[] {
  const folderOf = (path: string) => /^routes\/([^/]+)\//.exec(path)?.[1];
  return eachImport(({ path }, { target = '' }) => {
    const [own, other] = [folderOf(path), folderOf(target)];
    return own !== undefined && other !== undefined && own !== other;
  })(files);
}

function findUnlistedRoutes(files: readonly SourceFile[]): string[] {
  const table = files.find(({ path }) => path === 'routes/index.ts');
  const listed = new Set(table?.imports.map(({ target }) => target));
  return eachFile(({ path }) => /^routes\/.*\.routes\.ts$/.test(path) && !listed.has(path))(files);
}

function findForeignWords(files: readonly SourceFile[]): string[] {
  const isForeign = (name: string) =>
    !vendorNames.test(name) &&
    name
      .split(/[^A-Za-z]|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)
      .some((word) => foreignWord.test(word));
  const inNames = eachFile(({ path }) => isForeign(path))(files);
  const inCode = files.flatMap(({ path, code }) =>
    [...code.matchAll(/[A-Za-z_$][\w$]*/g)]
      .filter(([name]) => isForeign(name))
      .map(({ 0: name, index }) => `src/${path}:${lineAt(code, index)} ${name}`),
  );
  return [...inNames, ...inCode];
}

/** Blanks import and export clauses, in which `as` renames and does not cast. */
function withoutImports(file: SourceFile): SourceFile {
  const clause = /\b(import|export)\s+(type\s+)?([\w$]+\s*,\s*)?(\{[^}]*\}|\*\s*as\s+[\w$]+)/g;
  return { ...file, code: file.code.replace(clause, (text) => text.replace(/[^\n]/g, ' ')) };
}
