import { invalidCredentials, invalidRefreshToken } from '../../access/challenges.ts';
import type { RequestContext } from '../../audit/event.ts';
import { insertRows } from '../../db/raw/insert.ts';
import { newId } from '../../lib/id.ts';
import type { RefreshTokenContents } from '../../tokens/refresh-tokens.ts';
import { joinMethods, proveTwoFactors } from '../authenticators/methods.ts';
import { type Change, makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import type { SignedIn } from '../sign-in/sign-in.ts';
import { endStolenSession, findActiveSession } from './active.ts';
import { evictSurplusSessions } from './end.ts';
import { findOwner, type Owner, type SessionGrant, toGrant } from './grant.ts';
import { lastIssueOf } from './last-issue.ts';
import { rotatedBeforeOf } from './list.ts';
import { clientOf, findRepetition, recordRepetition, userAgentOf } from './repeat.ts';
import { requireSameOrigin } from './same-origin.ts';

const DAY_MS = 86_400_000;

/** A session without a refresh ends after this time. */
export const IDLE_TIMEOUT_MS = 30 * DAY_MS;

/** A session ends after this time in any case, and the user has to sign in again. */
const ABSOLUTE_TIMEOUT_MS = 90 * DAY_MS;

/** The wishes of a sign-in for its session. */
export interface SessionOptions {
  /** The highest level of its tokens; a cap above the user's level has no effect. */
  readonly accessCap?: number | undefined;
  /** True for a refresh token in a cookie. */
  readonly cookie?: boolean;
}

/**
 * Opens a session for a user who has proven the factors that the account asks for. A user with too many
 * sessions loses the one that was unused for the longest time.
 *
 * @throws {Problem} as `insertSession`
 */
export async function openSession(
  context: AccountsContext,
  signedIn: SignedIn,
  requestContext: RequestContext,
  options?: SessionOptions,
): Promise<SessionGrant> {
  const opened = await makeChange(context, async (change) => {
    const user = await findOwner(change.tx, signedIn);
    if (user === undefined) throw invalidCredentials();
    return insertSession(change, user, signedIn, requestContext, options);
  });
  await evictSurplusSessions(context, signedIn.id, requestContext);
  return opened;
}

/**
 * Inserts a session in a change under way.
 *
 * @param user was checked in its transaction
 * @throws {Problem} `same-origin-required` for a session in a cookie that the answer may not set
 */
export async function insertSession(
  { context, tx, record }: Change,
  user: Owner,
  { id, epoch, amr = ['pwd'] }: SignedIn,
  requestContext: RequestContext,
  { accessCap, cookie = false }: SessionOptions = {},
): Promise<SessionGrant> {
  if (cookie) requireSameOrigin(requestContext);
  const time = await context.now(tx);
  const session = {
    id: newId(time),
    userId: id,
    epoch,
    rotation: 0,
    rotatedAt: time,
    accessCap: accessCap ?? null,
    authenticatedAt: time,
    amr: joinMethods(amr),
    secondFactorAt: proveTwoFactors(amr) ? time : null,
    tokensIssuedAt: time,
    createdAt: time,
    idleUntil: new Date(time.getTime() + IDLE_TIMEOUT_MS),
    expiresAt: new Date(time.getTime() + ABSOLUTE_TIMEOUT_MS),
    ip: requestContext.ip ?? '',
    userAgent: userAgentOf(requestContext),
    cookie,
  };
  await insertRows(tx, 'Session', [session]);
  const grant = toGrant(context, session, user, time);
  const after = { sessionId: session.id, access: grant.access, amr: session.amr };
  record({ action: 'session.opened', actorId: id, targetId: id, after, requestContext });
  return grant;
}

/**
 * Rotates a session's refresh token. The token of a session in a cookie counts in a cookie only, and that of
 * any other session never does: one that was taken out of a cookie, or put into it, is worth nothing.
 *
 * @param token the contents of a refresh token whose HMAC is valid
 * @param isInCookie where the token was
 * @throws {Problem} `invalid-refresh-token`. When the token was used before, its session ends: an attacker
 *   may have a copy of the token (RFC 9700 section 4.14.2)
 */
export async function refreshSession(
  context: AccountsContext,
  token: RefreshTokenContents,
  requestContext: RequestContext,
  isInCookie: boolean,
): Promise<SessionGrant> {
  const grant = await makeChange(context, async (change) => {
    const { tx } = change;
    const active = await findActiveSession(context, tx, token.sessionId);
    if (active === undefined || active.session.cookie !== isInCookie) return undefined;
    const { session, user, time } = active;
    const rotation = session.rotation + 1;
    if (token.rotation === session.rotation) {
      const { rotatedNetwork, rotatedUserAgent } = clientOf(requestContext);
      const count = await tx.raw.execute`
        UPDATE "Session" SET "rotation" = ${rotation}, "rotatedAt" = ${time}, "idleUntil" = ${new Date(time.getTime() + IDLE_TIMEOUT_MS)},
          "tokensIssuedAt" = ${lastIssueOf(session, time)},
          "rotatedNetwork" = ${rotatedNetwork}, "rotatedUserAgent" = ${rotatedUserAgent},
          "rotatedBefore" = ${rotatedBeforeOf(session, time)}
        WHERE "id" = ${session.id} AND "rotation" = ${session.rotation}`;
      if (count === 0) throw new Error('A rotation that Serializable isolation excludes');
      return toGrant(context, { ...session, rotation }, user, time);
    }
    const repetition = findRepetition(token, active, requestContext);
    if (repetition === 'other-network') await recordRepetition(change, active, requestContext);
    if (repetition !== undefined) return toGrant(context, session, user, time);
    await endStolenSession(change, active, requestContext);
    return undefined;
  });
  if (grant === undefined) throw invalidRefreshToken();
  return grant;
}
