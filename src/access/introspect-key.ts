import { Problem } from '../problems/problem.ts';
import { API_KEY_PREFIX } from '../tokens/api-key.ts';
import { ALL_OPERATIONS } from './api-key-claims.ts';
import type { ApiKeys } from './api-keys.ts';
import type { KnownApiKey } from './known-api-key.ts';

/**
 * Finds an API key that is valid at this moment, for a service that was sent it. Wrong keys are not counted,
 * because the caller has proven to be an admin.
 *
 * @param isKept true where the service keeps the answer. Then the key is read from the database, as it is
 *   after every change that the service may have learnt of: from another process, before this one has
 * @returns undefined for every other text
 * @throws when the key has to be read and the database is unavailable
 */
export async function findValidKey(
  apiKeys: ApiKeys,
  text: string,
  isKept: boolean,
): Promise<KnownApiKey | undefined> {
  if (!text.startsWith(API_KEY_PREFIX)) return undefined;
  const header = `Bearer ${text}`;
  try {
    const known = isKept ? undefined : apiKeys.find(header);
    if (known === undefined || apiKeys.claimsOf(known) === undefined) await apiKeys.read(header, text);
    return apiKeys.find(header);
  } catch (error) {
    if (error instanceof Problem && error.slug === 'invalid-token') return undefined;
    throw error;
  }
}

/** The members for a service that asks for each request. */
export function describeKey({ claims: { sub, key, access, gen, client_id, exp } }: KnownApiKey) {
  return { token_type: 'Bearer' as const, sub, key, client_id, access, gen, exp };
}

/** The members for a service that keeps the answer, and compares it with the feed at each use. */
export function describeKeyWhole(known: KnownApiKey) {
  const { cap, operations, service } = known.claims;
  const { access, permanentAccess, accessUntil } = known.record.user;
  const until = accessUntil && { access_until: Math.floor(accessUntil.getTime() / 1_000) };
  return {
    ...describeKey(known),
    cap,
    operations: [...(operations ?? [ALL_OPERATIONS])],
    owner: { service, access, permanent_access: permanentAccess, ...until },
  };
}

/** Tells whether a key is good for every operation. One that is narrowed to some is good for those alone. */
export function isWhole({ claims: { operations } }: KnownApiKey): boolean {
  return operations === null || operations.includes(ALL_OPERATIONS);
}
