/**
 * Tests the release in a clone of this repository.
 *
 * @runs once, on SQLite: a release uses no database.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { appendFile, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { temporaryFolder } from './child.ts';

const run = promisify(execFile);

const folder = join(await temporaryFolder(t), 'clone');
const author = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
const git = async (...args: string[]) => (await run('git', [...author, ...args], { cwd: folder })).stdout;
const env = {
  ...process.env,
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
};
const release = (...args: string[]) =>
  run(process.execPath, ['scripts/release.ts', ...args], { cwd: folder, env }).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    ({ code, stderr }) => ({ code, text: String(stderr) }),
  );

await run('git', ['clone', '--quiet', '--no-hardlinks', resolve('.'), folder]);
for (const path of ['node_modules', 'packages/client/node_modules', 'src/db/generated'])
  if (existsSync(path)) await symlink(resolve(path), join(folder, path)).catch(() => {});

const versionOf = (path: string) => JSON.parse(readFileSync(join(folder, path), 'utf8')).version;
const before: string = versionOf('package.json');
const [major = 0, minor = 0] = before.split('.').map(Number);
const after = `${major}.${minor + 1}.0`;

t.test('A release is refused without a step, and with changes that are not committed', async (t) => {
  t.match(await release(), { code: 1, text: /^Usage: npm run release -- patch\|minor\|major/ });
  await appendFile(join(folder, 'README.md'), '\n');
  t.match(await release('minor'), { code: 1, text: /^There are changes that are not committed/ });
  await git('checkout', '--quiet', 'README.md');
  t.equal(versionOf('package.json'), before);
});

t.test('A release gives every package, the contract and the changelog the next version', async (t) => {
  const changelog = join(folder, 'CHANGELOG.md');
  const text = await readFile(changelog, 'utf8');
  await writeFile(
    changelog,
    text.replace('## [Unreleased]\n', '## [Unreleased]\n\n### Added\n\n- A line.\n'),
  );
  await git('commit', '--quiet', '--all', '--message', 'docs: a line');
  t.match(await release('minor'), { code: 0, text: new RegExp(`^Latchkey ${after}: git push`) });
  for (const path of [
    'package.json',
    'packages/client/package.json',
    'packages/guard/package.json',
    'tools/node/package.json',
    'package-lock.json',
  ])
    t.equal(versionOf(path), after, path);
  t.equal(JSON.parse(await readFile(join(folder, 'openapi/openapi.json'), 'utf8')).info.version, after);
  t.match(await readFile(join(folder, 'deploy/Dockerfile'), 'utf8'), `VERSION=${after}`);
  const date = new Date().toISOString().slice(0, 10);
  t.match(
    await readFile(changelog, 'utf8'),
    `## [Unreleased]\n\n## [${after}] - ${date}\n\n### Added\n\n- A line.`,
  );
  t.equal(await git('status', '--porcelain', '--untracked-files=no'), '');
  t.equal((await git('tag', '--points-at', 'HEAD')).trim(), `v${after}`);
  t.equal((await git('log', '-1', '--format=%s')).trim(), `chore(release): ${after}`);
});

t.test('A release without a change is refused', async (t) => {
  t.match(await release('patch'), { code: 1, text: /^CHANGELOG\.md lists nothing to release/ });
});
