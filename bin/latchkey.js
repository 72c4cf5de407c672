#!/usr/bin/env node
// Passwords are hashed by libuv's threads, one a core; one more is for files and host names, which would wait for them. The number
// counts when the first thread is needed, which an ES module would be loaded by: hence CommonJS.
const { availableParallelism } = require('node:os');

process.env.UV_THREADPOOL_SIZE ??= String(availableParallelism() + 1);
require('./memory.js');
import('../dist/cli/index.js').then(({ main }) => main(process.argv));
