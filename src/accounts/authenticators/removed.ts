import { invalidToken } from '../../access/challenges.ts';
import type { AuditRecord } from '../../audit/event.ts';
import type { Transaction } from '../../db/client.ts';
import { selectRow } from '../../db/raw/select.ts';
import type { TemplateName } from '../../mail/template-names.ts';
import type { ActorChange } from '../change.ts';
import type { SessionActor } from '../context.ts';
import { noticeTo } from '../notices.ts';
import { sessionColumns } from '../sessions/active.ts';
import { continueAlone } from '../sessions/continue.ts';
import { ownerColumns, type SessionGrant, toGrant } from '../sessions/grant.ts';
import { lastIssueOf } from '../sessions/last-issue.ts';
import { requireSameOrigin } from '../sessions/same-origin.ts';
import { joinMethods, methodsOf } from './methods.ts';

/** Sentences about the account, for the mail about a removed authenticator. */
const CONSEQUENCES = {
  last: 'It was the last one for a second factor: the recovery codes are void, one factor signs in from now on, and everybody else was signed out.',
  other: 'Your other authenticators stay as they are.',
} as const;

/** An authenticator of the actor whose row was deleted. */
export interface RemovedAuthenticator extends Pick<AuditRecord, 'personal'> {
  /** Its members of the audit event. */
  readonly before: NonNullable<AuditRecord['before']>;
  readonly template: TemplateName;
}

/**
 * Completes the removal of an authenticator by its owner. With the last one of the second class, the recovery
 * codes go, every other session ends, and the current one continues with tokens of one factor. While others
 * are left, nothing else changes.
 *
 * @throws {Problem} `invalid-token` when the session has ended; `same-origin-required` for a session in a
 *   cookie that the answer may not set
 */
export async function completeRemoval(
  change: ActorChange,
  actor: SessionActor,
  { before, personal, template }: RemovedAuthenticator,
): Promise<SessionGrant> {
  const { context, tx } = change;
  const { userId, requestContext } = actor;
  const isLast = !(await hasSecondClass(tx, userId));
  const recoveryCodes = isLast ? await deleteRecovery(tx, userId) : 0;
  const { grant, email } = isLast
    ? await continueWithOneFactor(change, actor)
    : await continueAsBefore(change, actor);
  change.record({
    action: 'authenticator.removed',
    actorId: userId,
    targetId: userId,
    before: { ...before, recoveryCodes },
    ...(personal !== undefined && { personal }),
    requestContext,
  });
  const consequence = CONSEQUENCES[isLast ? 'last' : 'other'];
  change.send(noticeTo(context, email, template, { consequence }));
  return grant;
}

/** Tells whether an account has an authenticator app or a passkey. */
async function hasSecondClass(tx: Transaction, userId: string): Promise<boolean> {
  return (await tx.totp.count({ where: { userId } })) + (await tx.passkey.count({ where: { userId } })) > 0;
}

/**
 * Deletes what is worth nothing without an authenticator: recovery codes, and the sign-ins that wait for one.
 *
 * @returns the number of recovery codes
 */
export async function deleteRecovery(tx: Transaction, userId: string): Promise<number> {
  await tx.signInChallenge.deleteMany({ where: { userId } });
  return (await tx.recoveryCode.deleteMany({ where: { userId } })).count;
}

async function continueWithOneFactor(change: ActorChange, actor: SessionActor) {
  const session = await selectRow(change.tx, 'Session', ['amr'], { id: actor.sessionId });
  if (session === undefined) throw invalidToken();
  return continueAlone(change, actor, {
    user: { secondFactor: false },
    session: { amr: joinMethods(methodsOf(session.amr, false)), secondFactorAt: null },
  });
}

/** Issues tokens of the session as it is. Its refresh token stays the same. */
async function continueAsBefore(
  { context, tx }: ActorChange,
  { userId, sessionId, requestContext }: SessionActor,
) {
  const session = await selectRow(tx, 'Session', sessionColumns, { id: sessionId });
  const user = await selectRow(tx, 'User', ownerColumns, { id: userId });
  if (session === undefined || user === undefined) throw invalidToken();
  // As `continueAlone` does: the answer has the refresh token again.
  if (session.cookie) requireSameOrigin(requestContext);
  const time = await context.now(tx);
  const tokensIssuedAt = lastIssueOf(session, time);
  await tx.session.update({ where: { id: sessionId }, data: { tokensIssuedAt } });
  return { grant: toGrant(context, session, user, time), email: user.email };
}
