#!/usr/bin/env node
// CommonJS and old syntax, and no imports before the version check, so that every Node.js can run this file
// and report the problem.
const { supported, explainVersion } = require('./node-version.js');

if (!supported(process.versions.node)) {
  process.stderr.write(`latchkey: ${explainVersion(process.versions.node)}\n`);
  process.exit(1);
}

const { existsSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { availableParallelism } = require('node:os');
const { join } = require('node:path');

// libuv's threads hash passwords, one per core. One more thread is for files and host names, which would wait
// otherwise. libuv reads the number when the first thread is needed, and loading an ES module needs one:
// hence CommonJS.
if (process.env.UV_THREADPOOL_SIZE === undefined)
  process.env.UV_THREADPOOL_SIZE = String(availableParallelism() + 1);

// A binary for this processor hashes passwords faster. A variable that is already set is kept, also when it
// is empty.
const argon2Build = require('./argon2-build.js').chooseBuild();
if (process.env.ARGON2_PREBUILD === undefined && argon2Build !== undefined)
  process.env.ARGON2_PREBUILD = argon2Build;

// In the repository, the TypeScript sources run directly, with a compile cache that halves the start time.
// The package and the image contain the build output, and write nothing.
const sources = join(__dirname, '../src/cli/index.ts');
const hasSources = existsSync(sources);
if (hasSources) enableCompileCache(join(__dirname, '../build/compile-cache'));
import(hasSources ? sources : '../dist/cli/index.js').then(({ main }) => main(process.argv));
