#!/usr/bin/env node
// CommonJS and old syntax, and nothing is loaded before the version is known, so that every Node.js can read it and say what is wrong.
const { supported, explainVersion } = require('./node-version.js');

if (!supported(process.versions.node)) {
  process.stderr.write(`latchkey: ${explainVersion(process.versions.node)}\n`);
  process.exit(1);
}

const { existsSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { availableParallelism } = require('node:os');
const { join } = require('node:path');

// libuv's threads hash passwords, one a core; one more is for files and host names, which would wait for them. The number counts when
// the first thread is needed, which loading an ES module does: hence CommonJS.
if (process.env.UV_THREADPOOL_SIZE === undefined)
  process.env.UV_THREADPOOL_SIZE = String(availableParallelism() + 1);

// Passwords are hashed faster where there is a binary for this processor. A variable that is set already is
// kept, also when it is empty.
const argon2Build = require('./argon2-build.js').chooseBuild();
if (process.env.ARGON2_PREBUILD === undefined && argon2Build !== undefined)
  process.env.ARGON2_PREBUILD = argon2Build;

// The repository runs its sources, for Node.js understands TypeScript, and keeps what it has compiled: a start takes half as long then. The
// package and the image have what the build made of them, and write nothing.
const sources = join(__dirname, '../src/cli/index.ts');
const hasSources = existsSync(sources);
if (hasSources) enableCompileCache(join(__dirname, '../build/compile-cache'));
import(hasSources ? sources : '../dist/cli/index.js').then(({ main }) => main(process.argv));
