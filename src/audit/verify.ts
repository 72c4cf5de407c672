import type { Db } from '../db/client.ts';
import { type AuditContext, describeHead, readChain } from './chain.ts';
import { ChainVerifier, type LoggedHead, type Report } from './chain-verifier.ts';

/** What a verification came to. */
export interface Verification {
  /** How many were reported. */
  readonly findings: number;
  /** Sealed events that were read. */
  readonly events: number;
  /** Events that wait to be sealed. */
  readonly unsealed: number;
  /** `<number>:<code>`; null while nothing has been sealed. */
  readonly head: string | null;
  /** Whether the logged head could be compared: one that has been pruned cannot. */
  readonly comparedHead: boolean;
}

/**
 * Walks the chain from its old end to its head and reports what is not as it was sealed. The service may run meanwhile. Takes the same
 * memory for every length.
 *
 * @param head from the log: finds also that the chain was cut off, and its ends set back to what they once were
 * @throws {ConfigError} when the key of the chain cannot be opened
 */
export async function verifyChain(
  audit: AuditContext,
  report: Report,
  head?: LoggedHead,
): Promise<Verification> {
  const { db } = audit;
  // Before the head: what has a number now is not beyond a head that is read later.
  const last = await findLastNumber(db);
  const chain = await readChain(audit);
  const verifier = new ChainVerifier(audit, report, head);
  if (chain !== undefined) await verifier.run(chain, Math.max(last ?? 0, chain.headNumber));
  else await verifier.reportNoChain(last);
  return {
    findings: verifier.findings,
    events: verifier.events,
    unsealed: await db.auditEvent.count({ where: { number: null } }),
    head: chain === undefined || chain.headNumber === 0 ? null : describeHead(chain),
    comparedHead: verifier.comparedHead,
  };
}

/** The highest of all events, by the index of those that have one. */
async function findLastNumber(db: Db): Promise<number | null> {
  const query = {
    where: { number: { not: null } },
    orderBy: { number: 'desc' },
    select: { number: true },
  } as const;
  return (await db.auditEvent.findFirst(query))?.number ?? null;
}
