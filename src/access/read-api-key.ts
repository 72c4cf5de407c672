import { timingSafeEqual } from 'node:crypto';
import type { Database } from '../db/client.ts';
import { withDeadline } from '../db/deadline.ts';
import { hashApiKey } from '../tokens/api-key.ts';
import type { ApiKeyRecord } from './api-key-claims.ts';

/** Timeout of a read: an unavailable database would keep the request for longer than clients wait. */
const READ_TIMEOUT_MS = 1_000;

const columns = {
  id: true,
  userId: true,
  hash: true,
  access: true,
  operations: true,
  standsForSignIn: true,
  epoch: true,
  expiresAt: true,
  user: {
    select: {
      kind: true,
      access: true,
      permanentAccess: true,
      accessUntil: true,
      disabled: true,
      generation: true,
      epoch: true,
    },
  },
} as const;

/**
 * Reads a key with its owner.
 *
 * @param id of the key, as it says itself
 * @returns the key, which may have expired; or the reason why it is not accepted. `disabled` is the only one
 *   that may go away again
 * @throws when the database is unavailable, or does not answer within {@link READ_TIMEOUT_MS}
 */
export async function readApiKey(
  db: Database['db'],
  id: string,
  key: string,
): Promise<ApiKeyRecord | string> {
  const reading = db.apiKey.findUnique({ where: { id }, select: columns });
  const row = await withDeadline(reading, READ_TIMEOUT_MS);
  return row === null ? 'unknown' : (findProblem(row, key) ?? row);
}

interface KeyRow extends ApiKeyRecord {
  readonly hash: string;
  readonly epoch: number;
  readonly user: ApiKeyRecord['user'] & { readonly disabled: boolean; readonly epoch: number };
}

function findProblem(row: KeyRow, key: string): string | undefined {
  if (!isEqual(row.hash, hashApiKey(key))) return 'wrong';
  if (row.user.kind !== 'service' && row.epoch !== row.user.epoch) return 'ended with all sessions';
  return row.user.disabled ? 'disabled' : undefined;
}

function isEqual(stored: string, given: string): boolean {
  return stored.length === given.length && timingSafeEqual(Buffer.from(stored), Buffer.from(given));
}
