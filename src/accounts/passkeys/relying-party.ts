import type { RelyingPartyRules } from '../../config/index.ts';
import { Problem } from '../../problems/problem.ts';
import type { AccountsContext } from '../context.ts';

/**
 * Returns the names of passkeys.
 *
 * @throws {Problem} `passkeys-not-available` where the configuration allows none
 */
export function requirePasskeys({
  passkeys,
  signInMethods,
}: Pick<AccountsContext, 'passkeys' | 'signInMethods'>): RelyingPartyRules {
  if (!passkeys.isOn || !signInMethods.has('passkey')) throw new Problem('passkeys-not-available');
  return passkeys;
}
