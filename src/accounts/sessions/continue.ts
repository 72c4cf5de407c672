import { invalidToken } from '../../access/challenges.ts';
import type { ColumnsOf } from '../../db/client.ts';
import { endKeysWithSessions } from '../api-keys/end.ts';
import type { ActorChange } from '../change.ts';
import type { SessionActor } from '../context.ts';
import { type SessionGrant, toGrant } from './grant.ts';
import { findLastIssue } from './last-issue.ts';
import { rotatedBeforeOf } from './list.ts';
import { requireSameOrigin } from './same-origin.ts';

/** Columns that change together with the end of the other sessions. */
export interface Continuation {
  readonly user: Partial<Pick<ColumnsOf<'User'>, 'passwordHash' | 'secondFactor'>>;
  readonly session: Partial<Pick<ColumnsOf<'Session'>, 'authenticatedAt' | 'amr' | 'secondFactorAt'>>;
  /** True to keep the API keys, which otherwise end too. */
  readonly keepsKeys?: boolean;
}

/** The session that continues, and the address of its user. */
export interface Continued {
  readonly grant: SessionGrant;
  readonly email: string;
}

/**
 * Ends every session of the actor except the current one, which continues with tokens of a new generation.
 * All earlier tokens, those of the current session too, are revoked.
 *
 * @throws {Problem} `same-origin-required` for a session in a cookie that the answer may not set
 */
export async function continueAlone(
  change: ActorChange,
  { userId, sessionId, requestContext }: SessionActor,
  { keepsKeys = false, ...columns }: Continuation,
): Promise<Continued> {
  const { context, tx, revoke } = change;
  if (!keepsKeys) await endKeysWithSessions(change, userId);
  const time = await context.now(tx);
  const lastIssuedAt = await findLastIssue(tx, userId);
  await tx.session.deleteMany({ where: { userId, id: { not: sessionId } } });
  const before = await tx.session.findUnique({ where: { id: sessionId } });
  if (before === null) throw invalidToken();
  // Without its next cookie, the browser would send the one of before, which counts as stolen then.
  if (before.cookie) requireSameOrigin(requestContext);
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
  if (keepsKeys) await tx.apiKey.updateMany({ where: { userId }, data: { epoch: user.epoch } });
  revoke({ userId, generation: user.generation, lastIssuedAt });
  return { grant: toGrant(context, session, user, time), email: user.email };
}
