import { invalidToken, refusedCode } from '../../access/challenges.ts';
import { selectRow } from '../../db/raw/select.ts';
import { Problem } from '../../problems/problem.ts';
import { type ActorChange, makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, SessionActor } from '../context.ts';
import { unlockSecondFactor } from '../sign-in/code-attempt.ts';
import { type Added, addingColumns, completeAddition } from './added.ts';
import { isMailCode, missingMailCode, needsMailCode } from './mail-code.ts';
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
  actor: SessionActor,
  confirmation: Confirmation,
  maxAge: number,
): Promise<Added> {
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
  actor: SessionActor,
  { code, mailCode }: Confirmation,
): Promise<Added | undefined> {
  const { context, tx } = change;
  const { userId, sessionId } = actor;
  const time = await context.now(tx);
  const where = { sessionId, tries: { lt: MAX_TRIES }, expiresAt: { gt: time } };
  const pending = await tx.pendingTotp.findUnique({ where });
  const user = await selectRow(tx, 'User', addingColumns, { id: userId });
  if (user === undefined) throw invalidToken();
  const secret = pending && context.totpEncryption.decrypt(pending.secret, userId);
  // Null, and a code is needed: the level has been raised since the secret was made.
  if (!secret || (needsMailCode(context, user, time) && pending.mailCodeHash === null))
    throw new Problem('totp-not-pending');
  if (pending.mailCodeHash !== null && mailCode === undefined) throw missingMailCode();
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
  const replaced = (await tx.totp.count({ where: { userId } })) > 0;
  await tx.totp.upsert({ where: { userId }, create: { userId, ...totp }, update: totp });
  return completeAddition(change, actor, {
    user,
    after: { authenticator: 'totp', replaced },
    template: 'authenticator-added',
    amr: ['otp'],
    time,
  });
}
