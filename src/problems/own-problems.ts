import { STATUS_CODES } from 'node:http';
import { DeclarationError } from '../lib/declaration-error.ts';
import type { OwnSlug } from './own-slugs.ts';
import { entryOf, isSlug, type ProblemEntry, type ProblemSlug } from './registry.ts';

/** The `type` of a problem that has no meaning beside its status (RFC 9457 section 4.2.1). */
export const BLANK = 'about:blank';

export type AnySlug = ProblemSlug | OwnSlug | typeof BLANK;

/** Your own problems by slug. `detail` is sent where the thrown problem has none of its own. */
export type OwnProblemTable = Readonly<Record<string, ProblemEntry>>;

const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** The own problems of all apps of the process: a problem is made before it is known who answers with it. */
const declared = new Map<string, ProblemEntry>();

/**
 * Declares own problems, so that they can be thrown.
 *
 * @throws {DeclarationError} when a slug is not kebab-case or already has other texts, or when a status or a
 *   text is missing
 */
export function declareProblems(table: OwnProblemTable = {}): ReadonlyMap<string, ProblemEntry> {
  for (const [slug, entry] of Object.entries(table)) {
    const reason = isSlug(slug) ? "is a problem of Latchkey's own" : findMistake(slug, entry);
    if (reason !== undefined) throw new DeclarationError(`The problem "${slug}" ${reason}`);
    declared.set(slug, entry);
  }
  return new Map(Object.entries(table));
}

/** @returns the end of a sentence that begins with the slug */
function findMistake(slug: string, entry: ProblemEntry): string | undefined {
  if (!SLUG.test(slug)) return 'has no valid slug: write it in lower case with hyphens, like out-of-stock';
  if (!isErrorStatus(entry.status)) return 'has no status from 400 to 599';
  if (!entry.title || !entry.detail) return 'has no title or no detail: say what is wrong and what to do';
  const other = declared.get(slug);
  const isSame = other === undefined || JSON.stringify(other) === JSON.stringify(entry);
  return isSame ? undefined : 'is already declared with another status or text in this process';
}

/** Tells whether a value is an HTTP status of an error. */
export function isErrorStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 400 && value <= 599;
}

/** Returns the entry of a problem of the registry or of an app; undefined for an unknown slug. */
export function findEntry(slug: string): ProblemEntry | undefined {
  return isSlug(slug) ? entryOf(slug) : declared.get(slug);
}

/**
 * Returns the entry of a problem of the registry or of an app.
 *
 * @throws {DeclarationError} for an unknown slug
 */
export function requireEntry(slug: string): ProblemEntry {
  const entry = findEntry(slug);
  if (entry !== undefined) return entry;
  throw new DeclarationError(`There is no problem "${slug}": declare it in the option \`problems\``);
}

/** Returns the entry of a status without a slug. Its title is the phrase of the status. */
export function blankEntry(status: number): ProblemEntry {
  const detail =
    status < 500
      ? 'The request was refused; the reason is in the log of the service under the `requestId`.'
      : 'Something went wrong in the service; the cause is in its log under the `requestId`.';
  return { status, title: STATUS_CODES[status] ?? `Error ${status}`, detail };
}
