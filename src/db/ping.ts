import { endsWithin } from './deadline.ts';
import type { Statements } from './statements.ts';

/** One small read, to see whether the database answers. */
export async function ping(statements: Statements): Promise<void> {
  await statements.$queryRaw`SELECT 1`;
}

/** Pings that have no answer yet: whoever asks meanwhile waits for the same, so that they never add up. */
const pings = new WeakMap<Statements, Promise<void>>();

/**
 * Whether the database answers in some milliseconds.
 *
 * @throws when it is away
 */
export function pingWithin(statements: Statements, milliseconds: number): Promise<boolean> {
  const underWay = pings.get(statements) ?? ping(statements).finally(() => pings.delete(statements));
  pings.set(statements, underWay);
  return endsWithin(underWay, milliseconds);
}
