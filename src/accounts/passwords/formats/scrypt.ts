import { type BinaryLike, scrypt, timingSafeEqual } from 'node:crypto';
import {
  type AcceptedHash,
  areLongEnough,
  BASE64,
  fromBase64,
  type HashCost,
  NUMBER,
  PADDED_BASE64,
  tooCostly,
  toUnpaddedBase64,
} from './format.ts';

/**
 * N * r * p, about 0.5 s. No parameters in OWASP's Password Storage Cheat Sheet are above it. It means 128
 * MiB too.
 */
const MAX_SCRYPT_COST = 1_048_576;

/** Bytes of an scrypt block for each unit of its block size: RFC 7914 section 2. */
const SCRYPT_BLOCK_BYTES = 128;

/** The memory limit of scrypt. The default of Node.js is a quarter of what the accepted parameters need. */
const SCRYPT_MAX_BYTES = 256 * 1024 * 1024;

const scryptText = new RegExp(
  `^\\$scrypt\\$ln=(\\d{1,2}),r=${NUMBER},p=${NUMBER}\\$(${BASE64})\\$(${BASE64})$`,
);
/** The format of Python's Werkzeug, which Flask uses. The salt is text. */
const werkzeugText = /^scrypt:(\d{1,9}):(\d{1,9}):(\d{1,9})\$([A-Za-z0-9]{8,64})\$((?:[0-9a-f]{2}){16,64})$/;
/** The format of Django: N, salt, r, p, hash. The salt is text. */
const djangoText = new RegExp(
  `^scrypt\\$${NUMBER}\\$([A-Za-z0-9]{8,64})\\$${NUMBER}\\$${NUMBER}\\$(${PADDED_BASE64})$`,
);
/** The format of Spring Security: one hexadecimal number for log2(N), r and p. */
const springText = new RegExp(
  `^\\{scrypt(?:@SpringSecurity_v5_8)?\\}\\$([0-9a-f]{5,6})\\$(${PADDED_BASE64})\\$(${PADDED_BASE64})$`,
);
/** The format of Better Auth. The salt is the text of its hexadecimal digits. */
const betterAuthText = /^([0-9a-f]{32}):([0-9a-f]{128})$/;
const BETTER_AUTH: ScryptCost = { N: 16_384, r: 16, p: 1 };

/** The parameters as in Node.js: cost (a power of two), block size, parallelization. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** The parts of an scrypt hash. */
export interface ScryptHash extends ScryptCost {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** Accepts a hash of scrypt and writes it in PHC string format. */
export function acceptScrypt(text: string): AcceptedHash | undefined {
  const parts =
    readScrypt(text) ?? readWerkzeug(text) ?? readDjango(text) ?? readSpring(text) ?? readBetterAuth(text);
  if (parts === undefined || !areLongEnough(parts.salt, parts.hash)) return undefined;
  const problem = findCostProblem(parts);
  if (problem !== undefined) return problem.isTooCostly ? tooCostly : undefined;
  const { N, r, p, salt, hash } = parts;
  const digits = `${toUnpaddedBase64(salt)}$${toUnpaddedBase64(hash)}`;
  return { hash: `$scrypt$ln=${Math.log2(N)},r=${r},p=${p}$${digits}` };
}

/** Checks parameters. @returns undefined when they are valid and do not cost too much */
export function findCostProblem({ N, r, p }: ScryptCost): { readonly isTooCostly: boolean } | undefined {
  if (N < 2 || r === 0 || p === 0 || !Number.isInteger(Math.log2(N))) return { isTooCostly: false };
  return N * r * p > MAX_SCRYPT_COST ? { isTooCostly: true } : undefined;
}

/** Reads a hash in PHC string format. @returns undefined when it is not an scrypt hash */
export function readScrypt(text: string): ScryptHash | undefined {
  const [, ln, r, p, salt = '', hash = ''] = scryptText.exec(text) ?? [];
  return ln === undefined
    ? undefined
    : withBase64({ N: 2 ** Number(ln), r: Number(r), p: Number(p) }, salt, hash);
}

function readWerkzeug(text: string): ScryptHash | undefined {
  const [, N, r, p, salt = '', hash = ''] = werkzeugText.exec(text) ?? [];
  if (N === undefined) return undefined;
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  return { ...cost, salt: Buffer.from(salt), hash: Buffer.from(hash, 'hex') };
}

function readDjango(text: string): ScryptHash | undefined {
  const [, N, salt = '', r, p, hash = ''] = djangoText.exec(text) ?? [];
  if (N === undefined) return undefined;
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  return withBase64(cost, toUnpaddedBase64(Buffer.from(salt)), hash);
}

function readSpring(text: string): ScryptHash | undefined {
  const [, parameters, salt = '', hash = ''] = springText.exec(text) ?? [];
  if (parameters === undefined) return undefined;
  const number = Number.parseInt(parameters, 16);
  return withBase64({ N: 2 ** (number >> 16), r: (number >> 8) & 0xff, p: number & 0xff }, salt, hash);
}

function readBetterAuth(text: string): ScryptHash | undefined {
  const [, salt, hash] = betterAuthText.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  return { ...BETTER_AUTH, salt: Buffer.from(salt), hash: Buffer.from(hash, 'hex') };
}

function withBase64(cost: ScryptCost, saltText: string, hashText: string): ScryptHash | undefined {
  const [salt, hash] = [fromBase64(saltText), fromBase64(hashText)];
  return salt === undefined || hash === undefined ? undefined : { ...cost, salt, hash };
}

/** The memory of a hash. */
export function scryptCost({ N, r, p }: ScryptCost): HashCost {
  return { memoryKib: Math.ceil((SCRYPT_BLOCK_BYTES * r * (N + p)) / 1024), threads: 1 };
}

/** Derives a key on another thread. @param length bytes */
export function deriveScrypt(
  password: BinaryLike,
  salt: Buffer,
  { N, r, p }: ScryptCost,
  length: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, { N, r, p, maxmem: SCRYPT_MAX_BYTES }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

/** Verifies a password with the parts of a stored hash. */
export async function verifyScrypt(parts: ScryptHash, password: string): Promise<boolean> {
  return timingSafeEqual(await deriveScrypt(password, parts.salt, parts, parts.hash.length), parts.hash);
}
