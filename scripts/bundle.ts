/**
 * `npm run bundle`: puts src/ into dist/, together with those of its packages that are many small files, for the image. Read one by one,
 * these 1,200 files take longer than everything else at the start.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const source = resolve(root, 'src');
const target = resolve(root, 'dist');

/** What package.json's `exports` and bin/latchkey.js name. */
const published = ['app.ts', 'config.ts', 'access/guard.ts', 'server.ts', 'cli/index.ts'];

/** They have binaries, files of their own that they read, or threads, or are loaded by few. */
const external = [
  '@fastify/otel',
  '@fastify/swagger-ui',
  '@node-rs/argon2',
  '@node-rs/bcrypt',
  '@opentelemetry/*',
  '@prisma/schema-engine-wasm',
  '@zxcvbn-ts/language-common',
  'better-sqlite3',
  'nodemailer',
  'pg',
  'pino',
  'pino-pretty',
  'prom-client',
];

/**
 * Prisma's query compilers (WebAssembly) are in its package as text in modules, which V8 keeps as long as the process runs, and their
 * text too. Here they become files again.
 */
const queryCompilers: Plugin = {
  name: 'query-compilers',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]query_compiler_\w+\.\w+\.wasm-base64\.mjs$/ }, async ({ path }) => {
      const { wasm }: { wasm: string } = await import(pathToFileURL(path).href);
      const name = `${basename(path, '.wasm-base64.mjs')}.wasm`;
      await mkdir(resolve(target, 'chunks'), { recursive: true });
      await writeFile(resolve(target, 'chunks', name), Buffer.from(wasm, 'base64'));
      return {
        // Prisma calls Buffer.from with it.
        contents: `import { readFileSync } from 'node:fs';
          export const wasm = { valueOf: () => readFileSync(new URL('./${name}', import.meta.url)) };`,
      };
    });
  },
};

/** @fastify/swagger loads what writes YAML, a quarter of a megabyte, and here nobody asks for any: it is loaded when somebody does. */
const lazyYaml: Plugin = {
  name: 'lazy-yaml',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^yaml$/ }, ({ namespace, path }) =>
      namespace === 'lazy' ? { path, external: true } : { path, namespace: 'lazy' },
    );
    onLoad({ filter: /^yaml$/, namespace: 'lazy' }, () => ({
      contents: `for (const name of ['parse', 'stringify']) exports[name] = (...args) => require('yaml')[name](...args);`,
    }));
  },
};

await rm(target, { recursive: true, force: true });
const { metafile } = await build({
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
  plugins: [queryCompilers, lazyYaml],
  metafile: true,
  logLevel: 'warning',
  // Among the packages are CommonJS ones, which ask for Node's own modules by require.
  banner: {
    js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
  },
});
const outputs = Object.keys(metafile.outputs).filter((file) => file.endsWith('.js'));
await Promise.all(outputs.map((file) => keepSmall(resolve(file))));

/** V8 keeps a source text in twice the bytes when one character is beyond Latin-1: a dash in a comment costs megabytes. */
async function keepSmall(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const comment = /^\s*(?:\*|\/\/|\/\*).*$/gm;
  const small = text.replace(comment, (line) => line.replace(/\P{ASCII}/gu, '-'));
  if (small !== text) await writeFile(file, small);
}
