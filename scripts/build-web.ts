/**
 * `npm run build:web`: builds the pages, web/ into web/dist, with compressed files beside each asset. It is
 * skipped when web/dist comes from the same sources. It prints the sizes, which test/http/pages.test.ts
 * limits.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const root = resolve(import.meta.dirname, '..');
const target = resolve(root, 'web/dist');
const stamp = resolve(target, 'stamp');
const KIB = 1024;

if (existsSync(resolve(root, 'node_modules/vite'))) await update();
else if (!existsSync(stamp))
  process.stderr.write(
    'The pages were not built, for Vite is not installed: run npm ci without --omit=dev\n',
  );

async function update(): Promise<void> {
  const fingerprint = createFingerprint();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) {
    process.stderr.write('web/dist is up to date\n');
    return;
  }
  // Loaded here, because that takes longer than to find out that there is nothing to do.
  const { build } = await import('vite');
  await build({ configFile: resolve(root, 'web/vite.config.ts'), logLevel: 'warn' });
  for (const line of compressAll()) process.stderr.write(`${line}\n`);
  writeFileSync(stamp, fingerprint);
}

/** Writes `.br` and `.gz` beside each asset. @returns a line for each, with its sizes */
function compressAll(): string[] {
  return globSync('assets/*', { cwd: target })
    .filter((name) => !/\.(br|gz)$/.test(name))
    .sort()
    .map((name) => {
      const path = resolve(target, name);
      const bytes = readFileSync(path);
      const gzip = gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });
      writeFileSync(`${path}.gz`, gzip);
      writeFileSync(`${path}.br`, brotliCompressSync(bytes));
      return `web/dist/${name}: ${inKib(bytes.length)}, gzipped ${inKib(gzip.length)}`;
    });
}

function inKib(bytes: number): string {
  return `${(bytes / KIB).toFixed(1)} KiB`;
}

/** Hashes the names and contents of all that decides what web/dist holds. */
function createFingerprint(): string {
  const sources = globSync(['web/src/**/*', 'packages/client/src/*.ts'], { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => resolve(entry.parentPath, entry.name));
  const files = [
    ...sources.sort(),
    ...['web/index.html', 'web/vite.config.ts', 'web/tsconfig.json', 'scripts/build-web.ts'].map((file) =>
      resolve(root, file),
    ),
    ...['vite', 'preact', 'openapi-fetch', 'qr', 'bowser'].map((name) =>
      resolve(root, 'node_modules', name, 'package.json'),
    ),
  ];
  const hash = createHash('sha256');
  for (const file of files)
    hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}
