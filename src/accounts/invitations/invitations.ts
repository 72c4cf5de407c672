import type { Transaction } from '../../db/client.ts';
import { isUniqueViolation } from '../../db/errors.ts';
import { newId } from '../../lib/id.ts';
import { Problem } from '../../problems/problem.ts';
import { secondFactorAdvice } from '../authenticators/advice.ts';
import { requireGrantable } from '../authority.ts';
import { type Change, makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, Actor } from '../context.ts';
import { MAIL_TOKEN_LIFETIMES_MS, newMailToken, tokenValues } from '../mail-tokens.ts';
import { normalizeName, requireEmail } from '../normalize.ts';
import { couldInvite, inviterColumns } from './inviter.ts';
import { type InvitationRow, toInvitation } from './row.ts';
import type { Invitation } from './schemas.ts';

/** The invitations that the API shows. The one of the first admin is left out. */
const shown = { inviterId: { not: null }, email: { not: null } } as const;

/** The account that an admin offers. */
export interface Offer {
  readonly email: string;
  readonly name?: string;
  readonly access: number;
}

/** An invitation whose token the admin hands over. The token is nowhere else, and is never shown again. */
export interface HandedInvitation {
  readonly invitation: Invitation;
  readonly token: string;
  readonly link: string;
}

/**
 * Invites a person by mail.
 *
 * @param offer checked against the schemas of users/schemas.ts
 * @throws {Problem} `access-denied` for a level that the actor may not give; `email-taken`;
 *   `invitation-exists`; `invalid-token` when the actor was changed since the token was issued
 */
export async function invite(context: AccountsContext, actor: Actor, offer: Offer): Promise<Invitation> {
  return addInvitation(context, actor, offer, async (change, row, token) => {
    if (await context.outbox.allows(change.tx, row.email, ['invitation'])) sendInvitation(change, row, token);
    return toInvitation(row, context.levels);
  });
}

/**
 * Invites a person without a mail: the answer has the token.
 *
 * @throws {Problem} as {@link invite}
 */
export async function inviteByHand(
  context: AccountsContext,
  actor: Actor,
  offer: Offer,
): Promise<HandedInvitation> {
  return addInvitation(context, actor, offer, async (_change, row, token) => ({
    invitation: toInvitation(row, context.levels),
    ...tokenValues(context, 'invitation', token),
  }));
}

/** Adds an invitation, and delivers its token within the same change. */
async function addInvitation<T>(
  context: AccountsContext,
  actor: Actor,
  offer: Offer,
  deliver: (change: Change, row: InvitationRow & { readonly email: string }, token: string) => Promise<T>,
): Promise<T> {
  const email = requireEmail(offer.email);
  try {
    return await makeChange(context, async (unchecked) => {
      const change = await recheckActor(unchecked, actor);
      const { tx } = change;
      requireGrantable(change, offer.access);
      const user = await tx.user.findUnique({ where: { email }, select: { id: true } });
      if (user !== null) throw new Problem('email-taken');
      const createdAt = await context.now(tx);
      await tx.invitation.deleteMany({ where: { email, expiresAt: { lte: createdAt } } });
      const { token, tokenHash } = newMailToken();
      const row = await tx.invitation.create({
        data: {
          id: newId(),
          tokenHash,
          email,
          name: offer.name === undefined ? null : normalizeName(offer.name),
          access: offer.access,
          inviterId: actor.userId,
          createdAt,
          expiresAt: new Date(createdAt.getTime() + MAIL_TOKEN_LIFETIMES_MS.invitation),
        },
      });
      change.record({
        action: 'invitation.created',
        actorId: actor.userId,
        targetId: row.id,
        after: { access: row.access },
        personal: { after: { email, name: row.name } },
        requestContext: actor.requestContext,
      });
      return deliver(change, { ...row, email }, token);
    });
  } catch (error) {
    if (isUniqueViolation(error, 'email')) throw new Problem('invitation-exists');
    throw error;
  }
}

/**
 * Lists the invitations that are not accepted yet, newest first.
 *
 * @param cursor id of the last invitation of the page before
 */
export async function listInvitations(
  { db, levels }: AccountsContext,
  limit: number,
  cursor?: string,
): Promise<{ invitations: Invitation[]; nextCursor: string | null }> {
  const rows = await db.invitation.findMany({
    where: { ...shown, ...(cursor !== undefined && { id: { lt: cursor.toLowerCase() } }) },
    orderBy: { id: 'desc' },
    take: limit + 1,
  });
  const page = rows.slice(0, limit);
  return {
    invitations: page.map((row) => toInvitation(row, levels)),
    nextCursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
  };
}

/**
 * Mails an invitation again, with a new token and a new expiry. The old token becomes invalid. When the
 * address has reached its hourly limit, nothing happens and the old token stays valid.
 *
 * @throws {Problem} `invitation-not-found`, also when the inviter could not send it now; `access-denied` for
 *   a level that the actor may not give; `invalid-token`
 */
export async function resendInvitation(
  context: AccountsContext,
  actor: Actor,
  invitationId: string,
): Promise<Invitation> {
  return makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    const { tx } = change;
    const before = await findValid(context, tx, invitationId);
    requireGrantable(change, before.access);
    if (!(await context.outbox.allows(tx, before.email, ['invitation'])))
      return toInvitation(before, context.levels);
    const { token, tokenHash } = newMailToken();
    const expiresAt = new Date((await context.now(tx)).getTime() + MAIL_TOKEN_LIFETIMES_MS.invitation);
    await context.outbox.takeBack(tx, [before.email], ['invitation']);
    const row = await tx.invitation.update({ where: { id: before.id }, data: { tokenHash, expiresAt } });
    const { userId: actorId, requestContext } = actor;
    change.record({ action: 'invitation.resent', actorId, targetId: row.id, requestContext });
    sendInvitation(change, row, token);
    return toInvitation(row, context.levels);
  });
}

/**
 * Revokes an invitation.
 *
 * @throws {Problem} `invitation-not-found`; `access-denied` for a level that the actor may not give;
 *   `invalid-token`
 */
export async function revokeInvitation(
  context: AccountsContext,
  actor: Actor,
  invitationId: string,
): Promise<void> {
  await makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    const { tx, record } = change;
    const { id, email, access } = await findShown(tx, invitationId);
    requireGrantable(change, access);
    await tx.invitation.delete({ where: { id } });
    await context.outbox.takeBack(tx, [email], ['invitation']);
    const { userId: actorId, requestContext } = actor;
    record({ action: 'invitation.revoked', actorId, targetId: id, before: { access }, requestContext });
  });
}

async function findShown(tx: Transaction, id: string): Promise<InvitationRow & { readonly email: string }> {
  const row = await tx.invitation.findFirst({ where: { id: id.toLowerCase(), ...shown } });
  if (row?.email == null) throw new Problem('invitation-not-found');
  return { ...row, email: row.email };
}

/** Finds an invitation that its inviter could still send. @throws {Problem} `invitation-not-found` */
async function findValid({ levels, now }: AccountsContext, tx: Transaction, id: string) {
  const invitation = await findShown(tx, id);
  const { inviterId, access } = invitation;
  const inviter = await tx.user.findUnique({ where: { id: inviterId ?? '' }, select: inviterColumns });
  if (inviter === null || !couldInvite(levels, inviter, access, await now(tx)))
    throw new Problem('invitation-not-found');
  return invitation;
}

function sendInvitation(
  { context, send }: Change,
  { email, access, expiresAt }: InvitationRow,
  token: string,
): void {
  if (email === null) return;
  send({
    recipient: email,
    template: 'invitation',
    values: {
      ...tokenValues(context, 'invitation', token),
      access: context.levels.nameOf(access),
      advice: secondFactorAdvice(context, access, false),
    },
    notAfter: expiresAt,
    limited: true,
  });
}
