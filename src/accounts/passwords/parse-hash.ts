/** The memory limit for hashes of other software. */
export const MAX_MEMORY_KIB = 131_072;

/**
 * The time limit for argon2: KiB times passes, about 0.5 to 1 s. The current parameters are a thirtieth of
 * it.
 */
const MAX_ARGON2_COST = 1_048_576;
const MAX_LANES = 16;

/** A cost of 14 means 2^14 rounds, about a second. bcrypt has no cost below 4. */
const BCRYPT_COSTS = { least: 4, most: 14 } as const;

/**
 * N * r * p, about 0.5 s. No parameters in OWASP's Password Storage Cheat Sheet are above it. It means 128
 * MiB too.
 */
const MAX_SCRYPT_COST = 1_048_576;

/** The cost of a bcrypt hash. */
const bcryptCost: HashCost = { memoryKib: 8, threads: 1 };

/** Bytes of an scrypt block for each unit of its block size: RFC 7914 section 2. */
const SCRYPT_BLOCK_BYTES = 128;

/** A password that matches a shorter hash can be found by trying. */
const SALT_BYTES = { least: 8, most: 64 } as const;
const HASH_BYTES = { least: 16, most: 64 } as const;

const BASE64 = '[A-Za-z0-9+/]+';
const NUMBER = '(\\d{1,9})';
/** Memory, passes, lanes. The package `argon2` writes the lanes before the passes since version 0.45. */
const PARAMETERS = `m=${NUMBER},(?:t=${NUMBER},p=${NUMBER}|p=${NUMBER},t=${NUMBER})`;
const argon2Text = new RegExp(
  `^\\$argon2(id|i|d)(?:\\$v=(16|19))?\\$${PARAMETERS}\\$(${BASE64})\\$(${BASE64})$`,
);
const bcryptText = /^(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21})([./A-Za-z0-9])([./A-Za-z0-9]{30})([./A-Za-z0-9])$/;
const scryptText = new RegExp(
  `^\\$scrypt\\$ln=(\\d{1,2}),r=(\\d{1,9}),p=(\\d{1,9})\\$(${BASE64})\\$(${BASE64})$`,
);
/** The format of Python's Werkzeug, which Flask uses. The salt is text. */
const werkzeugText = /^scrypt:(\d{1,9}):(\d{1,9}):(\d{1,9})\$([A-Za-z0-9]{8,64})\$((?:[0-9a-f]{2}){16,64})$/;

const BCRYPT_DIGITS = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** The cost of computing a hash. */
export interface HashCost {
  readonly memoryKib: number;
  readonly threads: number;
}

/** A hash in its stored form, or the reason why it is refused. */
export type AcceptedHash = { readonly hash: string } | { readonly problem: string };

const unknown = {
  problem: 'is not a hash of argon2, bcrypt or scrypt in one of the forms that are accepted',
};
const tooCostly = { problem: 'has parameters that cost too much to verify' };

/**
 * Accepts a hash of other software if it can be verified at a sign-in and does not cost too much. Every
 * attempt at the account has that cost, and a client needs to know only the address. Accepted are argon2 (PHC
 * string format), bcrypt ($2a$, $2b$, $2y$) and scrypt (PHC string format, and Werkzeug's).
 *
 * @returns the stored form of the hash. The reason of a refusal never contains a part of the hash
 */
export function acceptHash(text: string): AcceptedHash {
  return acceptArgon2(text) ?? acceptBcrypt(text) ?? acceptScrypt(text) ?? acceptWerkzeug(text) ?? unknown;
}

/**
 * Writes each hash in one way. Some software writes zeros before a number, sets unused bits of the last
 * digits, or writes the lanes before the passes.
 */
function acceptArgon2(text: string): AcceptedHash | undefined {
  const [, type, version = '16', memory, passes, lanes, lanesFirst, passesLast, salt, hash] =
    argon2Text.exec(text) ?? [];
  const [m, t, p] = [Number(memory), Number(passes ?? passesLast), Number(lanes ?? lanesFirst)];
  if (salt === undefined || hash === undefined || !haveValidLengths(salt, hash)) return undefined;
  // RFC 9106 section 3.1: at least one pass, and 8 KiB a lane.
  if (t === 0 || p === 0 || m < 8 * p) return undefined;
  if (m > MAX_MEMORY_KIB || m * t > MAX_ARGON2_COST || p > MAX_LANES) return tooCostly;
  return { hash: `$argon2${type}$v=${version}$m=${m},t=${t},p=${p}$${canonical(salt)}$${canonical(hash)}` };
}

function canonical(base64: string): string {
  return toUnpaddedBase64(Buffer.from(base64, 'base64'));
}

/**
 * Clears the unused bits in the last digits of the salt and the hash. Some software sets them, and our
 * verifier requires zeros.
 */
function acceptBcrypt(text: string): AcceptedHash | undefined {
  const [, head = '', cost, saltEnd = '', hash = '', hashEnd = ''] = bcryptText.exec(text) ?? [];
  if (cost === undefined || Number(cost) < BCRYPT_COSTS.least || Number(cost) > 31) return undefined;
  if (Number(cost) > BCRYPT_COSTS.most) return tooCostly;
  return { hash: head + clearUnusedBits(saltEnd, 4) + hash + clearUnusedBits(hashEnd, 2) };
}

function clearUnusedBits(digit: string, bits: number): string {
  const value = BCRYPT_DIGITS.indexOf(digit);
  return BCRYPT_DIGITS.charAt((value >> bits) << bits);
}

function acceptScrypt(text: string): AcceptedHash | undefined {
  const [, ln, r, p, salt, hash] = scryptText.exec(text) ?? [];
  if (!haveValidLengths(salt, hash)) return undefined;
  return scryptHash({ N: 2 ** Number(ln), r: Number(r), p: Number(p) }, text);
}

function acceptWerkzeug(text: string): AcceptedHash | undefined {
  const [, N, r, p, salt, hash] = werkzeugText.exec(text) ?? [];
  const ln = Math.log2(Number(N));
  if (salt === undefined || hash === undefined || !Number.isInteger(ln)) return undefined;
  const stored = `$scrypt$ln=${ln},r=${r},p=${p}$${toUnpaddedBase64(Buffer.from(salt))}$${toUnpaddedBase64(Buffer.from(hash, 'hex'))}`;
  return scryptHash({ N: Number(N), r: Number(r), p: Number(p) }, stored);
}

function scryptHash({ N, r, p }: ScryptCost, hash: string): AcceptedHash | undefined {
  if (N < 2 || r === 0 || p === 0) return undefined;
  return N * r * p > MAX_SCRYPT_COST ? tooCostly : { hash };
}

/** The parameters as in Node.js: cost (a power of two), block size, parallelization. */
interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** The parts of a stored scrypt hash. */
export interface ScryptHash extends ScryptCost {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** Reads a hash that {@link acceptHash} has accepted. @returns undefined when it is not an scrypt hash */
export function readScrypt(text: string): ScryptHash | undefined {
  const [, ln, r, p, salt, hash] = scryptText.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const cost = { N: 2 ** Number(ln), r: Number(r), p: Number(p) };
  return { ...cost, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}

/** The cost of verifying a password with a stored hash. argon2 runs one thread for each lane. */
export function costOf(hash: string): HashCost {
  const [, memory, lanes] = /^\$argon2[^$]*\$(?:v=\d+\$)?m=(\d+),(?:t=\d+,)?p=(\d+)/.exec(hash) ?? [];
  if (memory !== undefined) return { memoryKib: Number(memory), threads: Number(lanes) };
  const cost = readScrypt(hash);
  if (cost === undefined) return bcryptCost;
  return { memoryKib: Math.ceil((SCRYPT_BLOCK_BYTES * cost.r * (cost.N + cost.p)) / 1024), threads: 1 };
}

function haveValidLengths(salt: string | undefined, hash: string | undefined): boolean {
  return hasLength(salt, SALT_BYTES) && hasLength(hash, HASH_BYTES);
}

function hasLength(
  text: string | undefined,
  { least, most }: typeof SALT_BYTES | typeof HASH_BYTES,
): boolean {
  if (text === undefined || text.length % 4 === 1) return false;
  const bytes = Buffer.from(text, 'base64').length;
  return bytes >= least && bytes <= most;
}

/** Encodes bytes in base64 without padding, as in PHC string format. */
export function toUnpaddedBase64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
