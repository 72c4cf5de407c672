import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';

/** What a key derived from SECRET is for. Each purpose has a key of its own (RFC 5869 section 3.2). */
export type Purpose =
  | 'refresh-token'
  | 'mail'
  | 'idempotency'
  | 'idempotency-id'
  | 'idempotency-fingerprint'
  | 'audit'
  | 'throttle';

/** SECRET, and the one before or the one to come, which are accepted but not used. */
export interface Secrets {
  readonly current: string;
  readonly previous: string | undefined;
}

/** A message authentication code under SECRET, for one purpose. Keys are derived once. */
export class Hmac {
  /** Not bytes, of which each code would make such an object anew, in five times the time of the HMAC. */
  readonly #current: KeyObject;
  readonly #accepted: readonly KeyObject[];

  constructor({ current, previous }: Secrets, purpose: Purpose) {
    const keyOf = (secret: string) => createSecretKey(deriveKey(secret, purpose));
    this.#current = keyOf(current);
    this.#accepted = previous === undefined ? [this.#current] : [this.#current, keyOf(previous)];
  }

  /** HMAC-SHA-256 under the current secret, in base64url: 43 characters. */
  sign(message: string): string {
    return code(this.#current, message).toString('base64url');
  }

  /** The codes under every secret that is accepted, the current one's first: to look something up by. */
  signAll(message: string): [string, ...string[]] {
    const [, ...others] = this.#accepted.map((key) => code(key, message).toString('base64url'));
    return [this.sign(message), ...others];
  }

  /** Whether a code is that of the message, under the current or the previous secret; takes the same time for all codes. */
  matches(message: string, signature: string): boolean {
    const given = Buffer.from(signature, 'base64url');
    if (given.toString('base64url') !== signature) return false;
    return this.#accepted.some((key) => {
      const expected = code(key, message);
      return expected.length === given.length && timingSafeEqual(expected, given);
    });
  }
}

/** A key of 32 bytes for one purpose (HKDF, RFC 5869). */
export function deriveKey(secret: string, purpose: Purpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `latchkey ${purpose}`, 32));
}

function code(key: KeyObject, message: string): Buffer {
  return createHmac('sha256', key).update(message).digest();
}
