import type { Db } from '../db/client.ts';
import { type RunOptions, runBatches } from '../db/raw/batches.ts';
import {
  type AuditContext,
  type Chain,
  type ChainedEvent,
  codeOf,
  moveEnds,
  readChain,
  requireAuthentic,
} from './chain.ts';

const DAY = 86_400_000;

/** Events that one transaction deletes, each with up to two rows of personal data. */
const BATCH = 500;

interface SealedEvent extends ChainedEvent {
  readonly number: number;
  readonly code: string | null;
}

/**
 * Deletes the events of the old end of the chain that are older than they are kept, with their personal data. The chain then begins
 * after the last of them.
 *
 * @param days that events are kept
 * @returns how many events went
 */
export async function pruneEvents(
  audit: AuditContext,
  days: number,
  options: RunOptions = {},
): Promise<number> {
  const { db, now } = audit;
  const before = new Date((await now(db)).getTime() - days * DAY);
  return runBatches(async () => {
    const chain = await readChain(audit);
    if (chain === undefined) return { rows: 0, isLast: true };
    requireAuthentic(chain);
    const events = findOld(chain, await readOldest(db, chain), before);
    if (events.length === 0) return { rows: 0, isLast: true };
    // Where the sealer has moved the other end meanwhile, the batch is read again.
    const isPruned = await prune(db, chain, events);
    return { rows: isPruned ? events.length : 0, isLast: isPruned && events.length < BATCH };
  }, options);
}

/**
 * The events up to the last one that has its place in the chain and is old enough. Only the word of those counts: else, whoever dates
 * events back could have the service delete them. One that was tampered with goes with those around it.
 */
function findOld({ key, anchorCode }: Chain, events: readonly SealedEvent[], before: Date): SealedEvent[] {
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
    take: BATCH,
  });
  return rows.flatMap(({ number, ...row }) => (number === null ? [] : [{ ...row, number }]));
}

/** @returns whether it was this process that pruned */
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
