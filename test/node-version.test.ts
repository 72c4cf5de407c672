/**
 * Tests which versions of Node.js the command accepts. test/packaging/smoke.packaging.ts runs it on some of
 * them.
 *
 * @runs once, on SQLite: it uses no database.
 */
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import t from 'tap';
import { temporaryFolder } from './child.ts';

const nodeVersion: {
  supported(version: string): boolean;
  explainVersion(version: string, advice?: string): string;
} = createRequire(import.meta.url)('../bin/node-version.js');

t.test('The Node.js versions of engines are supported, and no others', async (t) => {
  const cases: [string, boolean][] = [
    ['12.22.12', false],
    ['20.20.2', false],
    ['21.7.3', false],
    ['22.17.1', false],
    ['22.18.0', true],
    ['22.23.5', true],
    ['23.11.1', false],
    ['24.10.0', false],
    ['24.11.0', true],
    ['24.21.0', true],
    ['25.9.0', false],
    ['26.0.0', true],
    ['26.12.1', true],
    ['27.0.0', false],
    ['24.11.0-nightly20251101', true],
  ];
  for (const [version, expected] of cases) t.equal(nodeVersion.supported(version), expected, version);
  t.ok(nodeVersion.supported(process.versions.node), 'that of the tests is one');
});

t.test('An unsupported Node.js version is refused with a sentence that says what to do', async (t) => {
  t.match(
    nodeVersion.explainVersion('20.20.2'),
    /^this is Node\.js 20\.20\.2, and Latchkey runs on 22\.18, 24\.11 or 26\.0 and their newer releases: install Node\.js 24, [^\n.]+$/,
  );
});

t.test('The command and npm scripts say so on an unsupported version, before anything fails', async (t) => {
  // What Node.js 18 does not have.
  const old = `Object.defineProperty(process.versions, 'node', { value: '18.20.8' });`;
  const folder = await temporaryFolder(t);
  const preload = join(folder, 'old.cjs');
  await writeFile(preload, old);
  for (const file of ['bin/latchkey.js', 'prisma/generate.js']) {
    const { status, stderr, stdout } = spawnSync(process.execPath, ['--require', preload, file], {
      encoding: 'utf8',
    });
    t.match({ status, stdout }, { status: 1, stdout: '' }, file);
    t.match(stderr, /^latchkey: this is Node\.js 18\.20\.8, and Latchkey runs on [^\n]+\n$/, file);
  }
});
