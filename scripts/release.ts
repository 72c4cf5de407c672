/**
 * `npm run release -- patch|minor|major`: gives all packages, the contract and the deployment files the next
 * version, dates the section of the changelog, commits and tags. It pushes nothing: the workflow
 * `release.yml` publishes when the tag arrives.
 *
 * Exits with 1, and changes nothing, when there are changes that are not committed, or nothing to release.
 */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const steps = ['patch', 'minor', 'major'] as const;
type Step = (typeof steps)[number];

const root = resolve(import.meta.dirname, '..');
const read = (path: string) => readFileSync(resolve(root, path), 'utf8');
const write = (path: string, text: string) => writeFileSync(resolve(root, path), text);
const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

try {
  release(process.argv[2]);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

function release(step: string | undefined): void {
  const chosen = steps.find((name) => name === step);
  if (chosen === undefined) throw new Error(`Usage: npm run release -- ${steps.join('|')}`);
  if (run('git', 'status', '--porcelain', '--untracked-files=no') !== '')
    throw new Error('There are changes that are not committed: commit them first');
  const before: string = JSON.parse(read('package.json')).version;
  const after = increase(before, chosen);
  const changelog = dateSection(read('CHANGELOG.md'), after);

  write('CHANGELOG.md', changelog);
  const packages = ['package.json', ...globSync('{packages,tools}/*/package.json', { cwd: root })];
  for (const path of packages)
    write(path, read(path).replace(`"version": "${before}"`, `"version": "${after}"`));
  write('package-lock.json', lockWith(after));
  const deployed = globSync('deploy/**/*', { cwd: root, withFileTypes: true }).filter((file) =>
    file.isFile(),
  );
  for (const { parentPath, name } of deployed) {
    const path = resolve(parentPath, name);
    const text = read(path);
    if (text.includes(before)) write(path, text.replaceAll(before, after));
  }
  write('openapi/openapi.json', run(process.execPath, 'bin/latchkey.js', 'openapi'));
  run('npm', 'run', '--silent', 'types', '--workspace', '@latchkey/client');
  run('git', 'commit', '--quiet', '--all', '--message', `chore(release): ${after}`);
  run('git', 'tag', '--annotate', `v${after}`, '--message', `Latchkey ${after}`);
  process.stdout.write(`Latchkey ${after}: git push --follow-tags publishes it\n`);
}

/** Returns the next version (Semantic Versioning 2.0.0). */
function increase(version: string, step: Step): string {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  if (step === 'major') return `${major + 1}.0.0`;
  return step === 'minor' ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
}

/**
 * Turns the section of the changes to come into the one of a version, with today's date.
 *
 * @throws {Error} when the section is empty
 */
function dateSection(changelog: string, version: string): string {
  const heading = '## [Unreleased]\n';
  const start = changelog.indexOf(heading);
  const [section = ''] = changelog.slice(start + heading.length).split(/^## /m);
  if (start === -1 || section.trim() === '') throw new Error('CHANGELOG.md lists nothing to release');
  const date = new Date().toISOString().slice(0, 10);
  return changelog.replace(heading, `${heading}\n## [${version}] - ${date}\n`);
}

/** Returns package-lock.json with the version of the root and of the workspaces. */
function lockWith(version: string): string {
  const lock = JSON.parse(read('package-lock.json'));
  lock.version = version;
  for (const [path, entry] of Object.entries<{ version?: string }>(lock.packages))
    if (!path.includes('node_modules') && entry.version !== undefined) entry.version = version;
  return `${JSON.stringify(lock, null, 2)}\n`;
}
