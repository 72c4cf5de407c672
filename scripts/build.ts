/**
 * `npm run build`: compiles src/ into dist/, the code of the package. It takes seconds, so it is skipped when
 * dist/ comes from the same sources and the same compiler.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const compiler = resolve(root, 'node_modules/typescript');
/** In dist/, so that it goes with what `npm run bundle` puts there. */
const stamp = resolve(root, 'dist/stamp');

const fingerprint = createFingerprint();
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) {
  process.stderr.write('dist is up to date\n');
} else {
  rmSync(resolve(root, 'dist'), { recursive: true, force: true });
  execFileSync(process.execPath, [resolve(compiler, 'bin/tsc'), '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  writeFileSync(stamp, fingerprint);
}

/** Hashes the names and contents of all that decides what dist/ holds. */
function createFingerprint(): string {
  const sources = globSync('src/**/*.ts', { cwd: root }).sort();
  const files = [...sources, 'tsconfig.json', 'tsconfig.build.json'].map((file) => resolve(root, file));
  const hash = createHash('sha256');
  for (const file of [...files, resolve(compiler, 'package.json')])
    hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}
