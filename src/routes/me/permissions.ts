import type { Operation } from '../../access/plugin.ts';
import type { AccessTokenClaims } from '../../tokens/claims.ts';

/** An operation, and what a token may do with it. */
export interface Permission extends Operation {
  readonly allowed: boolean;
  /** True where a second factor would open it. */
  readonly secondFactor: boolean;
}

/** Compares a token with the level and the factors of an operation, as the guard does. */
export function permissionOf({ access, access2, acr }: AccessTokenClaims, operation: Operation): Permission {
  const { minimum, factors } = operation;
  const allowed = minimum === null || (access >= minimum && (factors === 1 || acr === '2'));
  const secondFactor = !allowed && acr !== '2' && (access2 ?? access) >= minimum;
  return { ...operation, allowed, secondFactor };
}
