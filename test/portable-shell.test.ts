/**
 * The shell lines of the pages work on macOS too, whose `date`, `sed` and others are not those of GNU.
 *
 * @runs once, on SQLite: it asks no database.
 */
import { globSync, readFileSync } from 'node:fs';
import t from 'tap';

/** Options that the tools of GNU have alone, or that mean another thing elsewhere. */
const gnuOnly: readonly [tool: string, pattern: RegExp][] = [
  ['date -d', /\bdate (?:-u )?(?:-d|--date)\b/],
  ['sed -i', /\bsed (?:-\w )?-i\b/],
  ['readlink -f', /\breadlink -[a-z]*f\b/],
  ['grep -P', /\bgrep -[a-zA-Z]*P/],
  ['stat -c', /\bstat (?:-c|--format)\b/],
  ['base64 -w', /\bbase64 -w/],
  ['xargs -r', /\bxargs -[a-z0-9]*r\b/],
  ['head -c 1K', /\bhead -c ?\d+[A-Z]/],
  ['sort -V', /\bsort -[a-z]*V/],
  ['cp --parents', /\bcp --[a-z]/],
];

/** Returns the lines of the shell in a page, without those that are for a Linux server (systemd). */
function shellLines(page: string): string[] {
  const blocks = [...page.matchAll(/^ *```(?:sh|bash|shell)\n([\s\S]*?)^ *```$/gm)].map(
    ([, text = '']) => text,
  );
  return blocks
    .filter((text) => !/\b(?:systemctl|journalctl)\b/.test(text))
    .flatMap((text) => text.split('\n'));
}

t.test('No shell line of a page needs the tools of GNU', async (t) => {
  const pages = ['*.md', 'docs/**/*.md', 'deploy/**/*.md', 'examples/*/*.md', 'packages/*/*.md'].flatMap(
    (glob) => globSync(glob),
  );
  const lines = pages.flatMap((path) =>
    shellLines(readFileSync(path, 'utf8')).map((line) => ({ path, line })),
  );
  t.ok(pages.length > 20 && lines.length > 100, `${pages.length} pages, ${lines.length} lines`);
  const found = lines.filter(({ line }) => gnuOnly.some(([, pattern]) => pattern.test(line)));
  t.strictSame(found, []);
  for (const line of [
    'date -u -d "+1 hour" +%FT%TZ',
    "sed -i 's/a/b/' file",
    'readlink -f x',
    'x | xargs -r rm',
  ])
    t.ok(
      gnuOnly.some(([, pattern]) => pattern.test(line)),
      line,
    );
  t.strictSame(shellLines('```sh\ndate +%F\n```\n'), ['date +%F', '']);
});
