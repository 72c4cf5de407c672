/**
 * `npm run bundle`: puts src/ into dist/, together with those of its packages that are many small files, for the image. Read one by one,
 * these 1,200 files take longer than everything else at the start. `node scripts/bundle.ts FOLDER` writes to another folder.
 */
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const source = resolve(root, 'src');
const target = resolve(process.argv[2] ?? resolve(root, 'dist'));

/** What package.json's `exports` and bin/latchkey.js name. */
const published = ['app.ts', 'config/index.ts', 'access/guard.ts', 'server.ts', 'cli/index.ts'];

/** They have binaries, files of their own that they read, or threads, or are loaded by few. */
const external = [
  '@fastify/otel',
  '@fastify/swagger-ui',
  '@node-rs/bcrypt',
  '@opentelemetry/*',
  '@prisma/schema-engine-wasm',
  '@zxcvbn-ts/language-common',
  'argon2',
  'better-sqlite3',
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
  // The licenses of what is inside stand beside it. Their letters beyond Latin-1 would double a source text in memory.
  legalComments: 'external',
  logLevel: 'warning',
  // Among the packages are CommonJS ones, which ask for Node's own modules by require.
  banner: {
    js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
  },
});
