import { newId } from '../lib/id.ts';
import type { NamedRevocation } from './revocation-map.ts';

/**
 * A revocation of access tokens: all of a user's below a generation, all of a session, or all tokens.
 *
 * `lastIssuedAt` is the latest time at which tokens that it ends were issued; null when there are none. The
 * revocation of all tokens has none: it ends those that were issued until its own time.
 */
export type Revocation =
  | (NamedRevocation & { readonly lastIssuedAt: Date | null })
  | { readonly allUsers: true };

/**
 * Returns the date of revocations that are committed together: now, or the time at which the last of their
 * tokens was issued. While the clock was ahead, tokens were issued that become valid in the future. Polls,
 * evictions and pruning reckon from the date, so a revocation is kept for as long as its tokens may live.
 */
export function dateOf(revocations: readonly Revocation[], now: Date): Date {
  let date = now;
  for (const revocation of revocations)
    if ('lastIssuedAt' in revocation && revocation.lastIssuedAt !== null && revocation.lastIssuedAt > date)
      date = revocation.lastIssuedAt;
  return date;
}

/** Builds the row of a revocation. It names neither a user nor a session when it applies to all users. */
export function toRow(revocation: Revocation, createdAt: Date) {
  return {
    id: newId(createdAt),
    userId: 'userId' in revocation ? revocation.userId : null,
    generation: 'userId' in revocation ? revocation.generation : null,
    sessionId: 'sessionId' in revocation ? revocation.sessionId : null,
    createdAt,
  };
}

/** The columns of a revocation's row that say what it applies to, and its date. */
export type RevocationRow = Omit<ReturnType<typeof toRow>, 'id'>;
