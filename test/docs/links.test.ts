/**
 * Tests that every link of the pages leads somewhere, and that the index of docs/ has every page.
 *
 * @runs once, on SQLite: it reads files.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import t from 'tap';
import { anchorOf, headingsOf, linksOf, pages } from './markdown.ts';

/** Finds the file and the anchor of a link. @returns what is wrong with it; undefined where it is right */
function findMistake(page: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) {
    const isRight = URL.canParse(link) && /^(?:https|mailto):/.test(link);
    return isRight ? undefined : 'is no https URL';
  }
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? page : join(dirname(page), path);
  if (relative('.', resolve(file)).startsWith('..')) return 'leads out of the repository';
  if (!existsSync(file)) return 'leads to no file';
  if (anchor === undefined) return undefined;
  if (!file.endsWith('.md')) return 'has an anchor, and leads to no page';
  const anchors = headingsOf(readFileSync(file, 'utf8')).map(anchorOf);
  return anchors.includes(anchor) ? undefined : 'leads to no heading';
}

t.test('Every link leads to a file, a heading or an https URL', async (t) => {
  const links = pages.flatMap((page) => linksOf(readFileSync(page, 'utf8')).map((link) => ({ page, link })));
  t.ok(links.length > 200, `${links.length} links`);
  const mistakes = links.flatMap(({ page, link }) => {
    const mistake = findMistake(page, link);
    return mistake === undefined ? [] : [`${page}: ${link} ${mistake}`];
  });
  t.strictSame(mistakes, []);
});

t.test('A link that leads nowhere is found', async (t) => {
  for (const [link, mistake] of [
    ['docs/nowhere.md', 'leads to no file'],
    ['#nowhere', 'leads to no heading'],
    ['../../elsewhere.md', 'leads out of the repository'],
    ['http://example.com', 'is no https URL'],
    ['LICENSE#mit', 'has an anchor, and leads to no page'],
    ['CONTRIBUTING.md#layers', undefined],
  ] as const)
    t.equal(findMistake('README.md', link), mistake, link);
});

t.test('Every page that the code, the tests or the files for deployment name exists', async (t) => {
  const files = ['src', 'test', 'scripts', 'deploy', 'bin', '.github', '.ci'].flatMap((folder) =>
    globSync(`${folder}/**/*.{ts,js,yaml,yml,md,conf,ini,service}`, {
      exclude: ['**/generated', '**/node_modules'],
    }),
  );
  const named = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/(?<![\w/.])docs\/[a-z][\w/-]*\.md/g)].map(([page]) => page),
  );
  t.ok(named.length > 20, `${named.length} names`);
  const missing = [...new Set(named)].filter((page) => !existsSync(page) && page !== 'docs/nowhere.md');
  t.strictSame(missing, []);
});

t.test('The index of docs/ has a link to every page', async (t) => {
  const linked = linksOf(readFileSync('docs/README.md', 'utf8')).map((link) => join('docs', link));
  const all = globSync('docs/**/*.md').filter((page) => page !== 'docs/README.md');
  t.strictSame(
    all.filter((page) => !linked.includes(page) && !linked.includes(`${dirname(page)}`)),
    [],
  );
});
