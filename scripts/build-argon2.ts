/**
 * `npm run argon2:build`: compiles the package `argon2` for x86-64 processors with AVX2 and puts the binary
 * beside the package's own one, where bin/argon2-build.js finds it. Needs a C++ compiler, make and Python 3.
 * docs/operations/argon2.md has the reasons and the figures.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, relative, resolve } from 'node:path';

/** Flags for x86-64-v3: AVX2 and related instructions, in processors since 2013 (Intel) and 2015 (AMD). */
const CFLAGS = '-O3 -march=x86-64-v3';

const source = dirname(createRequire(import.meta.url).resolve('argon2/package.json'));
const target = resolve(source, 'x86-64-v3');
await rm(target, { recursive: true, force: true });
await mkdir(target);

if (process.platform === 'linux' && process.arch === 'x64') {
  // The headers of this Node.js, if it has them. Otherwise node-gyp downloads them from nodejs.org.
  const installation = resolve(dirname(process.execPath), '..');
  const hasHeaders = existsSync(resolve(installation, 'include/node/node_api.h'));
  // npm adds node-gyp to the PATH of its scripts.
  execFileSync('node-gyp', ['rebuild', ...(hasHeaders ? [`--nodedir=${installation}`] : [])], {
    cwd: source,
    env: { ...process.env, CFLAGS },
    stdio: 'inherit',
  });
  await mkdir(resolve(target, 'build/Release'), { recursive: true });
  const binary = resolve(target, 'build/Release/argon2.node');
  await rename(resolve(source, 'build/Release/argon2.node'), binary);
  // node-gyp-build would prefer this folder to all others, on every processor.
  await rm(resolve(source, 'build'), { recursive: true });
  console.log(`Wrote ${relative(process.cwd(), binary)}`);
} else {
  console.log(`Nothing to do on ${process.platform}-${process.arch}: the package's own binary is used`);
}
