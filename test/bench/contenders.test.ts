/**
 * Tests that the contenders of the benchmark, which are JavaScript and not checked by the compiler, import
 * names that exist.
 *
 * @runs once, on SQLite: it reads sources.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';

t.test('Every name that a contender imports from the service exists', async (t) => {
  const folder = resolve('bench/contenders');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.js'));
  const imports = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(folder, file), 'utf8');
      return [...text.matchAll(/^import \{([^}]+)\} from '(\.\.\/\.\.\/src\/[^']+)';/gm)].flatMap(
        ([, names = '', path = '']) => names.split(',').map((name) => ({ file, name: name.trim(), path })),
      );
    }),
  );
  t.ok(imports.flat().length > 10);
  for (const { file, name, path } of imports.flat())
    t.ok(name in (await import(pathToFileURL(join(folder, path)).href)), `${file}: ${name} of ${path}`);
});
