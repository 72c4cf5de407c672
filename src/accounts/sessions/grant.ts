import type { ColumnsOf } from '../../db/client.ts';
import type { AccessTokenSubject } from '../../tokens/tokens.ts';
import { accessAsOf } from '../elevation.ts';

/** No token is issued for less time than this: the expiry of a token is in whole seconds. */
export const MIN_TOKEN_LIFETIME_MS = 1_000;

/** The values that the tokens of a session are made of. All come from one read of the user's row. */
export interface SessionGrant extends AccessTokenSubject {
  /** The number of the session's current refresh token. */
  readonly rotation: number;
}

/** The columns of a user that the tokens are made of. */
export const ownerColumns = [
  'id',
  'email',
  'access',
  'permanentAccess',
  'accessUntil',
  'generation',
  'epoch',
  'disabled',
] as const;

/** A row of {@link ownerColumns}. */
export type Owner = Pick<ColumnsOf<'User'>, (typeof ownerColumns)[number]>;

interface SessionRow {
  readonly id: string;
  readonly rotation: number;
  readonly accessCap: number | null;
  readonly authenticatedAt: Date;
  readonly expiresAt: Date;
}

/** The values of a session's tokens at a time. */
export function toGrant(session: SessionRow, user: Owner, time: Date): SessionGrant {
  const current = accessAsOf(user, new Date(time.getTime() + MIN_TOKEN_LIFETIME_MS));
  const access = Math.min(current, session.accessCap ?? current);
  const { accessUntil } = user;
  const endsBefore = access > user.permanentAccess && accessUntil !== null && accessUntil < session.expiresAt;
  return {
    userId: user.id,
    sessionId: session.id,
    access,
    generation: user.generation,
    authenticatedAt: session.authenticatedAt,
    issuedAt: time,
    expiresAt: endsBefore ? accessUntil : session.expiresAt,
    rotation: session.rotation,
  };
}
