import { domainToASCII, domainToUnicode } from 'node:url';

const DOMAIN_LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9\\-]{0,61}[a-zA-Z0-9])?';

/**
 * The last label of a domain, which begins with a letter (RFC 1123 section 2.1). Otherwise software for mails
 * reads the domain as a number: `256` as 0.0.1.0, `0x7f.1` as 127.0.0.1 (WHATWG URL, IPv4 parser).
 */
const LAST_DOMAIN_LABEL = '[a-zA-Z](?:[a-zA-Z0-9\\-]{0,61}[a-zA-Z0-9])?';

const LOCAL_PART = "[a-zA-Z0-9.!#$%&'*+\\/=?^_`\\{\\|\\}~\\-]+";
const ASCII_DOMAIN = `(?:${DOMAIN_LABEL}\\.)*${LAST_DOMAIN_LABEL}`;

/** A character beyond ASCII that is neither a space, a control character nor half of a surrogate pair. */
const BEYOND_ASCII = '[^\\u0000-\\u009f\\s\\ud800-\\udfff]';

/** A domain with characters beyond ASCII. {@link isConvertible} decides whether there is such a domain. */
const UNICODE_DOMAIN = `[a-zA-Z0-9.\\-]*${BEYOND_ASCII}(?:[a-zA-Z0-9.\\-]|${BEYOND_ASCII})*`;

/** 256 characters between angle brackets, less the brackets: RFC 5321 section 4.5.3.1.3. */
export const EMAIL_MAX_LENGTH = 254;

/** An email address as HTML defines it, or one with a domain beyond ASCII; space around it is trimmed. */
export const EMAIL_PATTERN = `^\\s*${LOCAL_PART}@(?:${ASCII_DOMAIN}|${UNICODE_DOMAIN})\\s*$`;

/** The pattern of the OpenAPI document, which accepts more: classes such as `\\s` differ between flavours. */
export const PUBLISHED_EMAIL_PATTERN = `^[^!-~]*${LOCAL_PART}@(?:[a-zA-Z0-9.\\-]|[^!-~])+$`;

/** The name of the format in JSON Schema (RFC 6531, as JSON Schema Validation section 7.3.2 names it). */
export const EMAIL_FORMAT = 'idn-email';

const asciiAddress = new RegExp(`^${LOCAL_PART}@${ASCII_DOMAIN}$`, 'u');
const unicodeAddress = new RegExp(`^(${LOCAL_PART})@(${UNICODE_DOMAIN})$`, 'u');

/**
 * The scripts that the characters of a label may come from together, besides digits and signs that all have
 * (UTS 39 section 5.2, "highly restrictive").
 */
const SCRIPTS = [
  ['Latin', 'Han', 'Hiragana', 'Katakana'],
  ['Latin', 'Han', 'Bopomofo'],
  ['Latin', 'Han', 'Hangul'],
  ...['Arabic', 'Armenian', 'Bengali', 'Cyrillic', 'Devanagari', 'Ethiopic', 'Georgian', 'Greek'].map(alone),
  ...['Gujarati', 'Gurmukhi', 'Hebrew', 'Kannada', 'Khmer', 'Lao', 'Malayalam', 'Myanmar'].map(alone),
  ...['Oriya', 'Sinhala', 'Tamil', 'Telugu', 'Thaana', 'Thai', 'Tibetan'].map(alone),
].map((names) => {
  const classes = [...names, 'Common', 'Inherited'].map((name) => `\\p{scx=${name}}`).join('');
  return new RegExp(`^[${classes}]*$`, 'u');
});

function alone(name: string): readonly string[] {
  return [name];
}

/**
 * The stored form of an email address: trimmed, in lower case, and with the A-label of an internationalized
 * domain (UTS 46), which mail servers understand. The part before the @ has to be ASCII.
 *
 * @returns undefined for an address that has no such form. In the part before the @, U+212A (Kelvin sign)
 *   would become `k`, which can be the address of another person
 */
export function normalizeEmail(email: string): string | undefined {
  const trimmed = email.trim();
  if (/^[\x21-\x7e]+$/.test(trimmed)) return trimmed.toLowerCase();
  const [, local, domain] = unicodeAddress.exec(trimmed) ?? [];
  if (local === undefined || domain === undefined) return undefined;
  // It would read a domain like `１２７.1` as a number, which is not one of the addresses that are accepted.
  const address = `${local.toLowerCase()}@${domainToASCII(domain)}`;
  return asciiAddress.test(address) && address.length <= EMAIL_MAX_LENGTH ? address : undefined;
}

/** Tells whether an address that fits {@link EMAIL_PATTERN} has a stored form. Other texts are not judged. */
export function isConvertible(email: string): boolean {
  return !unicodeAddress.test(email.trim()) || normalizeEmail(email) !== undefined;
}

/**
 * The form of a stored address that people read: an internationalized domain in its own script. A domain
 * stays as it is stored where a label mixes scripts, for it could look like another one.
 */
export function displayEmail(stored: string): string {
  const [local = '', domain = ''] = splitAddress(stored);
  if (!domain.includes('xn--')) return stored;
  const shown = domainToUnicode(domain);
  const isClear = shown.split('.').every((label) => SCRIPTS.some((script) => script.test(label)));
  return isClear && domainToASCII(shown) === domain ? `${local}@${shown}` : stored;
}

/** The beginning of stored addresses that a text means. Labels of a domain beyond ASCII must be complete. */
export function toStoredPrefix(text: string): string {
  const [local = '', domain = ''] = splitAddress(text.trim());
  if (!new RegExp(`^${UNICODE_DOMAIN}$`, 'u').test(domain)) return text;
  const ascii = domainToASCII(domain);
  return ascii === '' ? text : `${local}@${ascii}`;
}

function splitAddress(text: string): string[] {
  const at = text.lastIndexOf('@');
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
