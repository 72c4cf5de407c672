/**
 * Tests that the README stays short, and that its table of variables is right.
 *
 * @runs once, on SQLite: it reads files.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { Environment } from '#latchkey/config/index.ts';
import { linksOf } from './markdown.ts';

/** A README that is longer is not read. */
const MAX_LINES = 200;
const MAX_WORDS = 1_500;

const readme = readFileSync('README.md', 'utf8');

t.test('The README has at most 200 lines and 1,500 words', async (t) => {
  t.ok(readme.trimEnd().split('\n').length <= MAX_LINES);
  t.ok(readme.trim().split(/\s+/).length <= MAX_WORDS);
});

t.test('The README lists variables that exist, with their defaults', async (t) => {
  const rows = [...readme.matchAll(/^\| `([A-Z_]+)` \| (?:`(.*?)`)? ?\|/gm)];
  t.equal(rows.length, 8);
  const properties: Readonly<Record<string, object>> = Environment.properties;
  for (const [, name = '', value] of rows) {
    const schema = properties[name] ?? {};
    t.hasOwnProp(properties, name);
    t.equal(value, 'default' in schema ? schema.default : undefined, name);
  }
});

t.test('The README shows pictures, and leads to every part of the documentation', async (t) => {
  const links = linksOf(readme);
  for (const target of ['docs/images/docs-desktop.png', 'docs/README.md', 'docs/getting-started.md'])
    t.ok(links.includes(target), target);
});
