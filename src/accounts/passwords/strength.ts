import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { packageRoot } from '../../config/package.ts';
import { loadOnce } from '../../lib/load-once.ts';
import { invalidBody } from '../../problems/problem.ts';
import { WordList } from './word-list.ts';

/** The owner of a password. */
export interface PasswordOwner {
  readonly name: string;
  readonly email: string;
}

/** Shorter parts of a name or of an address are not looked for in a password. */
const MIN_PART_LENGTH = 4;

/** Characters of the longest common password. A test compares it with the list. */
export const LONGEST_WORD = 20;

/** Characters around a common password that do not make it stronger. */
const PADDING = /^\P{L}+|\P{L}+$/gu;

/**
 * Processes that set no passwords do not load the list. The service loads it before it listens, and then
 * opens no file for a password.
 */
export const loadCommonPasswords = loadOnce(
  async () => new WordList(await readFile(resolve(packageRoot, 'wordlists/common-passwords.txt'))),
);

/**
 * Refuses weak passwords: the 49,000 most common ones, also with digits around them, repeated, or two in a
 * row; and the owner's name and address (NIST SP 800-63B-4 section 3.1.1.2). The schema checks the length.
 *
 * @param pointer JSON Pointer to the password in the body
 * @throws {Problem} `validation-failed`
 */
export async function requireGoodPassword(
  password: string,
  owner: PasswordOwner,
  pointer: string,
): Promise<void> {
  const weakness = await findWeakness(password, owner);
  if (weakness !== undefined) throw invalidBody(pointer, 'weak-password', weakness);
}

/**
 * The reason why {@link requireGoodPassword} refuses a password, as a predicate; undefined when it is good.
 */
export async function findWeakness(password: string, owner: PasswordOwner): Promise<string | undefined> {
  const folded = fold(password);
  if (isOwn(folded, owner)) return 'must be more than your name or address';
  const list = await loadCommonPasswords();
  const core = folded.replace(PADDING, '');
  const isGuessed = [folded, core, repeatedUnit(folded), repeatedUnit(core)].some((form) =>
    isCommon(form, list),
  );
  return isGuessed ? 'is one of the most common passwords: choose another' : undefined;
}

function isCommon(text: string, list: WordList): boolean {
  if (list.has(text)) return true;
  // Neither half is longer than a word. Normalization makes texts of thousands of characters.
  const first = Math.max(MIN_PART_LENGTH, text.length - LONGEST_WORD);
  const last = Math.min(text.length - MIN_PART_LENGTH, LONGEST_WORD);
  for (let at = first; at <= last; at++)
    if (list.has(text.slice(0, at)) && list.has(text.slice(at))) return true;
  return false;
}

function isOwn(password: string, { name, email }: PasswordOwner): boolean {
  const [local = ''] = email.split('@');
  const own = [name, email, local, name.replace(/\s+/g, ''), ...name.split(/\s+/)]
    .map(fold)
    .filter((text) => text.length >= MIN_PART_LENGTH);
  const rest = own.reduce((text, part) => text.replaceAll(part, ''), password);
  return rest.replace(/\P{L}/gu, '') === '' && rest !== password;
}

/** The repeated part of a text: `abc` of `abcabcabc`. The text itself when it does not repeat. */
function repeatedUnit(text: string): string {
  const next = `${text}${text}`.indexOf(text, 1);
  return next === -1 ? text : text.slice(0, next);
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().trim();
}
