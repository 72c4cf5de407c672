import type { FactorLimit } from '../config/second-factor.ts';
import { type AccessTokenClaims, CLIENT_ID } from '../tokens/claims.ts';
import { limitByFactors } from '../tokens/factors.ts';
import { type AccessColumns, accessAsOf } from './elevation.ts';

/** The counterpart of the claims of an access token, for an API key. */
export interface ApiKeyClaims {
  /** Id of the owner. */
  readonly sub: string;
  /** Id of the API key. */
  readonly key: string;
  /** The present level: the lower one of the key's and the owner's. */
  readonly access: number;
  /** The most that the key may do. */
  readonly cap: number;
  /** Generation of the owner. */
  readonly gen: number;
  /** Operations that the key may call; `*` for all. Null: all, because none were listed. */
  readonly operations: readonly string[] | null;
  /** True where the owner is a service account. */
  readonly service: boolean;
  /** True where it stands for a recent sign-in with all factors, for the operations that it names. */
  readonly standsForSignIn: boolean;
  readonly client_id: typeof CLIENT_ID;
  /** When the key expires, in seconds since 1970. */
  readonly exp: number;
}

/** The caller of a guarded request: a session with an access token, or an API key. */
export type CallerClaims = AccessTokenClaims | ApiKeyClaims;

/** Every operation, in the list of a key. */
export const ALL_OPERATIONS = '*';

/** A key and its owner, as they were read. */
export interface ApiKeyRecord {
  readonly id: string;
  readonly userId: string;
  /** The most that the key may do. */
  readonly access: number;
  readonly operations: string | null;
  readonly standsForSignIn: boolean;
  readonly expiresAt: Date;
  readonly user: AccessColumns & { readonly kind: string; readonly generation: number };
}

/** Tells whether a caller is an API key. */
export function isApiKey(claims: CallerClaims): claims is ApiKeyClaims {
  return 'key' in claims;
}

/**
 * Returns the level of a key at a time. A person's key stays below the level that asks for a second factor,
 * for it proves none.
 *
 * @param time milliseconds since 1970
 */
export function levelOfKey(
  { access, user }: { readonly access: number; readonly user: AccessColumns & { readonly kind: string } },
  limit: FactorLimit | undefined,
  time: number,
): number {
  const level = Math.min(access, accessAsOf(user, new Date(time)));
  return user.kind === 'service' ? level : limitByFactors(level, '1', limit).access;
}

/** Builds the claims of a key at a level. */
export function toClaims(record: ApiKeyRecord, access: number): ApiKeyClaims {
  const { id, userId, operations, standsForSignIn, expiresAt, user } = record;
  return Object.freeze({
    sub: userId,
    key: id,
    access,
    cap: record.access,
    gen: user.generation,
    operations: operations === null ? null : Object.freeze(operations.split(' ')),
    service: user.kind === 'service',
    standsForSignIn,
    client_id: CLIENT_ID,
    exp: Math.floor(expiresAt.getTime() / 1_000),
  });
}

/**
 * Tells whether a key may call an operation.
 *
 * @param operation undefined for a route without an operationId
 */
export function mayCall({ operations }: ApiKeyClaims, operation: string | undefined): boolean {
  if (operations === null || operations.includes(ALL_OPERATIONS)) return true;
  return operation !== undefined && operations.includes(operation);
}

/**
 * Tells whether a key stands for a recent sign-in with all factors at an operation: only a service account's
 * that names the operation, and that an operator or an admin with two factors has made.
 */
export function standsForSignIn(claims: ApiKeyClaims, operation: string | undefined): boolean {
  if (!claims.standsForSignIn || operation === undefined || operation === ALL_OPERATIONS) return false;
  return claims.operations?.includes(operation) === true;
}
