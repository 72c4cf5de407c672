import type { AccountsContext } from '../context.ts';

/**
 * Returns the sentence of a mail about a level that asks for a second factor, for a person who has none. It
 * begins with a blank; '' where there is nothing to do.
 */
export function secondFactorAdvice(
  {
    levels,
    secondFactor: { limit },
    passkeys,
    signInMethods,
  }: Pick<AccountsContext, 'levels' | 'secondFactor' | 'passkeys' | 'signInMethods'>,
  access: number,
  hasSecondFactor: boolean,
): string {
  if (limit === undefined || access < limit.from || hasSecondFactor) return '';
  const hasPasskeys = passkeys.isOn && signInMethods.has('passkey');
  const passkey = hasPasskeys ? ' or a passkey' : '';
  return ` It asks for a second factor: sign in and set up an authenticator app${passkey} in your account. Until then you have the access level "${levels.nameOf(limit.below)}".`;
}
