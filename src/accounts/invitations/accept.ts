import type { RequestContext } from '../../audit/event.ts';
import { reassignPersonalData } from '../../audit/record.ts';
import type { Transaction } from '../../db/client.ts';
import { invalidBody, Problem } from '../../problems/problem.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { hashMailToken } from '../mail-tokens.ts';
import { hashPassword, requireHashingCapacity } from '../passwords/hash.ts';
import { requireGoodPassword } from '../passwords/strength.ts';
import { attemptMailToken } from '../sign-in/attempts.ts';
import { hasAdmin, lockAdmins } from '../users/last-admin.ts';
import type { User } from '../users/schemas.ts';
import { buildUserRow, insertUser, translateEmailConflict } from '../users/users.ts';
import { couldInvite, inviterColumns } from './inviter.ts';

/** The answer of a person to an invitation. */
export interface Acceptance {
  readonly token: string;
  readonly name: string;
  readonly password: string;
  /** The email address of the first admin. Every other invitation has an address already. */
  readonly email?: string;
}

/**
 * Creates the account that an invitation offers. The inviter's level is checked again: the invitation is void
 * when the inviter could not send it now.
 *
 * @param acceptance checked against the schemas of users/schemas.ts
 * @throws {Problem} `mail-token-invalid`; `email-taken`; `validation-failed` for an address that is missing
 *   or not allowed
 */
export async function acceptInvitation(
  context: AccountsContext,
  { token, name, password, email }: Acceptance,
  requestContext: RequestContext,
): Promise<User> {
  requireHashingCapacity();
  const tokenHash = hashMailToken(token);
  // The token is checked before the password is hashed: an attempt with a wrong token must be cheap.
  const invitation = await attemptMailToken(context, requestContext, () =>
    findOffered(context, context.db, tokenHash),
  );
  if (invitation === undefined) throw new Problem('mail-token-invalid');
  const address = addressOf(invitation.email, email);
  await requireGoodPassword(password, { name, email: address }, '/password');
  const { access } = invitation;
  const row = buildUserRow({ name, email: address, access, passwordHash: await hashPassword(password) });
  return translateEmailConflict(() =>
    makeChange(context, async (change) => {
      const { tx, record } = change;
      if (invitation.inviterId === null) await lockAdmins(tx);
      const offered = await findOffered(context, tx, tokenHash);
      if (offered === undefined) throw new Problem('mail-token-invalid');
      const { id, inviterId } = offered;
      await tx.invitation.delete({ where: { id } });
      // Each replica has invited the first admin.
      if (inviterId === null) await tx.invitation.deleteMany({ where: { inviterId } });
      await tx.registration.deleteMany({ where: { email: row.email } });
      const user = await insertUser(change, row, { action: 'user.created', requestContext });
      // The personal data in the events about the invitation belongs to this user from now on.
      await reassignPersonalData(tx, id, user.id);
      record({
        action: 'invitation.accepted',
        actorId: user.id,
        targetId: id,
        after: { access, inviterId },
        requestContext,
      });
      return user;
    }),
  );
}

/** @returns undefined when there is no such invitation, or when the inviter could not send it now */
async function findOffered(context: AccountsContext, tx: Transaction, tokenHash: string) {
  const { levels } = context;
  const time = await context.now(tx);
  const invitation = await tx.invitation.findUnique({
    where: { tokenHash, expiresAt: { gt: time } },
    include: { inviter: { select: inviterColumns } },
  });
  if (invitation === null || !levels.has(invitation.access)) return undefined;
  const { inviter, access } = invitation;
  const isStillOffered =
    inviter === null ? !(await hasAdmin(tx, levels)) : couldInvite(levels, inviter, access, time);
  return isStillOffered ? invitation : undefined;
}

/** @throws {Problem} `validation-failed` */
function addressOf(invited: string | null, given: string | undefined): string {
  if (invited === null && given === undefined)
    throw invalidBody('/email', 'required', 'is required of the first admin');
  if (invited !== null && given !== undefined)
    throw invalidBody('/email', 'unknown', 'is not known here: the invitation has the address');
  return invited ?? given ?? '';
}
