import type { ColumnsOf } from '../../db/client.ts';
import { accessAsOf } from '../elevation.ts';

/** Milliseconds of a session, or of a higher level, that are not worth a token: its end is in whole seconds. */
export const SHORTEST_TOKEN = 1_000;

/** What the tokens of a session are made of, all from one read of its user's row. */
export interface SessionGrant {
  readonly userId: string;
  readonly sessionId: string;
  /** The user's present level, or the session's cap when that is lower. */
  readonly access: number;
  readonly generation: number;
  readonly authenticatedAt: Date;
  /** When the session ends, or a level with a time limit: tokens outlive neither. */
  readonly expiresAt: Date;
  /** Which refresh token of the session is to be used next. */
  readonly rotation: number;
}

/** The columns of a user that its tokens follow from. */
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

/** What a session's tokens say as of a time. */
export function toGrant(session: SessionRow, user: Owner, time: Date): SessionGrant {
  const current = accessAsOf(user, new Date(time.getTime() + SHORTEST_TOKEN));
  const access = Math.min(current, session.accessCap ?? current);
  const { accessUntil } = user;
  const endsBefore = access > user.permanentAccess && accessUntil !== null && accessUntil < session.expiresAt;
  return {
    userId: user.id,
    sessionId: session.id,
    access,
    generation: user.generation,
    authenticatedAt: session.authenticatedAt,
    expiresAt: endsBefore ? accessUntil : session.expiresAt,
    rotation: session.rotation,
  };
}
