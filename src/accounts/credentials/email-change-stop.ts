import type { RequestContext } from '../../audit/event.ts';
import { Problem } from '../../problems/problem.ts';
import { type Change, makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { hashMailToken, voidMailTokens } from '../mail-tokens.ts';
import { endEverySession } from '../sessions/end.ts';
import { attemptProof } from '../sign-in/attempts.ts';
import { replaceEmail } from './email-change.ts';

/**
 * Stops a change of address with the token that the address of before got. The change is void, every session
 * ends, and an account that has another address meanwhile gets this one back.
 *
 * @throws {Problem} `mail-token-invalid`; `email-taken` when another account has the address: then the
 *   sessions have ended, and the address stays
 */
export async function stopEmailChange(
  context: AccountsContext,
  { token }: { token: string },
  requestContext: RequestContext,
): Promise<void> {
  const { db, now } = context;
  const where = { tokenHash: hashMailToken(token), expiresAt: { gt: await now(db) } };
  const found = await attemptProof(context, requestContext, 'mail-token', () =>
    db.emailChangeStop.findUnique({ where, select: { id: true } }),
  );
  if (found === null) throw new Problem('mail-token-invalid');
  const isTaken = await makeChange(context, (change) => stop(change, found.id, requestContext));
  if (isTaken) {
    throw new Problem('email-taken', {
      detail:
        'Every session has ended. The address could not be restored, because another account has it. Ask the people who run the service for help.',
    });
  }
}

/** @returns true when the address could not be restored */
async function stop(change: Change, id: string, requestContext: RequestContext): Promise<boolean> {
  const { tx, record } = change;
  const row = await tx.emailChangeStop.findUnique({ where: { id }, include: { user: true } });
  if (row === null) throw new Problem('mail-token-invalid');
  const { user, userId, createdAt } = row;
  // Those of later addresses too: they would give the account back to the one who has taken it. An earlier
  // address can still stop this one.
  await tx.emailChangeStop.deleteMany({ where: { userId, createdAt: { gte: createdAt } } });
  await endEverySession(change, userId);
  await voidMailTokens(change, user);
  const isChanged = user.email !== row.email;
  const isTaken = isChanged && (await tx.user.count({ where: { email: row.email } })) > 0;
  const restored = isChanged && !isTaken;
  record({
    action: 'user.email-change-stopped',
    actorId: null,
    targetId: userId,
    after: { restored },
    ...(restored && { personal: { before: { email: user.email }, after: { email: row.email } } }),
    requestContext,
  });
  if (restored) await replaceEmail(change, user, row.email, { actorId: null, requestContext });
  return isTaken;
}
