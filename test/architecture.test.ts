/**
 * The rules of the house: where a file goes, what it may import, what no file says. Each is a row of the table in
 * `architecture-rules.ts`, with a file that breaks it, so that no rule can pass by never looking.
 */
import { resolve } from 'node:path';
import t from 'tap';
import { rules } from './architecture-rules.ts';
import { readSources, sourceFile } from './source-files.ts';

const files = await readSources(resolve(import.meta.dirname, '../../src'));

t.ok(
  files.some(({ path }) => path === 'app.ts'),
  'the sources are found',
);

for (const { name, broken, kept, find } of rules) {
  t.test(name, async (t) => {
    t.same(find(files), [], 'src/ keeps it');
    for (const [path, text] of Object.entries(broken)) {
      t.not(find([sourceFile(path, text)]).length, 0, `it is seen to be broken by ${text}`);
    }
    for (const [path, text] of Object.entries(kept ?? {})) {
      t.same(find([sourceFile(path, text)]), [], `it is kept by ${text}`);
    }
  });
}
