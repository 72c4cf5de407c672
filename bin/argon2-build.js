// Which binary of the package `argon2` this process loads: its own one, which runs on every processor, or
// the one that `npm run argon2:build` has put beside it, for processors with AVX2. That one would end the
// process on an older processor (SIGILL), so the processor is asked first. See docs/operations/argon2.md.
const { existsSync, readFileSync } = require('node:fs');
const { dirname, join } = require('node:path');

// The flags of /proc/cpuinfo that x86-64-v3 stands for in the x86-64 psABI. Linux calls SSE3 pni, and
// LZCNT abm.
const FLAGS = 'cx16 lahf_lm pni popcnt sse4_1 sse4_2 ssse3 abm avx avx2 bmi1 bmi2 f16c fma movbe xsave'.split(
  ' ',
);

/**
 * Whether each processor of a machine has all that x86-64-v3 stands for.
 *
 * @param {string} cpuinfo text of /proc/cpuinfo
 */
function supportsAvx2(cpuinfo) {
  const processors = cpuinfo.match(/^flags\s*:.*$/gm) ?? [];
  const sets = processors.map((line) => new Set(line.split(/[\s:]+/)));
  return sets.length > 0 && FLAGS.every((flag) => sets.every((set) => set.has(flag)));
}

/**
 * The folder whose binary node-gyp-build, which loads argon2's, is to take. The environment variable
 * `ARGON2_PREBUILD` names it.
 *
 * @returns {string | undefined} undefined for the package's own binary
 */
function chooseBuild(folder = dirname(require.resolve('argon2/package.json')), cpuinfo = '/proc/cpuinfo') {
  const build = join(folder, 'x86-64-v3');
  if (!existsSync(join(build, 'build/Release/argon2.node')) || !existsSync(cpuinfo)) return undefined;
  return supportsAvx2(readFileSync(cpuinfo, 'utf8')) ? build : undefined;
}

module.exports = { supportsAvx2, chooseBuild };
