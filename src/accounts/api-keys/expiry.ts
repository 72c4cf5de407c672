import { type RunOptions, runBatches } from '../../db/raw/batches.ts';
import { prune } from '../../db/raw/prune.ts';
import { isServiceAddress } from '../../lib/service-address.ts';
import { type Change, makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { noticeTo } from '../notices.ts';

const DAY_MS = 86_400_000;

/** Milliseconds before the expiry of a key at which a mail says so. */
const NOTICE_MS = 7 * DAY_MS;

/** A key that has expired is shown for this time, and then it is deleted. */
const KEPT_MS = 7 * DAY_MS;

/** Keys of one transaction. */
const BATCH_KEYS = 100;

/** The order of the index. */
const orderBy = { expiresAt: 'asc' } as const;

/** Admins who are told of a key that no present admin has made. */
const MAX_TOLD = 10;

/**
 * Mails that keys expire in seven days: to the owner, and of a service account to the admin who made the key.
 * Where an operator made it, or the maker is no admin any more, the mail goes to the admins. A key that was
 * made for less than seven days has no mail.
 *
 * @returns the number of keys
 */
export function remindOfExpiry(context: AccountsContext, options: RunOptions = {}): Promise<number> {
  const { db, now } = context;
  return runBatches(async () => {
    const where = dueKeys(await now(db));
    const isAny = (await db.apiKey.findFirst({ where, orderBy, select: { id: true } })) !== null;
    const rows = isAny ? await makeChange(context, remindBatch) : 0;
    return { rows, isLast: rows < BATCH_KEYS };
  }, options);
}

async function remindBatch(change: Change): Promise<number> {
  const { context, tx, send } = change;
  const time = await context.now(tx);
  const keys = await tx.apiKey.findMany({
    where: dueKeys(time),
    orderBy,
    take: BATCH_KEYS,
    include: { user: true },
  });
  await tx.apiKey.updateMany({
    where: { id: { in: keys.map(({ id }) => id) } },
    data: { remindedAt: time },
  });
  for (const { name, user, makerId, createdAt, expiresAt } of keys) {
    if (expiresAt.getTime() - createdAt.getTime() < NOTICE_MS || user.disabled) continue;
    const isService = isServiceAddress(user.email);
    const owner = isService ? `the service account ${user.name}` : 'your account';
    const values = { name, owner, date: expiresAt.toISOString().slice(0, 10) };
    for (const { email } of isService ? await findResponsible(change, makerId) : [user])
      send(noticeTo(context, email, 'api-key-expires', values));
  }
  return keys.length;
}

/** Finds the admin who made a key, or other enabled admins. */
async function findResponsible({ context, tx }: Change, makerId: string | null) {
  const where = { kind: 'person', disabled: false, permanentAccess: { gte: context.levels.admin } };
  const select = { email: true } as const;
  const maker =
    makerId === null ? null : await tx.user.findUnique({ where: { ...where, id: makerId }, select });
  return maker === null
    ? tx.user.findMany({ where, orderBy: { id: 'asc' }, take: MAX_TOLD, select })
    : [maker];
}

function dueKeys(time: Date) {
  return { expiresAt: { gt: time, lte: new Date(time.getTime() + NOTICE_MS) }, remindedAt: null };
}

/** Deletes keys that have expired some time ago. @returns the number of rows */
export async function pruneApiKeys({ db, now }: AccountsContext, options: RunOptions = {}): Promise<number> {
  const where = { expiresAt: { lte: new Date((await now(db)).getTime() - KEPT_MS) } };
  return prune(
    (take) => db.apiKey.findMany({ where, orderBy, take, select: { id: true } }),
    (ids) => db.apiKey.deleteMany({ where: { ...where, id: { in: ids } } }),
    options,
  );
}
