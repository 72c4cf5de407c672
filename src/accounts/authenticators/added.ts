import { invalidToken } from '../../access/challenges.ts';
import type { AuditRecord } from '../../audit/event.ts';
import type { ColumnsOf } from '../../db/client.ts';
import { selectRow } from '../../db/raw/select.ts';
import type { TemplateName } from '../../mail/template-names.ts';
import type { ActorChange } from '../change.ts';
import type { SessionActor } from '../context.ts';
import { voidEmailChanges } from '../mail-tokens.ts';
import { noticeTo } from '../notices.ts';
import { sessionColumns } from '../sessions/active.ts';
import { type Owner, ownerColumns, type SessionGrant, toGrant } from '../sessions/grant.ts';
import { lastIssueOf } from '../sessions/last-issue.ts';
import { joinMethods, type Method, proveTwoFactors } from './methods.ts';
import { replaceRecoveryCodes } from './recovery-codes.ts';

/** The columns of a user who adds an authenticator. */
export const addingColumns = [...ownerColumns, 'secondFactor'] as const;

/** The session with what it has proven now, and the recovery codes of an account that had none. */
export interface Added {
  readonly grant: SessionGrant;
  /** True when the account had no second factor before. */
  readonly isFirst: boolean;
  readonly recoveryCodes: string[] | null;
}

/** An authenticator of the second class whose row was written. */
export interface NewAuthenticator extends Pick<AuditRecord, 'personal'> {
  /** The user, as of before. */
  readonly user: Owner & Pick<ColumnsOf<'User'>, 'secondFactor'>;
  /** Its members of the audit event. */
  readonly after: NonNullable<AuditRecord['after']>;
  readonly template: TemplateName;
  /** The methods that the actor has proven with it. */
  readonly amr: readonly Method[];
  /** By the database's clock. */
  readonly time: Date;
}

/**
 * Completes the addition of an authenticator of the second class: the account has a second factor, and
 * recovery codes, and the session of the actor has two factors where both were proven. Its first factor is
 * recent, as the routes ask. Call `unlockSecondFactor` after the change when it was the first one.
 *
 * @throws {Problem} `invalid-token` when the session has ended
 */
export async function completeAddition(
  change: ActorChange,
  actor: SessionActor,
  { user, after, personal, template, amr, time }: NewAuthenticator,
): Promise<Added> {
  const { context, tx, record, send } = change;
  const { userId, requestContext } = actor;
  const isFirst = !user.secondFactor;
  if (isFirst) {
    await tx.user.update({ where: { id: userId }, data: { secondFactor: true, updatedAt: new Date() } });
    // One factor was enough to ask for them.
    await voidEmailChanges(change, userId);
  }
  const hasCodes = (await tx.recoveryCode.count({ where: { userId } })) > 0;
  const recoveryCodes = hasCodes ? null : await replaceRecoveryCodes(tx, userId, time);
  record({
    action: 'authenticator.added',
    actorId: userId,
    targetId: userId,
    after: { ...after, recoveryCodes: recoveryCodes?.length ?? 0 },
    ...(personal !== undefined && { personal }),
    requestContext,
  });
  send(noticeTo(context, user.email, template));
  return { grant: await raiseSession(change, actor, user, amr, time), isFirst, recoveryCodes };
}

async function raiseSession(
  { context, tx }: ActorChange,
  { sessionId }: SessionActor,
  user: Owner,
  amr: readonly Method[],
  time: Date,
): Promise<SessionGrant> {
  const found = await selectRow(tx, 'Session', sessionColumns, { id: sessionId });
  if (found === undefined) throw invalidToken();
  const all = [...found.amr.split(' '), ...amr];
  const proven = {
    amr: joinMethods(all),
    // A session of a passkey that was removed has no first factor any more.
    secondFactorAt: proveTwoFactors(all) ? time : null,
    tokensIssuedAt: lastIssueOf(found, time),
  };
  await tx.session.update({ where: { id: sessionId }, data: proven });
  return toGrant(context, { ...found, ...proven }, user, time);
}
