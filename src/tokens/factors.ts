import type { FactorLimit } from '../config/second-factor.ts';

/**
 * The authentication context classes of tokens (`acr`, RFC 9068 section 2.2.1): one factor or two. They are
 * values of this service, and none of the levels of NIST SP 800-63B.
 */
export const acrValues = ['1', '2'] as const;
export type Acr = (typeof acrValues)[number];

/** The level of a token, and the level that a second factor would give where that is higher. */
export interface FactorAccess {
  readonly access: number;
  readonly access2?: number;
}

/**
 * Limits a level by the number of factors.
 *
 * @param access the level of the user, or of the session when that is lower
 */
export function limitByFactors(access: number, acr: Acr, limit: FactorLimit | undefined): FactorAccess {
  if (limit === undefined || acr === '2' || access < limit.from) return { access };
  return { access: limit.below, access2: access };
}
