import type { Db } from '../db/client.ts';
import { lowestIdOf } from '../lib/id.ts';
import type { AuditAction } from './event.ts';

/** Counts how often an action happened, from `from` (included) to `until` (excluded). */
export async function countEvents(db: Db, action: AuditAction, from: Date, until: Date): Promise<number> {
  const { _sum } = await db.auditEvent.aggregate({
    where: { action, id: { gte: lowestIdOf(from), lt: lowestIdOf(until) } },
    _sum: { count: true },
  });
  return _sum.count ?? 0;
}

/** Counts the events that are not sealed yet. */
export function countUnsealed(db: Db): Promise<number> {
  return db.auditEvent.count({ where: { number: null } });
}
