/**
 * Tests which binary of argon2 the command uses. test/packaging/image.packaging.ts builds it and checks which
 * one is loaded.
 *
 * @runs once, on SQLite: it uses no database.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import t from 'tap';
import { temporaryFolder } from './child.ts';

const argon2Build: {
  supportsAvx2(cpuinfo: string): boolean;
  chooseBuild(folder?: string, cpuinfo?: string): string | undefined;
} = createRequire(import.meta.url)('../bin/argon2-build.js');

/**
 * The flags in the notation of Linux, of a Haswell (2013) and of an Ivy Bridge (2012), without the irrelevant
 * ones.
 */
const haswell =
  'fpu sse sse2 ssse3 pni fma cx16 sse4_1 sse4_2 movbe popcnt xsave avx f16c lahf_lm abm bmi1 avx2 bmi2';
const ivyBridge = 'fpu sse sse2 ssse3 pni cx16 sse4_1 sse4_2 popcnt xsave avx f16c lahf_lm';

const cpuinfo = (...flags: string[]) =>
  flags
    .map((line, at) => `processor\t: ${at}\nmodel name\t: Intel avx2\nflags\t\t: ${line}\nbugs\t\t:\n`)
    .join('\n');

t.test('A processor with AVX2 is recognised by all of its flags', async (t) => {
  t.ok(argon2Build.supportsAvx2(cpuinfo(haswell)));
  t.ok(argon2Build.supportsAvx2(cpuinfo(haswell, haswell)));
  t.notOk(argon2Build.supportsAvx2(cpuinfo(ivyBridge)));
  t.notOk(argon2Build.supportsAvx2(cpuinfo(haswell, ivyBridge)), 'each of them');
  for (const flag of haswell.split(' ').slice(3))
    t.notOk(argon2Build.supportsAvx2(cpuinfo(haswell.replace(flag, 'x'))), `all but ${flag}`);
  t.notOk(argon2Build.supportsAvx2('processor\t: 0\nFeatures\t: fp asimd\n'), 'arm64');
  t.notOk(argon2Build.supportsAvx2(''));
});

t.test('The AVX2 binary is used where it exists and the processor has AVX2', async (t) => {
  const folder = await temporaryFolder(t);
  const [modern, old] = [join(folder, 'modern'), join(folder, 'old')];
  await writeFile(modern, cpuinfo(haswell));
  await writeFile(old, cpuinfo(ivyBridge));
  const build = join(folder, 'x86-64-v3');
  const binary = join(build, 'build/Release/argon2.node');
  t.equal(argon2Build.chooseBuild(folder, modern), undefined, 'it is not there');
  await mkdir(dirname(binary), { recursive: true });
  t.equal(argon2Build.chooseBuild(folder, modern), undefined, 'its folder alone, as in an image for arm64');
  await writeFile(binary, '');
  t.equal(argon2Build.chooseBuild(folder, modern), build);
  t.equal(argon2Build.chooseBuild(folder, old), undefined);
  t.equal(argon2Build.chooseBuild(folder, join(folder, 'none')), undefined, 'no /proc');
});
