import { noRequest } from '../../audit/event.ts';
import { newId } from '../../lib/id.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { lifetimes, newMailToken } from '../mail-tokens.ts';
import { hasAdmin, lockAdmins } from '../users/last-admin.ts';

/**
 * Invites whoever runs the service to be its first admin. The token is good for 30 minutes, once, and only while there is no
 * admin; those before it die.
 *
 * @returns the token; undefined when there is an admin
 */
export async function inviteFirstAdmin(context: AccountsContext): Promise<string | undefined> {
  const { levels } = context;
  if (await hasAdmin(context.db, levels)) return undefined;
  const { token, tokenHash } = newMailToken();
  const isInvited = await makeChange(context, async ({ tx, record }) => {
    await lockAdmins(tx);
    if (await hasAdmin(tx, levels)) return false;
    await tx.invitation.deleteMany({ where: { inviterId: null } });
    const createdAt = await context.now(tx);
    const id = newId();
    await tx.invitation.create({
      data: {
        id,
        tokenHash,
        access: levels.admin,
        createdAt,
        expiresAt: new Date(createdAt.getTime() + lifetimes.firstAdmin),
      },
    });
    const after = { access: levels.admin };
    record({ action: 'invitation.created', actorId: null, targetId: id, after, requestContext: noRequest });
    return true;
  });
  return isInvited ? token : undefined;
}
