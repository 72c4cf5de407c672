import type { Db } from '../db/client.ts';
import { type RunOptions, runBatches } from '../db/raw/batches.ts';
import { type AuditContext, type Chain, moveEnds, readChain, requireAuthentic } from './chain.ts';
import { type ChainedEvent, codeOf } from './codes.ts';

const DAY_MS = 86_400_000;

/** Events that one transaction deletes. Each has up to two rows of personal data. */
const BATCH_SIZE = 500;

interface SealedEvent extends ChainedEvent {
  readonly number: number;
  readonly code: string | null;
}

/**
 * Deletes the events at the old end of the chain whose retention is over, with their personal data. The chain
 * then begins after the last of them.
 *
 * @param days retention of events
 * @returns number of deleted events
 */
export async function pruneEvents(
  audit: AuditContext,
  days: number,
  options: RunOptions = {},
): Promise<number> {
  const { db, now } = audit;
  const before = new Date((await now(db)).getTime() - days * DAY_MS);
  return runBatches(async () => {
    const chain = await readChain(audit);
    if (chain === undefined) return { rows: 0, isLast: true };
    requireAuthentic(chain);
    const events = findExpired(chain, await readOldest(db, chain), before);
    if (events.length === 0) return { rows: 0, isLast: true };
    // When the sealer moved the other end in the meantime, the batch is read again.
    const isPruned = await prune(db, chain, events);
    return { rows: isPruned ? events.length : 0, isLast: isPruned && events.length < BATCH_SIZE };
  }, options);
}

/**
 * Selects the events up to the last one that has a valid code and is old enough. Only events with a valid
 * code decide: otherwise an attacker who backdates events could make the service delete them. An event that
 * was tampered with is deleted together with those around it.
 */
function findExpired(
  { key, anchorCode }: Chain,
  events: readonly SealedEvent[],
  before: Date,
): SealedEvent[] {
  let previous: string | null = anchorCode;
  let old = 0;
  for (const [index, event] of events.entries()) {
    const isInPlace = previous !== null && event.code === codeOf(key, previous, event.number, event);
    if (isInPlace && event.createdAt >= before) break;
    if (isInPlace) old = index + 1;
    previous = event.code;
  }
  return events.slice(0, old);
}

async function readOldest(db: Db, { anchorNumber, headNumber }: Chain): Promise<SealedEvent[]> {
  const rows = await db.auditEvent.findMany({
    where: { number: { gt: anchorNumber, lte: headNumber } },
    orderBy: { number: 'asc' },
    take: BATCH_SIZE,
  });
  return rows.flatMap(({ number, ...row }) => (number === null ? [] : [{ ...row, number }]));
}

/** Deletes the events. @returns true when this process did it, and not another one */
function prune(db: Db, chain: Chain, events: readonly SealedEvent[]): Promise<boolean> {
  const ids = events.map(({ id }) => id);
  const last = events.at(-1);
  return db.transaction(async (tx) => {
    if (last === undefined || last.code === null) return false;
    if (!(await moveEnds(tx, chain, { anchorNumber: last.number, anchorCode: last.code }))) return false;
    await tx.personalData.deleteMany({ where: { eventId: { in: ids } } });
    await tx.auditEvent.deleteMany({ where: { id: { in: ids } } });
    return true;
  });
}
