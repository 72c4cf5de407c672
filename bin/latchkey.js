#!/usr/bin/env node
// Passwords are hashed by libuv's threads, one a core; one more is for files and host names, which would wait for them. The number
// counts when the first thread is needed, which an ES module would be loaded by: hence CommonJS.
const { availableParallelism } = require('node:os');
const { setFlagsFromString } = require('node:v8');

process.env.UV_THREADPOOL_SIZE ??= String(availableParallelism() + 1);
// Memory for what is never run, and for garbage that need not pile up: of Prisma's WebAssembly only what is called is compiled, and
// objects that die young share one megabyte. A third less memory for a service that has nothing to do; requests take as long.
setFlagsFromString('--wasm-lazy-compilation');
setFlagsFromString('--semi-space-growth-factor=1');
import('../dist/cli/index.js').then(({ main }) => main(process.argv));
