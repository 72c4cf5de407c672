import type { ApiKeys } from '../../access/api-keys.ts';
import type { AccountsContext } from '../context.ts';

/**
 * Milliseconds between two writes of the uses. The first use of a span is written, so `lastUsedAt` is a
 * minute late at most.
 */
export const NOTE_USES_MS = 30_000;

/** Keys of one transaction: a commit for each would take a hundred times as long. */
const BATCH_KEYS = 200;

/**
 * Writes when and from where keys were used since the last call. No use waits for it, and one that cannot be
 * written is written later.
 */
export async function noteApiKeyUses({ db }: AccountsContext, keys: ApiKeys): Promise<void> {
  const uses = [...keys.takeUses()];
  try {
    while (uses.length > 0) {
      const batch = uses.slice(0, BATCH_KEYS);
      await db.transaction(async (tx) => {
        // The use in another process may be later, or an earlier one of this process was late.
        for (const [id, { at, ip }] of batch)
          await tx.raw.execute`
            UPDATE "ApiKey" SET "lastUsedAt" = ${at}, "lastUsedIp" = ${ip}
            WHERE "id" = ${id} AND ("lastUsedAt" IS NULL OR "lastUsedAt" < ${at})`;
      });
      uses.splice(0, batch.length);
    }
  } catch (error) {
    keys.restoreUses(uses);
    throw error;
  }
}
