import type { Db } from '../../db/client.ts';
import { type RunOptions, runBatches } from '../../db/raw/batches.ts';
import type { AccountsContext } from '../context.ts';

/** Secrets that are read at a time. */
const BATCH_SECRETS = 500;

/** The dependencies of functions on all secrets. */
type TotpContext = Pick<AccountsContext, 'db' | 'totpEncryption'>;

/**
 * Encrypts the secrets of one-time codes under SECRET that are still encrypted under SECRET_PREVIOUS, which
 * can be removed afterwards. It reads all secrets. One that neither opens stays as it is.
 *
 * @returns the number of secrets that were encrypted again
 */
export async function renewTotpEncryption(
  { db, totpEncryption }: TotpContext,
  { signal }: RunOptions = {},
): Promise<number> {
  let last = '';
  const readAll = { signal, maxRows: Number.POSITIVE_INFINITY };
  return runBatches(async () => {
    const page = await readPage(db, last);
    let rows = 0;
    for (const { userId, secret: encrypted } of page) {
      if (totpEncryption.isCurrent(encrypted, userId)) continue;
      const secret = totpEncryption.decrypt(encrypted, userId);
      if (secret === undefined) continue;
      // Only while it is the one that was read: the user may have confirmed another one meanwhile.
      const { count } = await db.totp.updateMany({
        where: { userId, secret: encrypted },
        data: { secret: totpEncryption.encrypt(secret, userId) },
      });
      rows += count;
    }
    last = page.at(-1)?.userId ?? last;
    return { rows, isLast: page.length < BATCH_SECRETS };
  }, readAll);
}

/** The numbers of secrets by what opens them. */
export interface TotpEncryptionState {
  readonly current: number;
  /** Those that only SECRET_PREVIOUS opens. */
  readonly previous: number;
  /** Those that neither opens. */
  readonly lost: number;
}

/** Counts the secrets of one-time codes by what opens them. */
export async function countTotpEncryption({ db, totpEncryption }: TotpContext): Promise<TotpEncryptionState> {
  const counts = { current: 0, previous: 0, lost: 0 };
  for (let last = ''; ; ) {
    const page = await readPage(db, last);
    for (const { userId, secret } of page) {
      if (totpEncryption.isCurrent(secret, userId)) counts.current++;
      else if (totpEncryption.decrypt(secret, userId) === undefined) counts.lost++;
      else counts.previous++;
    }
    const end = page.at(-1);
    if (end === undefined) return counts;
    last = end.userId;
  }
}

function readPage(db: Db, last: string) {
  return db.totp.findMany({
    where: { userId: { gt: last } },
    orderBy: { userId: 'asc' },
    take: BATCH_SECRETS,
    select: { userId: true, secret: true },
  });
}
