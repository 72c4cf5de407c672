import { acceptArgon2, argon2Cost } from './formats/argon2.ts';
import { acceptBcrypt } from './formats/bcrypt.ts';
import {
  acceptFirebase,
  acceptStoredFirebase,
  type FirebaseParameters,
  isFirebaseText,
  readFirebase,
} from './formats/firebase.ts';
import type { AcceptedHash, HashCost } from './formats/format.ts';
import { acceptPbkdf2 } from './formats/pbkdf2.ts';
import { acceptPhpass } from './formats/phpass.ts';
import { acceptScrypt, readScrypt, scryptCost } from './formats/scrypt.ts';

/** The cost of a hash that is not listed: bcrypt, PBKDF2 and phpass need almost no memory. */
const smallCost: HashCost = { memoryKib: 8, threads: 1 };

const unknown = {
  problem: 'is not a hash of argon2, bcrypt, scrypt, PBKDF2 or phpass in one of the forms that are accepted',
};
const plainText = { problem: 'is a password and not a hash ({noop} of Spring Security)' };
const noParameters = {
  problem: 'is a hash of Firebase: give the parameters of its project with --firebase-scrypt, or',
};

/** Parameters that the hashes of some software do not contain. */
export interface HashOptions {
  readonly firebase?: FirebaseParameters | undefined;
}

/**
 * Accepts a hash of other software if it can be verified at a sign-in and does not cost too much. Every
 * attempt at the account has that cost, and a client needs to know only the address.
 * docs/guides/moving-in.md lists what is accepted.
 *
 * @returns the stored form of the hash. The reason of a refusal never contains a part of the hash
 */
export function acceptHash(text: string, { firebase }: HashOptions = {}): AcceptedHash {
  if (text.startsWith('{noop}')) return plainText;
  if (isFirebaseText(text))
    return firebase === undefined ? noParameters : (acceptFirebase(text, firebase) ?? unknown);
  return (
    acceptArgon2(text) ??
    acceptBcrypt(text) ??
    acceptScrypt(text) ??
    acceptPbkdf2(text) ??
    acceptPhpass(text) ??
    acceptStoredFirebase(text) ??
    unknown
  );
}

/** The cost of verifying a password with a stored hash. */
export function costOf(hash: string): HashCost {
  const scrypt = readScrypt(hash) ?? readFirebase(hash);
  return argon2Cost(hash) ?? (scrypt === undefined ? smallCost : scryptCost(scrypt));
}
