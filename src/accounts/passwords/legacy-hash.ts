import { verifyBcrypt } from './formats/bcrypt.ts';
import { readFirebase, verifyFirebase } from './formats/firebase.ts';
import { readPbkdf2, verifyPbkdf2 } from './formats/pbkdf2.ts';
import { verifyPhpass } from './formats/phpass.ts';
import { readScrypt, verifyScrypt } from './formats/scrypt.ts';

/**
 * Verifies a password with a hash of other software that is not argon2. Like argon2, it runs on another
 * thread; phpass runs in turns of the event loop.
 *
 * @param hash a hash that `acceptHash` has accepted
 */
export async function verifyLegacyHash(hash: string, password: string): Promise<boolean> {
  const scrypt = readScrypt(hash);
  if (scrypt !== undefined) return verifyScrypt(scrypt, password);
  const pbkdf2 = readPbkdf2(hash);
  if (pbkdf2 !== undefined) return verifyPbkdf2(pbkdf2, password);
  const firebase = readFirebase(hash);
  if (firebase !== undefined) return verifyFirebase(firebase, password);
  return (await verifyPhpass(hash, password)) ?? (await verifyBcrypt(hash, password));
}
