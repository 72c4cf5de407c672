/**
 * Holds the house to its rules: where a file goes, what it may import, what no file says.
 *
 * @runs once, on SQLite: it reads the sources.
 */
import { resolve } from 'node:path';
import t from 'tap';
import { rules } from './architecture-rules.ts';
import { readSources, sourceFile } from './source-files.ts';

const files = await readSources(resolve(import.meta.dirname, '../src'));

t.test('the sources are found', async (t) => {
  t.ok(files.some(({ path }) => path === 'app.ts'));
});

for (const { name, find, broken, kept } of rules) {
  t.test(name, async (t) => {
    t.same(find(files), []);
  });

  t.test(`${name}: the rule sees what breaks it`, async (t) => {
    const findIn = (house: Readonly<Record<string, string>>) =>
      find(Object.entries(house).map(([path, text]) => sourceFile(path, text)));
    for (const house of broken) t.not(findIn(house).length, 0, JSON.stringify(house));
    for (const house of kept) t.same(findIn(house), [], JSON.stringify(house));
  });
}
