import { invalidToken } from '../../access/challenges.ts';
import type { ColumnsOf } from '../../db/client.ts';
import type { ActorChange } from '../change.ts';
import type { Actor } from '../context.ts';
import { type SessionGrant, toGrant } from './grant.ts';
import { findLastIssue } from './last-issue.ts';
import { rotatedBeforeOf } from './list.ts';

/** Columns that change together with the end of the other sessions. */
export interface Continuation {
  readonly user: Partial<Pick<ColumnsOf<'User'>, 'passwordHash' | 'secondFactor'>>;
  readonly session: Partial<Pick<ColumnsOf<'Session'>, 'authenticatedAt' | 'amr' | 'secondFactorAt'>>;
}

/** The session that continues, and the address of its user. */
export interface Continued {
  readonly grant: SessionGrant;
  readonly email: string;
}

/**
 * Ends every session of the actor except the current one, which continues with tokens of a new generation.
 * All earlier tokens, those of the current session too, are revoked.
 */
export async function continueAlone(
  { context, tx, revoke }: ActorChange,
  { userId, sessionId }: Actor,
  columns: Continuation,
): Promise<Continued> {
  const time = await context.now(tx);
  const lastIssuedAt = await findLastIssue(tx, userId);
  await tx.session.deleteMany({ where: { userId, id: { not: sessionId } } });
  const before = await tx.session.findUnique({ where: { id: sessionId } });
  if (before === null) throw invalidToken();
  const user = await tx.user.update({
    where: { id: userId },
    data: {
      ...columns.user,
      epoch: { increment: 1 },
      generation: { increment: 1 },
      updatedAt: new Date(),
    },
  });
  // Two steps, so that the old refresh token is not the previous one: that one would still get its successor
  // for 10 s.
  const session = await tx.session.update({
    where: { id: sessionId },
    data: {
      ...columns.session,
      epoch: user.epoch,
      rotation: { increment: 2 },
      rotatedAt: time,
      rotatedBefore: rotatedBeforeOf(before, time),
      tokensIssuedAt: lastIssuedAt !== null && lastIssuedAt > time ? lastIssuedAt : time,
    },
  });
  revoke({ userId, generation: user.generation, lastIssuedAt });
  return { grant: toGrant(context, session, user, time), email: user.email };
}
