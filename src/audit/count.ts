import type { Db } from '../db/client.ts';
import { lowestIdOf } from '../lib/id.ts';
import type { AuditAction } from './event.ts';

/** How often something happened, from one time to before another. */
export async function countEvents(db: Db, action: AuditAction, from: Date, until: Date): Promise<number> {
  const { _sum } = await db.auditEvent.aggregate({
    where: { action, id: { gte: lowestIdOf(from), lt: lowestIdOf(until) } },
    _sum: { count: true },
  });
  return _sum.count ?? 0;
}

/** How many events wait to be sealed. */
export function countUnsealed(db: Db): Promise<number> {
  return db.auditEvent.count({ where: { number: null } });
}
