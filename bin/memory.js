// Memory for what is never run, and for garbage that need not pile up. Of Prisma's WebAssembly only what is called is compiled, and only
// what is called ten times as often as V8 asks for is optimized, for its largest functions take 14 MB meanwhile: requests call them often
// enough, the start does not. Objects that die young share one megabyte until the service has started (then they get more:
// src/server/young-generation.ts), and others are collected when there is a quarter more of them than there was, where V8 would wait for
// several times as many.
const { setFlagsFromString } = require('node:v8');

setFlagsFromString('--wasm-lazy-compilation');
setFlagsFromString('--wasm-tiering-budget=18000000');
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--heap-growing-percent=25');
