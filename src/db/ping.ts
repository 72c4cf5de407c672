import type { Handle } from './client.ts';
import { endsWithin } from './deadline.ts';

/** Runs one small query to check that the database answers. */
export async function ping(handle: Handle): Promise<void> {
  await handle.raw.query`SELECT 1`;
}

/** Pings under way. Callers share a ping, so that pings do not pile up. */
const pings = new WeakMap<Handle, Promise<void>>();

/**
 * Tells whether the database answers within a timeout.
 *
 * @throws when the database is unreachable
 */
export function pingWithin(handle: Handle, timeoutMs: number): Promise<boolean> {
  const underWay = pings.get(handle) ?? ping(handle).finally(() => pings.delete(handle));
  pings.set(handle, underWay);
  return endsWithin(underWay, timeoutMs);
}
