import type { Handle } from './client.ts';
import { endsWithin } from './deadline.ts';

/** One small read, to see whether the database answers. */
export async function ping(handle: Handle): Promise<void> {
  await handle.raw.query`SELECT 1`;
}

/** Pings that have no answer yet: whoever asks meanwhile waits for the same, so that they never add up. */
const pings = new WeakMap<Handle, Promise<void>>();

/**
 * Whether the database answers in some milliseconds.
 *
 * @throws when it is away
 */
export function pingWithin(handle: Handle, milliseconds: number): Promise<boolean> {
  const underWay = pings.get(handle) ?? ping(handle).finally(() => pings.delete(handle));
  pings.set(handle, underWay);
  return endsWithin(underWay, milliseconds);
}
