import type { AccountsContext } from '../context.ts';
import { isUsableHash } from '../passwords/hash.ts';

type Rules = Pick<AccountsContext, 'signInMethods' | 'passkeys'>;

/** The authenticators of an account that begin a sign-in. */
export interface FirstAuthenticators {
  readonly passwordHash: string;
  /** The number of passkeys. */
  readonly passkeys: number;
}

/**
 * Tells whether an account can sign in with these authenticators. Methods that SIGN_IN_METHODS leaves out do
 * not count.
 */
export function hasWayIn({ signInMethods, passkeys }: Rules, account: FirstAuthenticators): boolean {
  if (hasWayWithoutPasskey({ signInMethods }, account)) return true;
  return account.passkeys > 0 && passkeys.isOn && signInMethods.has('passkey');
}

/** Tells whether an account can sign in without any passkey: with a password, or a code by mail. */
export function hasWayWithoutPasskey(
  { signInMethods }: Pick<Rules, 'signInMethods'>,
  { passwordHash }: Pick<FirstAuthenticators, 'passwordHash'>,
): boolean {
  return signInMethods.has('email') || (signInMethods.has('password') && isUsableHash(passwordHash));
}
