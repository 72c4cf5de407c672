import { pbkdf2, timingSafeEqual } from 'node:crypto';
import {
  type AcceptedHash,
  areLongEnough,
  fromBase64,
  NUMBER,
  PADDED_BASE64,
  tooCostly,
  toUnpaddedBase64,
} from './format.ts';

/**
 * Iterations times blocks, about a second. Django 6 and Werkzeug 3 use a million iterations and more, with
 * one block; Keycloak uses two blocks for SHA-256.
 */
const MAX_PBKDF2_COST = 2_000_000;

/** Digests, and the bytes of a block of each. */
const BLOCK_BYTES = { sha1: 20, sha256: 32, sha512: 64 } as const;
type Digest = keyof typeof BLOCK_BYTES;

/** PHC string format, and Keycloak's names of the algorithms: `pbkdf2` is with SHA-1 there. */
const phcText = new RegExp(
  `^\\$pbkdf2(?:-(sha1|sha256|sha512))?\\$i=${NUMBER}(?:,l=\\d{1,3})?\\$(${PADDED_BASE64})\\$(${PADDED_BASE64})$`,
);
/** The format of Django. The salt is text. */
const djangoText = new RegExp(
  `^pbkdf2_(sha1|sha256)\\$${NUMBER}\\$([A-Za-z0-9]{8,64})\\$(${PADDED_BASE64})$`,
);
/** The format of Python's Werkzeug, which Flask uses. The salt is text. */
const werkzeugText = /^pbkdf2:(sha1|sha256|sha512):(\d{1,9})\$([A-Za-z0-9]{8,64})\$((?:[0-9a-f]{2}){16,64})$/;
/** The format of Spring Security: salt and hash in hexadecimal digits, with fixed parameters. */
const springText = /^\{pbkdf2(@SpringSecurity_v5_8)?\}((?:[0-9a-f]{2})+)$/;
const SPRING = {
  5.5: { digest: 'sha1', iterations: 185_000, saltBytes: 8, hashBytes: 32 },
  5.8: { digest: 'sha256', iterations: 310_000, saltBytes: 16, hashBytes: 32 },
} as const;

/**
 * ASP.NET Core Identity: one byte for the version. Version 2 has fixed parameters, version 3 has the digest,
 * the iterations and the length of the salt as big-endian numbers.
 */
const ASPNET_V2 = { digest: 'sha1', iterations: 1_000, saltBytes: 16, hashBytes: 32 } as const;
const ASPNET_HEADER_BYTES = 13;
const ASPNET_DIGESTS: readonly (Digest | undefined)[] = ['sha1', 'sha256', 'sha512'];
const aspnetText = new RegExp(`^A[AQ]${PADDED_BASE64}$`);

interface Pbkdf2Hash {
  readonly digest: Digest;
  readonly iterations: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** Accepts a hash of PBKDF2 and writes it in PHC string format. */
export function acceptPbkdf2(text: string): AcceptedHash | undefined {
  const parts =
    readPbkdf2(text) ?? readDjango(text) ?? readWerkzeug(text) ?? readSpring(text) ?? readAspnet(text);
  if (parts === undefined || !areLongEnough(parts.salt, parts.hash)) return undefined;
  const { digest, iterations, salt, hash } = parts;
  if (iterations === 0) return undefined;
  if (iterations * Math.ceil(hash.length / BLOCK_BYTES[digest]) > MAX_PBKDF2_COST) return tooCostly;
  return {
    hash: `$pbkdf2-${digest}$i=${iterations},l=${hash.length}$${toUnpaddedBase64(salt)}$${toUnpaddedBase64(hash)}`,
  };
}

/** Reads a hash in PHC string format. @returns undefined when it is not one of PBKDF2 */
export function readPbkdf2(text: string): Pbkdf2Hash | undefined {
  const [, digest = 'sha1', iterations, salt = '', hash = ''] = phcText.exec(text) ?? [];
  return iterations === undefined ? undefined : build(digest, iterations, fromBase64(salt), fromBase64(hash));
}

function readDjango(text: string): Pbkdf2Hash | undefined {
  const [, digest, iterations = '', salt = '', hash = ''] = djangoText.exec(text) ?? [];
  return build(digest, iterations, Buffer.from(salt), fromBase64(hash));
}

function readWerkzeug(text: string): Pbkdf2Hash | undefined {
  const [, digest, iterations = '', salt = '', hash = ''] = werkzeugText.exec(text) ?? [];
  return build(digest, iterations, Buffer.from(salt), Buffer.from(hash, 'hex'));
}

function readSpring(text: string): Pbkdf2Hash | undefined {
  const [, version, digits] = springText.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return split(Buffer.from(digits, 'hex'), SPRING[version === undefined ? 5.5 : 5.8]);
}

function readAspnet(text: string): Pbkdf2Hash | undefined {
  const bytes = aspnetText.test(text) ? fromBase64(text) : undefined;
  if (bytes?.[0] === 0) return split(bytes.subarray(1), ASPNET_V2);
  if (bytes?.[0] !== 1 || bytes.length < ASPNET_HEADER_BYTES) return undefined;
  const digest = ASPNET_DIGESTS[bytes.readUInt32BE(1)];
  const end = ASPNET_HEADER_BYTES + bytes.readUInt32BE(9);
  const salt = bytes.subarray(ASPNET_HEADER_BYTES, end);
  return build(digest, String(bytes.readUInt32BE(5)), salt, bytes.subarray(end));
}

/** Splits a salt and a hash whose lengths are fixed. */
function split(
  bytes: Buffer,
  fixed: {
    readonly digest: Digest;
    readonly iterations: number;
    readonly saltBytes: number;
    readonly hashBytes: number;
  },
): Pbkdf2Hash | undefined {
  const { digest, iterations, saltBytes, hashBytes } = fixed;
  if (bytes.length !== saltBytes + hashBytes) return undefined;
  return { digest, iterations, salt: bytes.subarray(0, saltBytes), hash: bytes.subarray(saltBytes) };
}

function build(
  digest: string | undefined,
  iterations: string,
  salt: Buffer | undefined,
  hash: Buffer | undefined,
): Pbkdf2Hash | undefined {
  if (digest === undefined || !isDigest(digest) || salt === undefined || hash === undefined) return undefined;
  return { digest, iterations: Number(iterations), salt, hash };
}

function isDigest(name: string): name is Digest {
  return Object.hasOwn(BLOCK_BYTES, name);
}

/** Verifies a password with the parts of a stored hash, on another thread. */
export function verifyPbkdf2(
  { digest, iterations, salt, hash }: Pbkdf2Hash,
  password: string,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, hash.length, digest, (error, key) =>
      error === null ? resolve(timingSafeEqual(key, hash)) : reject(error),
    );
  });
}
