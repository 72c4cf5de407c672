/** The generated parts of a page, between two comments: the text around them is written by hand. */

/** The tables and texts of a page, by the name in the comment before them. */
export type Parts = Readonly<Record<string, string>>;

const PART = /(<!-- generated: ([\w-]+) -->\n)(.*?)(<!-- \/generated -->)/gs;

/**
 * Puts the generated parts into a page, in place of what stands between their comments.
 *
 * @throws {Error} when the page and the parts do not have the same names
 */
export function fillIn(page: string, parts: Parts): string {
  const places = [...page.matchAll(PART)].map(([, , name = '']) => name);
  const missing = Object.keys(parts).filter((name) => !places.includes(name));
  if (missing.length > 0) throw new Error(`The page lacks <!-- generated: ${missing[0]} -->`);
  return page.replace(PART, (_all, begin: string, name: string, _before: string, end: string) => {
    const part = parts[name];
    if (part === undefined) throw new Error(`Nothing generates ${name}`);
    return `${begin}\n${part.trim()}\n\n${end}`;
  });
}

/** Writes a table. Cells may have any text. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n').replaceAll('|  |', '| |');
}

/** Marks a text as code. */
export function code(text: string): string {
  return `\`${text}\``;
}

function escapeCell(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');
}
