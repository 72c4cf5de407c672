/** What one of each thing costs: the numbers that a plan multiplies. */
import { readFileSync, writeFileSync } from 'node:fs';

const file = 'bench/planning/costs.json';

/** Medians, measured by `npm run bench:plan -- --measure` on one machine, with Postgres beside the service. */
export interface Costs {
  /** Milliseconds of the processor for a guarded request without database work, with 1,000 tokens in turn. */
  readonly guardMilliseconds: number;
  /** Milliseconds of a core in which a password is verified. */
  readonly hashMilliseconds: number;
  /** Transactions in a second of a process that nobody asks for anything. */
  readonly idleTransactionsPerSecond: number;
  /** Milliseconds a second that they keep a process of Postgres. */
  readonly idlePostgresMilliseconds: number;
  /** Milliseconds that Postgres works for a sign-in, its audit event and that one's sealing included. */
  readonly signInPostgresMilliseconds: number;
  readonly refreshPostgresMilliseconds: number;
  /** Milliseconds of the processor that the process itself works for it. */
  readonly refreshMilliseconds: number;
  /** Bytes of write-ahead log, without full-page images. */
  readonly signInWalBytes: number;
  readonly refreshWalBytes: number;
  /** Audit events that the one sealer at work seals in a second. */
  readonly sealedPerSecond: number;
  /** Bytes of a row with its indexes (`pg_total_relation_size`). */
  readonly userBytes: number;
  readonly sessionBytes: number;
  /** With its row of personal data. */
  readonly eventBytes: number;
  readonly revocationBytes: number;
}

/** Costs, and where they come from. */
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
