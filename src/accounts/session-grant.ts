/** What the tokens of a session are made of, all from one read of its user's row. */
export interface SessionGrant {
  readonly userId: string;
  readonly sessionId: string;
  /** The user's present level, or the session's cap when that is lower. */
  readonly access: number;
  readonly generation: number;
  readonly authenticatedAt: Date;
  readonly expiresAt: Date;
  /** Which refresh token of the session is to be used next. */
  readonly rotation: number;
}

/** The columns of a user that its tokens follow from. */
export const ownerColumns = {
  select: { id: true, access: true, generation: true, epoch: true, disabled: true },
} as const;

/** A row of {@link ownerColumns}. */
export interface Owner {
  readonly id: string;
  readonly access: number;
  readonly generation: number;
  readonly epoch: number;
  readonly disabled: boolean;
}

interface SessionRow {
  readonly id: string;
  readonly rotation: number;
  readonly accessCap: number | null;
  readonly authenticatedAt: Date;
  readonly expiresAt: Date;
}

/** What a session's tokens say as of now. */
export function toGrant(session: SessionRow, user: Owner): SessionGrant {
  return {
    userId: user.id,
    sessionId: session.id,
    access: Math.min(user.access, session.accessCap ?? user.access),
    generation: user.generation,
    authenticatedAt: session.authenticatedAt,
    expiresAt: session.expiresAt,
    rotation: session.rotation,
  };
}
