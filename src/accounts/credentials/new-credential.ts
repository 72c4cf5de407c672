import { displayEmail } from '../../lib/email-address.ts';
import { invalidBody } from '../../problems/problem.ts';
import type { Ceremony } from '../../tokens/passkey-challenges.ts';
import type { AccountsContext } from '../context.ts';
import { normalizeName, requireEmail } from '../normalize.ts';
import { type NewPasskey, verifyAttestation } from '../passkeys/attestation.ts';
import type { PasskeyAttestation } from '../passkeys/credential.schemas.ts';
import { creationOptions } from '../passkeys/options.ts';
import type { PasskeyCreationOptions } from '../passkeys/schemas.ts';
import { hashPassword, requireHashingCapacity, unusableHash } from '../passwords/hash.ts';
import { requireGoodPassword } from '../passwords/strength.ts';
import { requireSignInMethod } from '../sign-in/required-method.ts';

/** The credential that an account to be is asked for with: a password or a passkey, not both. */
export interface GivenCredential {
  readonly password?: string;
  readonly passkey?: PasskeyAttestation;
}

/** The ceremonies of accounts to be. */
type NewAccount = Extract<Ceremony, { name: 'new-account' | 'invitation' }>;

/** A credential that was verified or hashed. Without a passkey, the hash is that of a password. */
export interface NewCredential {
  readonly passwordHash: string;
  readonly passkey: NewPasskey | undefined;
}

/**
 * Makes the options of the passkey of an account to be. Nothing is written, and no account is looked for.
 *
 * @param input checked against the schemas of users/schemas.ts
 * @param ceremony what the account is made by
 * @throws {Problem} `passkeys-not-available`
 */
export function newAccountOptions(
  context: AccountsContext,
  { name, email }: { readonly name: string; readonly email: string },
  ceremony: NewAccount = { name: 'new-account' },
): Promise<PasskeyCreationOptions> {
  const user = { name: normalizeName(name), email: displayEmail(requireEmail(email)) };
  return creationOptions(context, ceremony, user);
}

/**
 * Hashes the password, or verifies the passkey, of an account to be. It takes time: call it before the
 * transaction.
 *
 * @param person whose name and address are no good passwords
 * @param ceremony what the account is made by
 * @throws {Problem} `validation-failed` unless there is exactly one, or for a password that is too common;
 *   `passkey-invalid`; `passkeys-not-available`; `sign-in-method-off`; `busy`
 */
export async function prepareCredential(
  context: AccountsContext,
  { password, passkey }: GivenCredential,
  person: { readonly name: string; readonly email: string },
  ceremony: NewAccount = { name: 'new-account' },
): Promise<NewCredential> {
  requireOneOf(password, passkey);
  if (passkey !== undefined) {
    const verified = await verifyAttestation(context, passkey, ceremony, { requiresUser: true });
    return { passwordHash: unusableHash(), passkey: verified };
  }
  if (password === undefined) throw invalidBody('/password', 'required', 'or passkey is required');
  requireSignInMethod(context, 'password');
  requireHashingCapacity();
  await requireGoodPassword(password, person, '/password');
  return { passwordHash: await hashPassword(password), passkey: undefined };
}

/** @throws {Problem} `validation-failed` when both are there */
export function requireOneOf(password: unknown, passkey: unknown): void {
  if (password !== undefined && passkey !== undefined)
    throw invalidBody('/passkey', 'unknown', 'is not known beside a password: send one of them');
}
