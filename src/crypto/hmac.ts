import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';

/** Purpose of a key that is derived from SECRET. Each purpose has its own key (RFC 5869 section 3.2). */
export type Purpose =
  | 'refresh-token'
  | 'mail'
  | 'totp'
  | 'idempotency'
  | 'idempotency-id'
  | 'idempotency-fingerprint'
  | 'audit'
  | 'throttle'
  | 'passkey-challenge'
  | 'mail-code';

/** SECRET, and the previous or the next one, which is accepted but not used for anything new. */
export interface Secrets {
  readonly current: string;
  readonly previous: string | undefined;
}

/** Message authentication codes with a key derived from SECRET, for one purpose. Keys are derived once. */
export class Hmac {
  /**
   * KeyObjects, and not bytes: bytes would be made into a KeyObject for each code, which takes five times as
   * long as the HMAC.
   */
  readonly #current: KeyObject;
  readonly #accepted: readonly KeyObject[];

  constructor({ current, previous }: Secrets, purpose: Purpose) {
    const keyOf = (secret: string) => createSecretKey(deriveKey(secret, purpose));
    this.#current = keyOf(current);
    this.#accepted = previous === undefined ? [this.#current] : [this.#current, keyOf(previous)];
  }

  /** Returns the HMAC-SHA-256 with the current secret, in base64url: 43 characters. */
  sign(message: string): string {
    return computeCode(this.#current, message).toString('base64url');
  }

  /** Returns the codes with all accepted secrets, the current one first. Used for lookups. */
  signAll(message: string): [string, ...string[]] {
    const [, ...others] = this.#accepted.map((key) => computeCode(key, message).toString('base64url'));
    return [this.sign(message), ...others];
  }

  /** Verifies a code with the current and the previous secret, in constant time. */
  matches(message: string, signature: string): boolean {
    const given = Buffer.from(signature, 'base64url');
    if (given.toString('base64url') !== signature) return false;
    return this.#accepted.some((key) => {
      const expected = computeCode(key, message);
      return expected.length === given.length && timingSafeEqual(expected, given);
    });
  }
}

/** Derives a key of 32 bytes for one purpose (HKDF, RFC 5869). */
export function deriveKey(secret: string, purpose: Purpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `latchkey ${purpose}`, 32));
}

function computeCode(key: KeyObject, message: string): Buffer {
  return createHmac('sha256', key).update(message).digest();
}
