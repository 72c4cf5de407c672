import { type AccessTokenClaims, InvalidTokenError } from './claims.ts';
import type { RevocationFeed } from './revocations.ts';
import type { Tokens } from './tokens.ts';

/**
 * Finds the claims of an access token that is valid at this moment.
 *
 * @returns undefined for every other text
 * @throws when the revocations in memory are stale and the database is unavailable
 */
export async function findValidClaims(
  { tokens, revocations }: { readonly tokens: Pick<Tokens, 'verify'>; readonly revocations: RevocationFeed },
  token: string,
): Promise<AccessTokenClaims | undefined> {
  try {
    const claims = tokens.verify(token);
    const isValid = revocations.isFresh ? !revocations.revokes(claims) : await revocations.confirm(claims);
    return isValid ? claims : undefined;
  } catch (error) {
    if (error instanceof InvalidTokenError) return undefined;
    throw error;
  }
}
