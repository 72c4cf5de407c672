import { entryOf, slugs } from '#latchkey/problems/registry.ts';
import { code, type Parts, table } from './fill-in.ts';

/** The table of the problems, in the order of the registry. */
export function describeProblems(): Parts {
  const rows = slugs.map((slug) => {
    const { status, title, detail, field } = entryOf(slug);
    return [code(slug), String(status), title, detail, field === undefined ? '' : code(field)];
  });
  return { problems: table(['slug', 'status', 'title', 'detail', 'header field'], rows) };
}
