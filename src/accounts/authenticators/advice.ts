import type { AccountsContext } from '../context.ts';

/**
 * Returns the sentence of a mail about a level that asks for a second factor, for a person who has none. It
 * begins with a blank; '' where there is nothing to do.
 */
export function secondFactorAdvice(
  { levels, secondFactor: { limit } }: Pick<AccountsContext, 'levels' | 'secondFactor'>,
  access: number,
  hasSecondFactor: boolean,
): string {
  if (limit === undefined || access < limit.from || hasSecondFactor) return '';
  return ` It asks for a second factor: sign in and set up an authenticator app (POST /me/totp). Until then you have the access level "${levels.nameOf(limit.below)}".`;
}
