import { type AuditContext, readChain } from './chain.ts';
import { countUnsealedUpTo } from './count.ts';

/** Unsealed events that are counted at most. A chain that works has a few. */
export const MAX_COUNTED_UNSEALED = 1_000;

/** The ends of the chain, without its verification. Times are in ISO 8601. */
export interface ChainState {
  /** The newest sealed event: its number and its code; null while no event is sealed. */
  readonly head: { readonly number: number; readonly hash: string } | null;
  /** The oldest sealed event that is kept; null while there is none. */
  readonly oldest: { readonly number: number; readonly createdAt: string } | null;
  /** Time at which events were last sealed or pruned; null while there is no chain. */
  readonly sealedAt: string | null;
  /** Number of events that wait for the sealer, at most {@link MAX_COUNTED_UNSEALED}. */
  readonly unsealed: number;
  /** False when the ends are not as the service wrote them. */
  readonly isAuthentic: boolean;
}

/**
 * Reads the state of the chain in three lookups of indexes, for any number of events.
 *
 * @throws {ConfigError} when the key of the chain cannot be decrypted
 */
export async function readChainState(audit: AuditContext): Promise<ChainState> {
  const { db } = audit;
  const chain = await readChain(audit);
  const oldest = await db.auditEvent.findFirst({
    where: { number: { gt: chain?.anchorNumber ?? 0 } },
    orderBy: { number: 'asc' },
    select: { number: true, createdAt: true },
  });
  return {
    head:
      chain === undefined || chain.headNumber === 0
        ? null
        : { number: chain.headNumber, hash: chain.headCode },
    oldest:
      oldest === null || oldest.number === null
        ? null
        : { number: oldest.number, createdAt: oldest.createdAt.toISOString() },
    sealedAt: chain?.sealedAt.toISOString() ?? null,
    unsealed: await countUnsealedUpTo(db, MAX_COUNTED_UNSEALED),
    isAuthentic: chain?.isAuthentic ?? true,
  };
}
