/**
 * `npm run bundle`: bundles src/ into dist/ for the image, together with those of its packages that consist
 * of many small files. Reading these 1,200 files one by one takes longer than the rest of the start. `node
 * scripts/bundle.ts FOLDER` writes to another folder.
 */
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const source = resolve(root, 'src');
const target = resolve(process.argv[2] ?? resolve(root, 'dist'));

/** Entry points that package.json's `exports` and bin/latchkey.js name. */
const published = ['app.ts', 'config/index.ts', 'access/guard.ts', 'server.ts', 'cli/index.ts'];

/**
 * Packages that are not bundled: they have binaries, read files of their own, use threads, or are rarely
 * loaded. The comments of `ip-address` have non-Latin-1 characters, which double the memory of a source text.
 */
const external = [
  '@fastify/otel',
  '@fastify/static',
  '@fastify/swagger-ui',
  '@node-rs/bcrypt',
  '@opentelemetry/*',
  '@prisma/schema-engine-wasm',
  'argon2',
  'better-sqlite3',
  'ip-address',
  'nodemailer',
  'pg',
  'pino',
  'pino-pretty',
  'prom-client',
];

await rm(target, { recursive: true, force: true });
await build({
  entryPoints: published.map((file) => resolve(source, file)),
  outbase: source,
  outdir: target,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.18',
  external,
  // The licenses of the bundled packages are in separate files. They have such characters too.
  legalComments: 'external',
  logLevel: 'warning',
  // Some packages are CommonJS and load Node.js modules with require.
  banner: {
    js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
  },
});
