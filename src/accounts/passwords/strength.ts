import { loadOnce } from '../../lib/load-once.ts';
import { invalidBody } from '../../problems/problem.ts';

/** Whose password it is to be. */
export interface PasswordOwner {
  readonly name: string;
  readonly email: string;
}

/** Characters of a name, or of the part of an address before the @, that are too few to look for in a password. */
const SHORTEST = 4;

/** What may be around a common password without making it another one. */
const PADDING = /^\P{L}+|\P{L}+$/gu;

/** 400 KB, of which 4 MB are made: what chooses no passwords does without. The service loads it before it listens. */
export const loadCommonPasswords = loadOnce(async (): Promise<ReadonlySet<string>> => {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  return new Set(dictionary['passwords-common']);
});

/**
 * Refuses what is guessed first: one of 49,000 common passwords, also with digits around it, said several times, or two in a row;
 * and the owner's own name and address (NIST SP 800-63B-4 section 3.1.1.2). Its length is a matter of the schema.
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
  if (weakness !== undefined) throw invalidBody(pointer, weakness);
}

/** What {@link requireGoodPassword} has against a password, in words that follow its name; undefined when it is good. */
export async function findWeakness(password: string, owner: PasswordOwner): Promise<string | undefined> {
  const folded = fold(password);
  if (isOwn(folded, owner)) return 'must be more than your name or address';
  const list = await loadCommonPasswords();
  const core = folded.replace(PADDING, '');
  const isGuessed = [folded, core, unit(folded), unit(core)].some((form) => isCommon(form, list));
  return isGuessed ? 'is one of the most common passwords: choose another' : undefined;
}

function isCommon(text: string, list: ReadonlySet<string>): boolean {
  if (list.has(text)) return true;
  for (let at = SHORTEST; at <= text.length - SHORTEST; at++)
    if (list.has(text.slice(0, at)) && list.has(text.slice(at))) return true;
  return false;
}

function isOwn(password: string, { name, email }: PasswordOwner): boolean {
  const [local = ''] = email.split('@');
  const own = [name, email, local, name.replace(/\s+/g, ''), ...name.split(/\s+/)]
    .map(fold)
    .filter((text) => text.length >= SHORTEST);
  const rest = own.reduce((text, part) => text.replaceAll(part, ''), password);
  return rest.replace(/\P{L}/gu, '') === '' && rest !== password;
}

/** What a text repeats: `abc` of `abcabcabc`; otherwise the text. */
function unit(text: string): string {
  const next = `${text}${text}`.indexOf(text, 1);
  return next === -1 ? text : text.slice(0, next);
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().trim();
}
