/** What a password's hash may cost that others have made, in memory: KiB. */
export const MAX_MEMORY = 131_072;

/** What argon2 may cost in time: KiB times passes, some 0.5 to 1 s. Today's parameters are a thirtieth. */
const MAX_ARGON2 = 1_048_576;
const MAX_LANES = 16;

/** 2^14 rounds, about a second. Below 4 there is no bcrypt. */
const BCRYPT_COSTS = { least: 4, most: 14 } as const;

/** N * r * p, some 0.5 s; all parameters that OWASP's Password Storage Cheat Sheet names are at most this. It is 128 MiB too. */
const MAX_SCRYPT = 1_048_576;

/** What bcrypt takes. */
const bcryptCost: HashCost = { memoryKib: 8, threads: 1 };

/** Bytes of a block of scrypt, for each unit of its block size: RFC 7914 section 2. */
const SCRYPT_BLOCK = 128;

/** Bytes. Of a shorter hash, another password is found by trying. */
const SALT = { least: 8, most: 64 } as const;
const HASH = { least: 16, most: 64 } as const;

const BASE64 = '[A-Za-z0-9+/]+';
const NUMBER = '(\\d{1,9})';
/** Memory, passes, lanes. The package `argon2` writes lanes before passes since its version 0.45. */
const PARAMETERS = `m=${NUMBER},(?:t=${NUMBER},p=${NUMBER}|p=${NUMBER},t=${NUMBER})`;
const argon2Text = new RegExp(
  `^\\$argon2(id|i|d)(?:\\$v=(16|19))?\\$${PARAMETERS}\\$(${BASE64})\\$(${BASE64})$`,
);
const bcryptText = /^(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21})([./A-Za-z0-9])([./A-Za-z0-9]{30})([./A-Za-z0-9])$/;
const scryptText = new RegExp(
  `^\\$scrypt\\$ln=(\\d{1,2}),r=(\\d{1,9}),p=(\\d{1,9})\\$(${BASE64})\\$(${BASE64})$`,
);
/** Of Python's Werkzeug, which Flask uses: the salt is text. */
const werkzeugText = /^scrypt:(\d{1,9}):(\d{1,9}):(\d{1,9})\$([A-Za-z0-9]{8,64})\$((?:[0-9a-f]{2}){16,64})$/;

const BCRYPT_DIGITS = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** What a hash takes while it is computed. */
export interface HashCost {
  readonly memoryKib: number;
  readonly threads: number;
}

/** A hash that can be kept, or what is wrong with it. */
export type AcceptedHash = { readonly hash: string } | { readonly problem: string };

const unknown = {
  problem: 'is not a hash of argon2, bcrypt or scrypt in one of the forms that are accepted',
};
const costly = { problem: 'has parameters that cost too much to verify' };

/**
 * Looks whether a hash that comes from elsewhere can be verified at a sign-in, and for what it costs: whoever knows the address
 * makes us pay that with every try. Accepted are argon2 (PHC string format), bcrypt ($2a$, $2b$, $2y$) and scrypt (PHC string
 * format, and Werkzeug's).
 *
 * @returns the form in which it is stored. Never part of it in what is wrong
 */
export function acceptHash(text: string): AcceptedHash {
  return acceptArgon2(text) ?? acceptBcrypt(text) ?? acceptScrypt(text) ?? acceptWerkzeug(text) ?? unknown;
}

/**
 * One text for each hash: some write zeros before a number, bits of the last digits that mean nothing, or
 * lanes before passes.
 */
function acceptArgon2(text: string): AcceptedHash | undefined {
  const [, type, version = '16', memory, passes, lanes, lanesFirst, passesLast, salt, hash] =
    argon2Text.exec(text) ?? [];
  const [m, t, p] = [Number(memory), Number(passes ?? passesLast), Number(lanes ?? lanesFirst)];
  if (salt === undefined || hash === undefined || !isLongEnough(salt, hash)) return undefined;
  // RFC 9106 section 3.1: at least one pass, and 8 KiB a lane.
  if (t === 0 || p === 0 || m < 8 * p) return undefined;
  if (m > MAX_MEMORY || m * t > MAX_ARGON2 || p > MAX_LANES) return costly;
  return { hash: `$argon2${type}$v=${version}$m=${m},t=${t},p=${p}$${canonical(salt)}$${canonical(hash)}` };
}

function canonical(base64: string): string {
  return unpadded(Buffer.from(base64, 'base64'));
}

/** The last digits of salt and hash have bits that mean nothing, which some write and our verifier wants to be zero. */
function acceptBcrypt(text: string): AcceptedHash | undefined {
  const [, head = '', cost, saltEnd = '', hash = '', hashEnd = ''] = bcryptText.exec(text) ?? [];
  if (cost === undefined || Number(cost) < BCRYPT_COSTS.least || Number(cost) > 31) return undefined;
  if (Number(cost) > BCRYPT_COSTS.most) return costly;
  return { hash: head + withoutBits(saltEnd, 4) + hash + withoutBits(hashEnd, 2) };
}

function withoutBits(digit: string, bits: number): string {
  const value = BCRYPT_DIGITS.indexOf(digit);
  return BCRYPT_DIGITS.charAt((value >> bits) << bits);
}

function acceptScrypt(text: string): AcceptedHash | undefined {
  const [, ln, r, p, salt, hash] = scryptText.exec(text) ?? [];
  if (!isLongEnough(salt, hash)) return undefined;
  return scryptHash({ N: 2 ** Number(ln), r: Number(r), p: Number(p) }, text);
}

function acceptWerkzeug(text: string): AcceptedHash | undefined {
  const [, N, r, p, salt, hash] = werkzeugText.exec(text) ?? [];
  const ln = Math.log2(Number(N));
  if (salt === undefined || hash === undefined || !Number.isInteger(ln)) return undefined;
  const stored = `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(Buffer.from(salt))}$${unpadded(Buffer.from(hash, 'hex'))}`;
  return scryptHash({ N: Number(N), r: Number(r), p: Number(p) }, stored);
}

function scryptHash({ N, r, p }: ScryptCost, hash: string): AcceptedHash | undefined {
  if (N < 2 || r === 0 || p === 0) return undefined;
  return N * r * p > MAX_SCRYPT ? costly : { hash };
}

/** As in Node.js: cost (a power of two), block size, parallelization. */
interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** What is in a stored hash of scrypt. */
export interface ScryptHash extends ScryptCost {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** Reads what {@link acceptHash} has let in. @returns undefined for what is no hash of scrypt */
export function readScrypt(text: string): ScryptHash | undefined {
  const [, ln, r, p, salt, hash] = scryptText.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const cost = { N: 2 ** Number(ln), r: Number(r), p: Number(p) };
  return { ...cost, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}

/** What it takes to verify a password with a stored hash: argon2 has a thread for each of its lanes. */
export function costOf(hash: string): HashCost {
  const [, memory, lanes] = /^\$argon2[^$]*\$(?:v=\d+\$)?m=(\d+),(?:t=\d+,)?p=(\d+)/.exec(hash) ?? [];
  if (memory !== undefined) return { memoryKib: Number(memory), threads: Number(lanes) };
  const cost = readScrypt(hash);
  if (cost === undefined) return bcryptCost;
  return { memoryKib: Math.ceil((SCRYPT_BLOCK * cost.r * (cost.N + cost.p)) / 1024), threads: 1 };
}

function isLongEnough(salt: string | undefined, hash: string | undefined): boolean {
  return isOfBytes(salt, SALT) && isOfBytes(hash, HASH);
}

function isOfBytes(text: string | undefined, { least, most }: typeof SALT | typeof HASH): boolean {
  if (text === undefined || text.length % 4 === 1) return false;
  const bytes = Buffer.from(text, 'base64').length;
  return bytes >= least && bytes <= most;
}

/** PHC string format has base64 without padding. */
export function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
