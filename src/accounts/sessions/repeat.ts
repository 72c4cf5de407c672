import { MAX_USER_AGENT_LENGTH, type RequestContext } from '../../audit/event.ts';
import { networkOf } from '../../throttle/network.ts';
import type { RefreshTokenContents } from '../../tokens/refresh-tokens.ts';
import type { Change } from '../change.ts';
import { noticeTo } from '../notices.ts';
import type { ActiveSession } from './active.ts';
import { lastIssueOf } from './last-issue.ts';

/**
 * For this time after a rotation, the previous refresh token may still get the current one. Two tabs may
 * refresh at once, or an answer may get lost.
 */
const REUSE_GRACE_MS = 10_000;

/** Repetitions to other networks within this time are counted together. */
const REPEATS_PERIOD_MS = 86_400_000;

/** The user is told of the repetition with this number, once in a period. */
const NOTICED_REPEAT = 2;

/** Returns the User-Agent header as it is stored. */
export function userAgentOf({ userAgent }: RequestContext): string {
  return (userAgent ?? '').slice(0, MAX_USER_AGENT_LENGTH);
}

/** The network of a request that rotates or repeats, and its user agent: columns of a session. */
export function clientOf(requestContext: RequestContext) {
  return {
    rotatedNetwork: networkOf(requestContext.ip ?? ''),
    rotatedUserAgent: userAgentOf(requestContext),
  };
}

/** The place that the previous refresh token is sent from again. */
export type Repetition = 'same-network' | 'other-network';

/**
 * Tells whether a refresh token is the previous one, and the answer with the current one may have been lost.
 * The client of the rotation may repeat its request for {@link REUSE_GRACE_MS}. A phone may change its
 * network meanwhile, so the same user agent may repeat it once for each rotation from another network. A
 * thief who knows when the owner refreshes could do the same, so {@link recordRepetition} makes it known.
 *
 * The network is unknown when the version before made the last rotation. It had no such rule, and neither has
 * this one until the next rotation: a client whose answer is lost during an upgrade stays signed in.
 *
 * @returns undefined when the token counts as stolen
 */
export function findRepetition(
  { rotation }: RefreshTokenContents,
  { session, time }: ActiveSession,
  requestContext: RequestContext,
): Repetition | undefined {
  // A rotation in the future means that the clock was set back. The grace period must not last until that
  // time.
  const isInTime = Math.abs(time.getTime() - session.rotatedAt.getTime()) <= REUSE_GRACE_MS;
  if (rotation !== session.rotation - 1 || !isInTime) return undefined;
  const { rotatedNetwork, rotatedUserAgent } = clientOf(requestContext);
  if (session.rotatedNetwork === null || session.rotatedNetwork === rotatedNetwork) return 'same-network';
  const isFirst = session.repeatedRotation !== session.rotation;
  return isFirst && session.rotatedUserAgent === rotatedUserAgent ? 'other-network' : undefined;
}

/**
 * Records that a refresh token was repeated to another network. The second time in a day, the user is told.
 */
export async function recordRepetition(
  change: Change,
  { session, user, time }: ActiveSession,
  requestContext: RequestContext,
): Promise<void> {
  const { id, rotation, repeatsSince } = session;
  const isCounted =
    repeatsSince !== null && Math.abs(time.getTime() - repeatsSince.getTime()) < REPEATS_PERIOD_MS;
  const repeats = isCounted ? (session.repeats ?? 0) + 1 : 1;
  await change.tx.raw.execute`
    UPDATE "Session" SET "repeatedRotation" = ${rotation}, "repeats" = ${repeats},
      "repeatsSince" = ${isCounted ? repeatsSince : time}, "tokensIssuedAt" = ${lastIssueOf(session, time)}
    WHERE "id" = ${id}`;
  change.record({
    action: 'session.continued-elsewhere',
    actorId: null,
    targetId: user.id,
    after: { sessionId: id, repeats },
    requestContext,
  });
  if (repeats === NOTICED_REPEAT) change.send(noticeTo(change.context, user.email, 'continued-elsewhere'));
}
