// Chooses the binary of the package `argon2` that this process loads: the package's own one, which runs on
// every processor, or the one that `npm run argon2:build` has built for processors with AVX2. The latter
// would end the process on an older processor (SIGILL), so the processor is checked first. See
// docs/operations/argon2.md.
const { existsSync, readFileSync } = require('node:fs');
const { dirname, join } = require('node:path');

// Flags of /proc/cpuinfo that x86-64-v3 includes (x86-64 psABI). Linux calls SSE3 pni, and LZCNT abm.
const FLAGS = 'cx16 lahf_lm pni popcnt sse4_1 sse4_2 ssse3 abm avx avx2 bmi1 bmi2 f16c fma movbe xsave'.split(
  ' ',
);

/**
 * Tells whether every processor of the machine supports x86-64-v3.
 *
 * @param {string} cpuinfo text of /proc/cpuinfo
 */
function supportsAvx2(cpuinfo) {
  const processors = cpuinfo.match(/^flags\s*:.*$/gm) ?? [];
  const sets = processors.map((line) => new Set(line.split(/[\s:]+/)));
  return sets.length > 0 && FLAGS.every((flag) => sets.every((set) => set.has(flag)));
}

/**
 * Returns the folder of the binary that node-gyp-build, the loader of argon2's binary, is to load. The
 * environment variable `ARGON2_PREBUILD` passes it on.
 *
 * @returns {string | undefined} undefined for the package's own binary
 */
function chooseBuild(folder = dirname(require.resolve('argon2/package.json')), cpuinfo = '/proc/cpuinfo') {
  const build = join(folder, 'x86-64-v3');
  if (!existsSync(join(build, 'build/Release/argon2.node')) || !existsSync(cpuinfo)) return undefined;
  return supportsAvx2(readFileSync(cpuinfo, 'utf8')) ? build : undefined;
}

module.exports = { supportsAvx2, chooseBuild };
