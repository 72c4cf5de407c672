import type { VerificationKey } from '../tokens/keys.ts';
import { type Recording, toEvent } from './recording.ts';

/**
 * Records which keys for access tokens were added or removed since the last boot.
 *
 * @param keys that verify tokens now
 */
export async function recordKeys(
  { db, recorder }: Recording,
  keys: readonly VerificationKey[],
): Promise<void> {
  await db.transaction(async (tx) => {
    const recorded = await tx.signingKey.findMany();
    const added = keys.filter(({ kid }) => !recorded.some((key) => key.kid === kid));
    const removed = recorded.filter(({ kid }) => !keys.some((key) => key.kid === kid));
    const recordedAt = new Date();
    if (removed.length > 0)
      await tx.signingKey.deleteMany({ where: { kid: { in: removed.map(({ kid }) => kid) } } });
    if (added.length > 0)
      await tx.signingKey.createMany({
        data: added.map(({ kid, algorithm }) => ({ kid, algorithm, recordedAt })),
      });
    await recorder.record(tx, [
      ...added.map(({ kid, algorithm }) => toEvent('key.added', kid, { after: { algorithm } })),
      ...removed.map(({ kid, algorithm }) => toEvent('key.removed', kid, { before: { algorithm } })),
    ]);
  });
}
