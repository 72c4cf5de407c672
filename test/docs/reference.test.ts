/**
 * Tests that the generated parts of docs/reference are those of the code.
 *
 * @runs once, on SQLite: the pages list what both databases have.
 */
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { fillIn, table } from '../../scripts/reference/fill-in.ts';
import { pages } from '../../scripts/reference/pages.ts';

t.test('Every page of the reference is the output of npm run docs', async (t) => {
  t.strictSame(
    Object.keys(pages).sort(),
    readdirSync('docs/reference')
      .filter((name) => !name.startsWith('feed'))
      .map((name) => `docs/reference/${name}`),
  );
  for (const [file, describe] of Object.entries(pages)) {
    const page = readFileSync(file, 'utf8');
    t.equal(fillIn(page, await describe()), page, `${file} is up to date: run npm run docs`);
  }
});

t.test('A page without a place for a part, or with a place for another one, is refused', async (t) => {
  const page = '# Page\n<!-- generated: variables -->\n<!-- /generated -->\n';
  t.throws(() => fillIn(page, { variables: '', files: '' }), {
    message: 'The page lacks <!-- generated: files -->',
  });
  t.throws(() => fillIn(page, {}), { message: 'Nothing generates variables' });
});

t.test('A cell of a table may have bars and line breaks', async (t) => {
  t.equal(table(['a', 'b'], [['x|y', '1\n2']]), '| a | b |\n| --- | --- |\n| x\\|y | 1 2 |');
});
