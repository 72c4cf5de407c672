import { noRequest } from '../../audit/event.ts';
import { newId } from '../../lib/id.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { hashMailToken, MAIL_TOKEN_LIFETIMES_MS, newMailToken } from '../mail-tokens.ts';
import { hasAdmin, lockAdmins } from '../users/last-admin.ts';

/**
 * Invites the operator to be the first admin. The token is valid for 30 minutes and for one use, and only
 * while there is no admin. The tokens of other processes stay valid: replicas that start together would void
 * each other's.
 *
 * @param replaced the token of an earlier start that no reader finds any more; it becomes invalid
 * @returns the token; undefined when there is an admin
 */
export async function inviteFirstAdmin(
  context: AccountsContext,
  replaced?: string,
): Promise<string | undefined> {
  const { levels } = context;
  if (await hasAdmin(context.db, levels)) return undefined;
  const { token, tokenHash } = newMailToken();
  const isInvited = await makeChange(context, async ({ tx, record }) => {
    await lockAdmins(tx);
    if (await hasAdmin(tx, levels)) return false;
    const createdAt = await context.now(tx);
    const isOver = { expiresAt: { lte: createdAt } };
    const isReplaced = replaced === undefined ? [] : [{ tokenHash: hashMailToken(replaced) }];
    await tx.invitation.deleteMany({ where: { inviterId: null, OR: [isOver, ...isReplaced] } });
    const id = newId();
    await tx.invitation.create({
      data: {
        id,
        tokenHash,
        access: levels.admin,
        createdAt,
        expiresAt: new Date(createdAt.getTime() + MAIL_TOKEN_LIFETIMES_MS.firstAdmin),
      },
    });
    const after = { access: levels.admin };
    record({ action: 'invitation.created', actorId: null, targetId: id, after, requestContext: noRequest });
    return true;
  });
  return isInvited ? token : undefined;
}
