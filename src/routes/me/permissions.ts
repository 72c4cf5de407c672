import { type CallerClaims, isApiKey, mayCall, standsForSignIn } from '../../access/api-key-claims.ts';
import type { AccessLevels } from '../../access/levels.ts';
import type { Operation } from '../../access/plugin.ts';
import type { FactorLimit } from '../../config/second-factor.ts';

const SECOND_MS = 1_000;

/** An operation, and what a caller may do with it. */
export interface Permission extends Operation {
  readonly allowed: boolean;
  /** True where a second factor would open it. */
  readonly secondFactor: boolean;
}

/** Compares a caller with the conditions of an operation, as the guard does. */
export function permissionOf(claims: CallerClaims, operation: Operation): Permission {
  const { minimum, factors, operationId, session, maxAge } = operation;
  if (minimum === null) return { ...operation, allowed: !session || !isApiKey(claims), secondFactor: false };
  if (isApiKey(claims)) {
    const isNamed = standsForSignIn(claims, operationId);
    const mayStepUp = (maxAge === null && factors === 1) || isNamed;
    const allowed = !session && mayCall(claims, operationId) && claims.access >= minimum && mayStepUp;
    return { ...operation, allowed, secondFactor: false };
  }
  const { access, access2, acr } = claims;
  const allowed = access >= minimum && (factors === 1 || acr === '2');
  const secondFactor = !allowed && acr !== '2' && (access2 ?? access) >= minimum;
  return { ...operation, allowed, secondFactor };
}

/** Describes the token or the API key of a caller. */
export function describeCaller(claims: CallerClaims) {
  if (isApiKey(claims)) {
    const { access, cap, key: id, exp, operations } = claims;
    const expiresAt = new Date(exp * SECOND_MS).toISOString();
    const key = { id, operations: operations === null ? null : [...operations], expiresAt };
    return { access, access2: null, cap, acr: '1' as const, amr: [], authenticatedAt: null, key };
  }
  const { access, access2 = null, cap = null, acr = '1', amr = [], auth_time } = claims;
  const authenticatedAt = new Date(auth_time * SECOND_MS).toISOString();
  return { access, access2, cap, acr, amr, authenticatedAt, key: null };
}

/** Describes the levels. @param limit undefined: none asks for a second factor */
export function describeLevels({ all }: AccessLevels, limit: FactorLimit | undefined) {
  return all.map(({ name: accessName, number: access }) => ({
    access,
    accessName,
    secondFactor: limit !== undefined && access >= limit.from,
  }));
}
