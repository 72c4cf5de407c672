/** Costs of single operations, which a plan multiplies. */
import { readFileSync, writeFileSync } from 'node:fs';

const file = 'bench/planning/costs.json';

/**
 * Medians, measured by `npm run bench:plan -- --measure` on one machine, with Postgres beside the service.
 */
export interface Costs {
  /** CPU milliseconds of a guarded request without database work, with 1,000 tokens in turn. */
  readonly guardMilliseconds: number;
  /** CPU milliseconds of verifying a password. */
  readonly hashMilliseconds: number;
  /** Transactions per second of an idle process. */
  readonly idleTransactionsPerSecond: number;
  /** Milliseconds per second that they take in a process of Postgres. */
  readonly idlePostgresMilliseconds: number;
  /** Milliseconds that a sign-in takes in Postgres, with its audit event and the sealing of that. */
  readonly signInPostgresMilliseconds: number;
  readonly refreshPostgresMilliseconds: number;
  /** CPU milliseconds of it in the process itself. */
  readonly refreshMilliseconds: number;
  /** Bytes of write-ahead log, without full-page images. */
  readonly signInWalBytes: number;
  readonly refreshWalBytes: number;
  /** Audit events per second that the one active sealer seals. */
  readonly sealedPerSecond: number;
  /** Bytes of a row with its indexes (`pg_total_relation_size`). */
  readonly userBytes: number;
  readonly sessionBytes: number;
  /** Including its row of personal data. */
  readonly eventBytes: number;
  readonly revocationBytes: number;
}

/** Costs, and the machine that they were measured on. */
export interface Measured {
  readonly measuredAt: string;
  readonly machine: string;
  readonly costs: Costs;
}

export function readCosts(): Measured {
  return JSON.parse(readFileSync(file, 'utf8'));
}

export function saveCosts(measured: Measured): void {
  const rounded = (_name: string, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(3)) : value;
  writeFileSync(file, `${JSON.stringify(measured, rounded, 2)}\n`);
}
