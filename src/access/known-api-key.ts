import { type ApiKeyClaims, type ApiKeyRecord, toClaims } from './api-key-claims.ts';

/** A key that was accepted: it is in memory until it is read again. */
export class KnownApiKey {
  readonly record: ApiKeyRecord;
  /** The Authorization header. */
  readonly header: string;
  /** As `performance.now()` and as `Date.now()`: the first may stand still while a machine is suspended. */
  readonly readAt: number;
  readonly readOn: number;
  /** `revokedUntil` of the revocations before it was read. */
  readonly revokedUntil: number;
  claims: ApiKeyClaims;

  constructor(
    record: ApiKeyRecord,
    header: string,
    read: { readonly at: number; readonly on: number; readonly revokedUntil: number },
    access: number,
  ) {
    this.record = record;
    this.header = header;
    this.readAt = read.at;
    this.readOn = read.on;
    this.revokedUntil = read.revokedUntil;
    this.claims = toClaims(record, access);
  }
}
