import type { RequestContext } from '../../audit/event.ts';
import { selectRow } from '../../db/raw/select.ts';
import { newId } from '../../lib/id.ts';
import { Problem } from '../../problems/problem.ts';
import { requireAllFactors } from '../authenticators/require-factors.ts';
import { type ActorChange, type Change, makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, SessionActor } from '../context.ts';
import { endInvitationsTo } from '../invitations/end.ts';
import { allowsMail } from '../mail-limits.ts';
import {
  MAIL_TOKEN_LIFETIMES_MS,
  newMailToken,
  tokenValues,
  voidEmailChanges,
  voidMailTokens,
} from '../mail-tokens.ts';
import { requireEmail } from '../normalize.ts';
import { noticeTo } from '../notices.ts';
import type { User } from '../users/schemas.ts';
import { emailKey } from '../users/sort-keys.ts';
import { toUser, translateEmailConflict, type UserRow, userColumns } from '../users/users.ts';

/**
 * Requests a new email address for the actor. The address changes when the owner of the new address confirms
 * it. Until then nothing changes, and the answer is the same for addresses that are taken. Earlier requests
 * become void. The present address is told, with a link that stops the change: it gets no more of these mails
 * than of others, and beyond that nothing is requested.
 *
 * @param input the address is checked against its schema
 * @param maxAge as declared by the route, for the challenge
 * @throws {Problem} `two-factors-required`; `invalid-token` when the session ended meanwhile
 */
export async function requestEmailChange(
  context: AccountsContext,
  actor: SessionActor,
  input: { email: string },
  maxAge: number,
): Promise<void> {
  const email = requireEmail(input.email);
  const { userId } = actor;
  await makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    await requireAllFactors(change, maxAge);
    const { tx, send } = change;
    const owner = await selectRow(tx, 'User', ['email', 'epoch'], { id: userId });
    if (owner === undefined) throw new Error('A checked actor without a row');
    if (!(await context.outbox.allows(tx, owner.email, ['email-change-requested']))) return;
    const taken = await tx.user.findUnique({ where: { email }, select: { id: true } });
    const mail = { recipient: email, templates: ['email-change', 'account-exists'] } as const;
    if (!(await allowsMail(change, mail, actor.requestContext))) return;
    const createdAt = await context.now(tx);
    await offerStop(change, userId, owner.email, createdAt);
    const notAfter = new Date(createdAt.getTime() + MAIL_TOKEN_LIFETIMES_MS.verification);
    const { token, tokenHash } = newMailToken();
    await voidEmailChanges(change, userId);
    const expiresAt = taken === null ? notAfter : createdAt;
    const { epoch } = owner;
    await tx.emailChange.create({
      data: { id: newId(), tokenHash, userId, email, epoch, createdAt, expiresAt },
    });
    const content =
      taken === null
        ? ({ template: 'email-change', values: tokenValues(context, 'verification', token) } as const)
        : ({ template: 'account-exists', values: { link: context.frontendUrl } } as const);
    send({ recipient: email, ...content, notAfter, limited: true });
  });
}

/** Mails the token that stops a change to the present address. Those of earlier requests stay valid. */
async function offerStop(
  { context, tx, send }: ActorChange,
  userId: string,
  email: string,
  createdAt: Date,
): Promise<void> {
  const expiresAt = new Date(createdAt.getTime() + MAIL_TOKEN_LIFETIMES_MS.stop);
  const { token, tokenHash } = newMailToken();
  await tx.emailChangeStop.create({ data: { id: newId(), tokenHash, userId, email, createdAt, expiresAt } });
  send({
    recipient: email,
    template: 'email-change-requested',
    values: tokenValues(context, 'stop', token),
    notAfter: expiresAt,
    limited: true,
  });
}

/** A change of address whose mail was answered with the token. */
export interface EmailChange {
  readonly id: string;
  readonly tokenHash: string;
  readonly userId: string;
  readonly email: string;
  /** The user's epoch when it was asked for. */
  readonly epoch: number | null;
}

/**
 * Changes the address of an account to the confirmed one, and notifies the old address.
 *
 * @throws {Problem} `mail-token-invalid` when the token was used or voided meanwhile; `email-taken`
 */
export async function completeEmailChange(
  context: AccountsContext,
  { id, tokenHash, userId, email, epoch }: EmailChange,
  requestContext: RequestContext,
): Promise<User> {
  return translateEmailConflict(() =>
    makeChange(context, async (change) => {
      const { tx, record } = change;
      const { count } = await tx.emailChange.deleteMany({ where: { id, tokenHash } });
      const before = await tx.user.findUnique({ where: { id: userId, disabled: false } });
      if (count === 0 || before === null || before.epoch !== epoch) throw new Problem('mail-token-invalid');
      await voidMailTokens(change, before);
      const personal = { before: { email: before.email }, after: { email } };
      record({ action: 'user.email-changed', actorId: userId, targetId: userId, personal, requestContext });
      const after = await replaceEmail(change, before, email, { actorId: userId, requestContext });
      return toUser(after, context.levels);
    }),
  );
}

/**
 * Gives an account another address. Registrations and invitations of that address end, and the address of
 * before is told.
 *
 * @param by the user who did it, for the audit; null where only the token of a mail is known
 */
export async function replaceEmail(
  change: Change,
  { id, email: before }: { readonly id: string; readonly email: string },
  email: string,
  by: { readonly actorId: string | null; readonly requestContext: RequestContext },
): Promise<UserRow> {
  const { context, tx, send } = change;
  await tx.registration.deleteMany({ where: { email } });
  const data = { email, emailKey: emailKey(email), updatedAt: new Date() };
  const after = await tx.user.update({ where: { id }, data, select: userColumns });
  await endInvitationsTo(change, [{ id, email }], by);
  send(noticeTo(context, before, 'email-changed'));
  return after;
}
