import { randomUUID } from 'node:crypto';
import type { RequestContext } from '../../audit/event.ts';
import { isForeignKeyViolation } from '../../db/errors.ts';
import type { RunOptions } from '../../db/raw/batches.ts';
import { prune } from '../../db/raw/prune.ts';
import { selectRow } from '../../db/raw/select.ts';
import { networkOf } from '../../throttle/network.ts';
import type { AccountsContext } from '../context.ts';

const DAY_MS = 86_400_000;

/** A network is known for this time after the last sign-in from it. */
const NETWORK_RETENTION_MS = 90 * DAY_MS;

/** The last sign-in from a network is stored again after this time. */
const NETWORK_RENEWAL_MS = DAY_MS;

/** The network of a client, for one account. */
export interface ClientNetwork {
  readonly id: string;
  /** The time of the last sign-in from it; undefined when the owner is not known there. */
  readonly lastSeenAt: Date | undefined;
}

/** Finds out whether the owner of an account is known in the network of a client. */
export async function findNetwork(
  { db, throttle }: AccountsContext,
  userId: string | undefined,
  { ip }: RequestContext,
): Promise<ClientNetwork> {
  const id = throttle.hash(['known-network', userId ?? randomUUID(), networkOf(ip ?? '')]);
  const row = await selectRow(db, 'KnownNetwork', ['lastSeenAt'], { id });
  return { id, lastSeenAt: row?.lastSeenAt };
}

/** Makes a network known after a finished sign-in. @param time of the sign-in, by the database's clock */
export async function rememberNetwork(
  { db }: AccountsContext,
  userId: string,
  { id, lastSeenAt }: ClientNetwork,
  time: Date,
): Promise<void> {
  if (lastSeenAt !== undefined && time.getTime() - lastSeenAt.getTime() < NETWORK_RENEWAL_MS) return;
  try {
    await db.knownNetwork.upsert({
      where: { id },
      create: { id, userId, lastSeenAt: time },
      update: { lastSeenAt: time },
    });
  } catch (error) {
    // The user was deleted meanwhile. Opening the session will fail.
    if (!isForeignKeyViolation(error)) throw error;
  }
}

/** Deletes the networks that are not known any more. @returns the number of rows */
export async function pruneKnownNetworks({ db, now }: AccountsContext, options: RunOptions): Promise<number> {
  const where = { lastSeenAt: { lt: new Date((await now(db)).getTime() - NETWORK_RETENTION_MS) } };
  return prune(
    (take) => db.knownNetwork.findMany({ where, orderBy: { lastSeenAt: 'asc' }, take, select: { id: true } }),
    (ids) => db.knownNetwork.deleteMany({ where: { ...where, id: { in: ids } } }),
    options,
  );
}
