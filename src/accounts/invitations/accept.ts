import type { RequestContext } from '../../audit/event.ts';
import { reassignPersonalData } from '../../audit/record.ts';
import type { Transaction } from '../../db/client.ts';
import { invalidBody, Problem } from '../../problems/problem.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import {
  type GivenCredential,
  newAccountOptions,
  prepareCredential,
  requireOneOf,
} from '../credentials/new-credential.ts';
import { hashMailToken } from '../mail-tokens.ts';
import { insertPasskeyUser, translateAccountConflicts } from '../passkeys/new-account.ts';
import type { PasskeyCreationOptions } from '../passkeys/schemas.ts';
import { requireHashingCapacity } from '../passwords/hash.ts';
import { attemptProof } from '../sign-in/attempts.ts';
import { requireSignInMethod } from '../sign-in/required-method.ts';
import { hasAdmin, lockAdmins } from '../users/last-admin.ts';
import type { NewUser } from '../users/new-user.schemas.ts';
import { buildUserRow, insertUser } from '../users/users.ts';
import { couldInvite, inviterColumns } from './inviter.ts';

/** The answer of a person to an invitation. */
export interface Acceptance extends GivenCredential {
  readonly token: string;
  readonly name: string;
  /** The email address of the first admin. Every other invitation has an address already. */
  readonly email?: string;
}

/**
 * Creates the account that an invitation offers. The inviter's level is checked again: the invitation is void
 * when the inviter could not send it now.
 *
 * @param acceptance checked against the schemas of users/schemas.ts
 * @throws {Problem} `mail-token-invalid`; `email-taken`; `passkey-exists`; `passkey-invalid`;
 *   `passkeys-not-available`; `sign-in-method-off`; `validation-failed` for an address that is missing or not
 *   allowed, or unless there is exactly one of a password and a passkey
 */
export async function acceptInvitation(
  context: AccountsContext,
  { token, name, email, ...given }: Acceptance,
  requestContext: RequestContext,
): Promise<NewUser> {
  requireOneOf(given.password, given.passkey);
  if (given.password !== undefined) {
    requireSignInMethod(context, 'password');
    requireHashingCapacity();
  }
  // The token is checked before the password is hashed: an attempt with a wrong token must be cheap.
  const invitation = await requireOffered(context, token, requestContext);
  const { access, tokenHash } = invitation;
  const person = { name, email: addressOf(invitation.email, email) };
  const ceremony = { name: 'invitation', id: invitation.id } as const;
  const { passwordHash, passkey } = await prepareCredential(context, given, person, ceremony);
  const row = buildUserRow({ ...person, access, passwordHash }, { id: passkey?.challengeId });
  return translateAccountConflicts(() =>
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
      const creation = { action: 'user.created', requestContext } as const;
      const user =
        passkey === undefined
          ? await insertUser(change, row, creation)
          : await insertPasskeyUser(change, row, passkey, creation);
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

/**
 * Makes the options of a passkey that an invitation is accepted with. Nothing is written.
 *
 * @param given the token, and what the authenticator shows: by default what the invitation says
 * @throws {Problem} `mail-token-invalid`; `passkeys-not-available`; `validation-failed` for an address that
 *   is missing or not allowed
 */
export async function acceptanceOptions(
  context: AccountsContext,
  given: { readonly token: string; readonly name?: string; readonly email?: string },
  requestContext: RequestContext,
): Promise<PasskeyCreationOptions> {
  const { id, ...invited } = await requireOffered(context, given.token, requestContext);
  const email = addressOf(invited.email, given.email);
  const name = given.name ?? invited.name ?? email;
  return newAccountOptions(context, { name, email }, { name: 'invitation', id });
}

/** @throws {Problem} `mail-token-invalid` */
async function requireOffered(context: AccountsContext, token: string, requestContext: RequestContext) {
  const invitation = await attemptProof(context, requestContext, 'mail-token', () =>
    findOffered(context, context.db, hashMailToken(token)),
  );
  if (invitation === undefined) throw new Problem('mail-token-invalid');
  return invitation;
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
