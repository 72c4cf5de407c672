import { invalidToken, refusedCode } from '../../access/challenges.ts';
import { selectRow } from '../../db/raw/select.ts';
import { invalidBody, Problem } from '../../problems/problem.ts';
import { type ActorChange, makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, Actor } from '../context.ts';
import { voidEmailChanges } from '../mail-tokens.ts';
import { noticeTo } from '../notices.ts';
import { sessionColumns } from '../sessions/active.ts';
import { ownerColumns, type SessionGrant, toGrant } from '../sessions/grant.ts';
import { lastIssueOf } from '../sessions/last-issue.ts';
import { unlockSecondFactor } from '../sign-in/code-attempt.ts';
import { isMailCode, needsMailCode } from './mail-code.ts';
import { joinMethods } from './methods.ts';
import { replaceRecoveryCodes } from './recovery-codes.ts';
import { requireAllFactors } from './require-factors.ts';
import { findStep } from './totp.ts';

/** Codes that may be tried with one secret. */
const MAX_TRIES = 5;

/** The codes that confirm a secret. */
export interface Confirmation {
  readonly code: string;
  /** The code that was mailed, where one was. */
  readonly mailCode?: string;
}

/** A session that has two factors now, and the recovery codes of an account that had none. */
export interface Confirmed {
  readonly grant: SessionGrant;
  /** True when the account had no second factor before. */
  readonly isFirst: boolean;
  readonly recoveryCodes: string[] | null;
}

/**
 * Confirms the secret of the actor's session with its first code. The account has a second factor from then
 * on, and the session has proven it. The code signs no one in afterwards. A code is counted before it is
 * verified, and the count stays when it is wrong.
 *
 * @param maxAge seconds that may have passed since the sign-in, as the route declares them
 * @throws {Problem} `wrong-code`; `totp-not-pending`; `validation-failed` without a mailed code that is asked
 *   for; `two-factors-required` when the account has a second factor and the session has one factor;
 *   `invalid-token`
 */
export async function confirmTotp(
  context: AccountsContext,
  actor: Actor,
  confirmation: Confirmation,
  maxAge: number,
): Promise<Confirmed> {
  const confirmed = await makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    await requireAllFactors(change, maxAge);
    return verifyAndActivate(change, actor, confirmation);
  });
  if (confirmed === undefined) throw refusedCode('wrong-code');
  // Wrong codes of an app that was removed say nothing about this one.
  if (confirmed.isFirst) await unlockSecondFactor(context, actor.userId);
  return confirmed;
}

/** @returns undefined for a wrong code */
async function verifyAndActivate(
  change: ActorChange,
  actor: Actor,
  { code, mailCode }: Confirmation,
): Promise<Confirmed | undefined> {
  const { context, tx } = change;
  const { userId, sessionId } = actor;
  const time = await context.now(tx);
  const where = { sessionId, tries: { lt: MAX_TRIES }, expiresAt: { gt: time } };
  const pending = await tx.pendingTotp.findUnique({ where });
  const user = await selectRow(tx, 'User', [...ownerColumns, 'secondFactor'], { id: userId });
  if (user === undefined) throw invalidToken();
  const secret = pending && context.totpEncryption.decrypt(pending.secret, userId);
  // Null, and a code is needed: the level has been raised since the secret was made.
  if (!secret || (needsMailCode(context, user, time) && pending.mailCodeHash === null))
    throw new Problem('totp-not-pending');
  if (pending.mailCodeHash !== null && mailCode === undefined)
    throw invalidBody('/mailCode', 'required', 'is required: it was mailed to the address of your account');
  const { tries, mailCodeHash } = pending;
  const counted = await tx.pendingTotp.updateMany({
    where: { ...where, tries },
    data: { tries: { increment: 1 } },
  });
  if (counted.count === 0) throw new Error('A count that Serializable isolation excludes');
  const step = findStep(secret, code, time);
  const isMailed = mailCodeHash === null || isMailCode(secret, mailCode ?? '', mailCodeHash);
  if (step === undefined || !isMailed) return undefined;
  await tx.pendingTotp.delete({ where: { sessionId } });
  // Encrypted anew: SECRET may have changed since the enrolment began.
  const totp = {
    secret: context.totpEncryption.encrypt(secret, userId),
    lastStep: step,
    createdAt: time,
    lastUsedAt: time,
  };
  await tx.totp.upsert({ where: { userId }, create: { userId, ...totp }, update: totp });
  const isFirst = !user.secondFactor;
  if (isFirst) {
    await tx.user.update({ where: { id: userId }, data: { secondFactor: true, updatedAt: new Date() } });
    // One factor was enough to ask for them.
    await voidEmailChanges(change, userId);
  }
  const hasCodes = (await tx.recoveryCode.count({ where: { userId } })) > 0;
  const recoveryCodes = hasCodes ? null : await replaceRecoveryCodes(tx, userId, time);
  const after = { authenticator: 'totp', replaced: !isFirst, recoveryCodes: recoveryCodes?.length ?? 0 };
  const { requestContext } = actor;
  change.record({ action: 'authenticator.added', actorId: userId, targetId: userId, after, requestContext });
  change.send(noticeTo(context, user.email, 'authenticator-added'));
  return { grant: await raiseSession(change, actor, user, time), isFirst, recoveryCodes };
}

/** Notes that a session has proven a code. Its first factor is recent, as the route asks. */
async function raiseSession(
  { context, tx }: ActorChange,
  { sessionId }: Actor,
  user: Parameters<typeof toGrant>[2],
  time: Date,
): Promise<SessionGrant> {
  const found = await selectRow(tx, 'Session', sessionColumns, { id: sessionId });
  if (found === undefined) throw invalidToken();
  const proven = {
    amr: joinMethods([...found.amr.split(' '), 'otp']),
    secondFactorAt: time,
    tokensIssuedAt: lastIssueOf(found, time),
  };
  await tx.session.update({ where: { id: sessionId }, data: proven });
  return toGrant(context, { ...found, ...proven }, user, time);
}
