import type { Db } from '../db/client.ts';
import { type AuditContext, describeHead, readChain } from './chain.ts';
import { ChainVerifier, type LoggedHead, type Report } from './chain-verifier.ts';

/** The result of a verification. */
export interface Verification {
  /** Number of findings that were reported. */
  readonly findings: number;
  /** Number of sealed events that were read. */
  readonly events: number;
  /** Number of events that are not sealed yet. */
  readonly unsealed: number;
  /** `<number>:<code>`; null while no event is sealed. */
  readonly head: string | null;
  /** Time from which events need a MAC; null while no sealer with MACs has run. */
  readonly macsFrom: string | null;
  /** True when the logged head was compared. A pruned event cannot be compared. */
  readonly comparedHead: boolean;
}

/**
 * Verifies the chain from its oldest event to its head, and reports what differs from what was sealed. The
 * service may run at the same time. Needs the same memory for a chain of any length.
 *
 * @param head head from the log: with it, the verification also detects that the chain was cut off and its
 *   ends were reset to earlier values
 * @throws {ConfigError} when the key of the chain cannot be decrypted
 */
export async function verifyChain(
  audit: AuditContext,
  report: Report,
  head?: LoggedHead,
): Promise<Verification> {
  const { db } = audit;
  // Read before the head: an event that has a number now is not beyond a head that is read later.
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
    macsFrom: chain?.macsFrom?.toISOString() ?? null,
    comparedHead: verifier.comparedHead,
  };
}

/** Finds the highest number of all events, with the index of the events that have a number. */
async function findLastNumber(db: Db): Promise<number | null> {
  const query = {
    where: { number: { not: null } },
    orderBy: { number: 'desc' },
    select: { number: true },
  } as const;
  return (await db.auditEvent.findFirst(query))?.number ?? null;
}
