import { Problem } from '../../problems/problem.ts';
import { requireGrantable } from '../authority.ts';
import { recheckActor } from '../change.ts';
import type { AccountsContext, Actor } from '../context.ts';
import { requireSignInMethod } from '../sign-in/required-method.ts';
import type { User } from './schemas.ts';
import { createUser } from './users.ts';

/** The account that an admin makes for another person. */
export interface NewUser {
  readonly name: string;
  readonly email: string;
  readonly password: string;
  readonly access: number;
}

/**
 * Creates a user on behalf of an admin, without a mail. Registrations of the address end: their mails would
 * lead nowhere.
 *
 * @param input checked against the schemas of users/schemas.ts
 * @throws {Problem} `access-denied` for a level that the actor may not give; `email-taken`;
 *   `invitation-exists`; `sign-in-method-off`; `validation-failed` for a password that is too common;
 *   `invalid-token` when the actor was changed since the token was issued
 */
export async function createUserAs(context: AccountsContext, actor: Actor, input: NewUser): Promise<User> {
  requireSignInMethod(context, 'password');
  const { userId: actorId, requestContext } = actor;
  const creation = { action: 'user.created', actorId, requestContext } as const;
  return createUser(context, input, creation, async (unchecked, { email }) => {
    const change = await recheckActor(unchecked, actor);
    const { tx } = change;
    requireGrantable(change, input.access);
    const invitation = await tx.invitation.findFirst({
      where: { email, expiresAt: { gt: await context.now(tx) } },
      select: { id: true },
    });
    if (invitation !== null) throw new Problem('invitation-exists');
    await tx.registration.deleteMany({ where: { email } });
    return change;
  });
}
