import { newId } from '../../lib/id.ts';
import { serviceAddress } from '../../lib/service-address.ts';
import { Problem } from '../../problems/problem.ts';
import { requireGrantable } from '../authority.ts';
import { type Change, makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, Principal } from '../context.ts';
import { normalizeName } from '../normalize.ts';
import { deleteUser } from '../users/delete.ts';
import type { User } from '../users/schemas.ts';
import { emailKey, nameKey } from '../users/sort-keys.ts';
import { changeUser } from '../users/update.ts';
import { insertUser, toUser, userColumns } from '../users/users.ts';
import type { ServiceAccount } from './schemas.ts';

/** Service accounts that a list shows. */
const MAX_LISTED = 1_000;

/** A hash that no password has. */
const NO_PASSWORD = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/**
 * Creates a service account, on behalf of an admin or of an operator.
 *
 * @param input checked against its schema
 * @throws {Problem} `access-denied` for a level that the actor may not give
 */
export async function createServiceAccount(
  context: AccountsContext,
  actor: Principal,
  input: { readonly name: string; readonly access: number },
): Promise<ServiceAccount> {
  return makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    requireGrantable(change, input.access);
    return insertServiceAccount(change, actor, input);
  });
}

/** Inserts a service account. */
export async function insertServiceAccount(
  change: Change,
  { userId: actorId, requestContext }: Principal,
  { name: given, access }: { readonly name: string; readonly access: number },
): Promise<ServiceAccount> {
  const createdAt = new Date();
  const id = newId(createdAt);
  const [name, email] = [normalizeName(given), serviceAddress(id)];
  const row = {
    id,
    name,
    nameKey: nameKey(name, id),
    email,
    emailKey: emailKey(email),
    passwordHash: NO_PASSWORD,
    access,
    permanentAccess: access,
    accessUntil: null,
    disabled: false,
    secondFactor: false,
    externalId: null,
    kind: 'service',
    generation: 0,
    epoch: 0,
    createdAt,
    updatedAt: createdAt,
  };
  return toServiceAccount(
    await insertUser(change, row, { action: 'user.created', actorId, requestContext }),
    0,
  );
}

/** Lists the service accounts, oldest first. */
export async function listServiceAccounts(context: AccountsContext): Promise<ServiceAccount[]> {
  const { db, levels, now } = context;
  const rows = await db.user.findMany({
    where: { kind: 'service' },
    orderBy: { id: 'asc' },
    take: MAX_LISTED,
    select: userColumns,
  });
  const counts = await db.apiKey.groupBy({
    by: ['userId'],
    where: { user: { kind: 'service' }, expiresAt: { gt: await now(db) } },
    _count: true,
  });
  const keys = new Map(counts.map(({ userId, _count }) => [userId, _count]));
  return rows.map((row) => toServiceAccount(toUser(row, levels), keys.get(row.id) ?? 0));
}

/** Finds a service account. @throws {Problem} `service-account-not-found` */
export async function findServiceAccount(context: AccountsContext, id: string): Promise<ServiceAccount> {
  const { db, levels } = context;
  const where = { id: id.toLowerCase(), kind: 'service' };
  const row = await db.user.findUnique({ where, select: userColumns });
  if (row === null) throw new Problem('service-account-not-found');
  return toServiceAccount(toUser(row, levels), await countKeys(context, row.id));
}

/**
 * Changes a service account as `changeUser` does.
 *
 * @throws {Problem} `service-account-not-found`; those of `changeUser`
 */
export async function changeServiceAccount(
  context: AccountsContext,
  actor: Principal,
  id: string,
  wanted: { readonly name?: string; readonly access?: number; readonly disabled?: boolean },
): Promise<ServiceAccount> {
  await findServiceAccount(context, id);
  const user = await forService(changeUser(context, actor, id, wanted, requireService));
  return toServiceAccount(user, await countKeys(context, user.id));
}

/** Deletes a service account, and its keys. @throws {Problem} as {@link changeServiceAccount} */
export async function deleteServiceAccount(
  context: AccountsContext,
  actor: Parameters<typeof deleteUser>[1],
  id: string,
): Promise<void> {
  await findServiceAccount(context, id);
  await forService(deleteUser(context, actor, id, requireService));
}

/** Names the problem of an account that was deleted after it was found. */
async function forService<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const isGone = error instanceof Problem && error.slug === 'user-not-found';
    throw isGone ? new Problem('service-account-not-found') : error;
  }
}

function requireService({ kind }: User): void {
  if (kind !== 'service') throw new Problem('service-account-not-found');
}

async function countKeys({ db, now }: AccountsContext, userId: string): Promise<number> {
  return db.apiKey.count({ where: { userId, expiresAt: { gt: await now(db) } } });
}

function toServiceAccount(user: User, apiKeys: number): ServiceAccount {
  const { id, name, access, accessName, disabled, createdAt, updatedAt } = user;
  return { id, name, access, accessName, disabled, apiKeys, createdAt, updatedAt };
}
