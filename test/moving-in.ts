/** The tables of docs/guides/moving-in.md. */
import { readFileSync } from 'node:fs';

export const page = readFileSync('docs/guides/moving-in.md', 'utf8');

/** Returns the rows of the table whose head begins with these cells. Code is taken out of its backquotes. */
export function tableOf(...head: readonly string[]): string[][] {
  const lines = page.split('\n');
  const begin = lines.indexOf(`| ${head.join(' | ')} |`);
  if (begin === -1) throw new Error(`No table with ${head.join(', ')}`);
  const rest = lines.slice(begin + 2);
  return rest
    .slice(
      0,
      rest.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')),
    );
}

/** Returns the block of code of the page that begins with a text. */
export function blockOf(beginning: string): string {
  const begin = page.indexOf(beginning);
  if (begin === -1) throw new Error(`No block with ${beginning}`);
  return page.slice(begin, page.indexOf('\n```', begin));
}
