import { noRequest } from '../../audit/event.ts';
import { isServiceAddress } from '../../lib/service-address.ts';
import { Problem } from '../../problems/problem.ts';
import { requireAuthorityOver } from '../authority.ts';
import { type Change, makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, Principal } from '../context.ts';
import { noticeTo } from '../notices.ts';

/**
 * Ends a key, on behalf of its owner, of an admin or of an operator. It is refused from then on.
 *
 * @param owner `kind` to find accounts of one kind only
 * @throws {Problem} `api-key-not-found`; `access-denied` for the key of a user above the actor
 */
export async function endApiKey(
  context: AccountsContext,
  actor: Principal,
  owner: { readonly id: string; readonly kind?: 'person' | 'service' },
  keyId: string,
): Promise<void> {
  await makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    const { tx } = change;
    const key = await tx.apiKey.findUnique({
      where: { id: keyId.toLowerCase(), userId: owner.id.toLowerCase() },
      include: { user: true },
    });
    if (key === null || (owner.kind !== undefined && key.user.kind !== owner.kind))
      throw new Problem('api-key-not-found');
    const { user } = key;
    await requireAuthorityOver(change, user);
    await tx.apiKey.delete({ where: { id: key.id } });
    change.revoke({ sessionId: key.id, lastIssuedAt: null });
    change.record({
      action: 'api-key.ended',
      actorId: actor.userId,
      targetId: user.id,
      before: { keyId: key.id, access: key.access },
      requestContext: actor.requestContext,
    });
    if (user.id !== actor.userId)
      change.send(noticeTo(context, user.email, 'api-keys-ended', { keys: key.name }));
  });
}

/**
 * Ends all keys of a person whose sessions end, and tells the owner which. Those of a service account stay:
 * they are suspended while it is disabled. The new generation of the owner makes every process read the keys
 * again.
 */
export async function endKeysWithSessions(
  { context, tx, record, send }: Change,
  userId: string,
): Promise<void> {
  const keys = await tx.apiKey.findMany({
    where: { userId },
    orderBy: { id: 'asc' },
    select: { id: true, name: true, access: true, user: { select: { email: true } } },
  });
  const [first] = keys;
  if (first === undefined || isServiceAddress(first.user.email)) return;
  await tx.apiKey.deleteMany({ where: { userId } });
  for (const { id, access } of keys)
    record({
      action: 'api-key.ended',
      actorId: null,
      targetId: userId,
      before: { keyId: id, access },
      requestContext: noRequest,
    });
  const names = keys.map(({ name }) => name).join(', ');
  send(noticeTo(context, first.user.email, 'api-keys-ended', { keys: names }));
}
