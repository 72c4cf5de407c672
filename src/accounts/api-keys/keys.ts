import type { AccessLevels } from '../../access/levels.ts';
import type { ColumnsOf, Transaction } from '../../db/client.ts';
import { Problem } from '../../problems/problem.ts';
import type { AccountsContext } from '../context.ts';
import type { ApiKey } from './schemas.ts';

/** The columns that are shown. The hash is never one of them. */
export const apiKeyColumns = {
  id: true,
  name: true,
  access: true,
  operations: true,
  epoch: true,
  createdAt: true,
  expiresAt: true,
  lastUsedAt: true,
  lastUsedIp: true,
} as const;

/** A row of {@link apiKeyColumns}. */
export type ApiKeyRow = Pick<ColumnsOf<'ApiKey'>, keyof typeof apiKeyColumns>;

/** A key as the API shows it. */
export function toApiKey(row: ApiKeyRow, levels: AccessLevels): ApiKey {
  return {
    id: row.id,
    name: row.name,
    access: row.access,
    accessName: levels.nameOf(row.access),
    operations: row.operations === null ? null : row.operations.split(' '),
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    lastUsedIp: row.lastUsedIp,
  };
}

/** The owner of keys: a person or a service account. */
export interface KeyOwner {
  readonly id: string;
  readonly kind: string;
  readonly epoch: number;
}

/**
 * Lists the keys of an account, oldest first, with those that have expired a short time ago.
 *
 * @throws {Problem} `user-not-found`
 */
export async function listApiKeys({ db, levels }: AccountsContext, userId: string): Promise<ApiKey[]> {
  const owner = await requireOwner(db, userId);
  const rows = await db.apiKey.findMany({
    where: { userId: owner.id },
    orderBy: { id: 'asc' },
    select: apiKeyColumns,
  });
  return rows.filter((row) => isOf(owner, row)).map((row) => toApiKey(row, levels));
}

/** Finds a key of an account. @throws {Problem} `user-not-found`; `api-key-not-found` */
export async function findApiKey(
  { db, levels }: AccountsContext,
  userId: string,
  keyId: string,
): Promise<ApiKey> {
  const owner = await requireOwner(db, userId);
  const where = { id: keyId.toLowerCase(), userId: owner.id };
  const row = await db.apiKey.findUnique({ where, select: apiKeyColumns });
  if (row === null || !isOf(owner, row)) throw new Problem('api-key-not-found');
  return toApiKey(row, levels);
}

/**
 * Tells whether a key has not ended with all sessions of a person. Processes of an earlier version raise the
 * epoch and delete no keys.
 */
function isOf({ kind, epoch }: KeyOwner, key: Pick<ApiKeyRow, 'epoch'>): boolean {
  return kind === 'service' || key.epoch === epoch;
}

async function requireOwner(tx: Pick<Transaction, 'user'>, userId: string): Promise<KeyOwner> {
  const where = { id: userId.toLowerCase() };
  const owner = await tx.user.findUnique({ where, select: { id: true, kind: true, epoch: true } });
  if (owner === null) throw new Problem('user-not-found');
  return owner;
}
