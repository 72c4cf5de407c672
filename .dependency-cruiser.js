/**
 * Who may import whom in `src` (npm run architecture). What else an architecture needs is in biome.json and lint/.
 *
 * The parser is swc, for dependency-cruiser cannot read TypeScript with the compiler of version 7.
 */

/** From top to bottom. A folder imports from the layers below its own, and not from its neighbours in it. */
const layers = [
  ['index'],
  ['cli'],
  ['server', 'plugin', 'testing'],
  ['app'],
  ['service'],
  ['boot'],
  ['routes', 'jobs', 'telemetry'],
  ['checks'],
  ['http'],
  ['accounts'],
  ['access'],
  ['audit', 'mail', 'throttle'],
  ['tokens'],
  ['crypto'],
  ['db'],
  ['problems', 'config'],
  ['lib'],
];

/** A folder of `src`, or the file of its name beside it. */
const room = (names) => `^src/(${names.join('|')})(?:/|[.]ts$)`;
const npm = (name) => `(?:^|/)node_modules/${name}/`;

const kebabCase = '^src/(?:cli/[a-z0-9/-]+[.]command|[a-z0-9/-]+(?:[.]routes|[.]schemas)?)[.]ts$';
const foreignWord = '^src/.*[/-](?:role|middleware|controller|dto|manager|helper)s?[/.-]';
const fileName =
  'kebab-case.ts, with no other ending than .routes, .schemas and, in cli/, .command, and with the words of CONTRIBUTING.md.';

function onlyFrom(importers, path) {
  const names = importers.map((importer) => `^src/${importer}$`);
  return {
    name: `only-src/${importers[0]}`,
    comment: 'Another file than this imports it.',
    from: { path: '^src/', pathNot: names },
    to: { path },
  };
}

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Move what both files need into the one below, or into a third.',
      from: {},
      to: { circular: true },
    },
    ...layers.map((names, at) => ({
      name: `not-up-from-${names.join('-')}`,
      comment: 'It imports from a layer above its own, or from a neighbour in it.',
      from: { path: room(names) },
      to: { path: room(layers.slice(0, at + 1).flat()), pathNot: '^src/$1(?:/|[.]ts$)' },
    })),
    {
      name: 'in-a-layer',
      comment: 'The file is in no folder of the layers.',
      from: { path: '^src/', pathNot: room(layers.flat()) },
      to: {},
    },
    {
      name: 'in-a-layer',
      comment: 'The file is in no folder of the layers.',
      from: {},
      to: { path: '^src/', pathNot: room(layers.flat()) },
    },
    {
      name: 'no-orphan',
      comment: 'Nothing imports it, and it imports nothing.',
      from: { orphan: true },
      to: {},
    },
    {
      name: 'only-src',
      comment: 'What is published imports nothing of the tests, scripts and benchmarks.',
      from: { path: '^src/' },
      to: { pathNot: ['^src/', npm('.+')], dependencyTypesNot: ['core'] },
    },
    {
      name: 'no-development-dependency',
      comment: 'An installed Latchkey does not have it.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-route-to-route',
      comment: 'What two route folders need goes below the routes, or beside routes/index.ts.',
      from: { path: '^src/routes/([^/]+)/' },
      to: { path: '^src/routes/[^/]+/', pathNot: '^src/routes/$1/' },
    },
    {
      name: 'in-routes-index',
      comment: 'routes/index.ts is the table of all routes.',
      from: { path: '^src/routes/index[.]ts$' },
      to: { path: '^src/routes/.+[.]routes[.]ts$', reachable: false },
    },
    {
      name: 'accounts-without-fastify',
      comment: 'Commands and jobs use accounts/ too.',
      from: { path: '^src/accounts/' },
      to: { path: npm('(?:fastify|fastify-plugin|@fastify/.+)') },
    },
    {
      name: 'schemas-only-of-schemas',
      comment: 'Schemas import TypeBox, other schemas and the configuration.',
      from: { path: '^src/.*[/.]?schemas[.]ts$' },
      to: {
        pathNot: [
          npm('typebox'),
          '^src/.*[/.]schemas[.]ts$',
          '^src/config/index[.]ts$',
          '^src/lib/email-address[.]ts$',
        ],
      },
    },
    onlyFrom(['accounts/passwords/hash.ts'], npm('argon2')),
    onlyFrom(['accounts/passwords/formats/bcrypt.ts'], npm('@node-rs/bcrypt')),
    onlyFrom(['tokens/tokens.ts', 'access/request-user.ts'], npm('@fastify/jwt')),
    onlyFrom(['http/session-cookie.ts'], npm('cookie')),
    onlyFrom(['db/client.ts'], ['^src/db/generated/', npm('@prisma/client')]),
    onlyFrom(['db/sqlite/driver.ts'], npm('better-sqlite3')),
    {
      name: 'web-by-itself',
      comment:
        'The pages import @latchkey/client, themselves and three libraries: all else would be sent to browsers.',
      from: { path: '^web/src/' },
      to: {
        pathNot: [
          '^web/src/',
          npm('(?:preact|qr|bowser)'),
          '^@latchkey/client$',
          // The sources, or what was built of them.
          '^packages/client/(?:src/index[.]ts|dist/index[.]d[.]ts)$',
        ],
      },
    },
    {
      name: 'no-page-to-page',
      comment: 'What two pages need goes into components/ or lib/. A page of several steps is a folder.',
      from: { path: '^web/src/pages/([^/]+)$' },
      to: { path: '^web/src/pages/', pathNot: '^web/src/pages/[^/]+/' },
    },
    {
      name: 'file-name',
      comment: fileName,
      from: { path: '^src/', pathNot: kebabCase },
      to: {},
    },
    {
      name: 'file-name',
      comment: fileName,
      from: {},
      to: { path: '^src/', pathNot: kebabCase },
    },
    {
      name: 'file-name',
      comment: fileName,
      from: { path: foreignWord },
      to: {},
    },
  ].map((rule) => ({ severity: 'error', ...rule })),
  options: {
    parser: 'swc',
    doNotFollow: { path: ['node_modules', '^src/db/generated/'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.js'],
    },
  },
};
