/**
 * Tests that docs/security/asvs.md claims only what tests show.
 *
 * @runs once, on SQLite: it reads files.
 */
import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';

/** The requirements of OWASP ASVS 5.0.0 of the levels 1 and 2, by section: V6 to V10. */
const asvs: Readonly<Record<string, readonly number[]>> = {
  '6.1': [1, 2, 3],
  '6.2': [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  '6.3': [1, 2, 3, 4],
  '6.4': [1, 2, 3, 4],
  '6.5': [1, 2, 3, 4, 5],
  '6.6': [1, 2, 3],
  '6.8': [1, 2, 3, 4],
  '7.1': [1, 2, 3],
  '7.2': [1, 2, 3, 4],
  '7.3': [1, 2],
  '7.4': [1, 2, 3, 4, 5],
  '7.5': [1, 2],
  '7.6': [1, 2],
  '8.1': [1, 2],
  '8.2': [1, 2, 3],
  '8.3': [1],
  '8.4': [1],
  '9.1': [1, 2, 3],
  '9.2': [1, 2, 3, 4],
  '10.1': [1, 2],
  '10.2': [1, 2],
  '10.3': [1, 2, 3, 4],
  '10.4': [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  '10.5': [1, 2, 3, 4, 5],
  '10.6': [1, 2],
  '10.7': [1, 2, 3],
};

interface Row {
  readonly ids: readonly string[];
  readonly status: string;
  readonly how: string;
  readonly tests: readonly { file: string; title: string }[];
}

const rows: Row[] = readFileSync('docs/security/asvs.md', 'utf8')
  .split('\n')
  .filter((line) => /^\| (\d+\.|API)/.test(line))
  .map((line) => {
    const [, ids = '', , status = '', how = '', shownBy = ''] = line.split('|').map((cell) => cell.trim());
    const tests = [...shownBy.matchAll(/`(test\/[^`]+)`: "([^"]+)"/g)];
    return {
      ids: ids.split(', '),
      status,
      how,
      tests: tests.map(([, file = '', title = '']) => ({ file, title })),
    };
  });

t.test('Every requirement and every risk has one row', async (t) => {
  const expected = [
    ...Object.entries(asvs).flatMap(([section, numbers]) => numbers.map((number) => `${section}.${number}`)),
    ...Array.from({ length: 10 }, (_, index) => `API${index + 1}`),
  ];
  t.strictSame(rows.flatMap(({ ids }) => ids).sort(), expected.sort());
});

t.test('A requirement that is met names a test, and one that is not met has a reason', async (t) => {
  for (const { ids, status, how, tests } of rows) {
    t.match(status, /^(met|in part|documented|untested|not met|n\/a)$/, ids.join());
    if (status === 'met' || status === 'in part') t.ok(tests.length > 0, `${ids} is shown by a test`);
    if (status !== 'met') t.ok(how.length > 0, `${ids} says why`);
  }
});

t.test('The tests that docs/security/asvs.md names exist', async (t) => {
  for (const { file, title } of rows.flatMap(({ tests }) => tests)) {
    t.ok(existsSync(file), file);
    t.ok(readFileSync(file, 'utf8').includes(`'${title}'`), `${file}: ${title}`);
  }
});
