import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deriveKey, type Purpose, type Secrets } from './hmac.ts';

const ALGORITHM = 'aes-256-gcm';
/** Sizes of the nonce and of the tag: NIST SP 800-38D section 5.2.1. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Authenticated encryption (AES-256-GCM) with a key derived from SECRET, for one purpose. */
export class Encryption {
  readonly #current: Buffer;
  readonly #accepted: readonly Buffer[];

  constructor({ current, previous }: Secrets, purpose: Purpose) {
    this.#current = deriveKey(current, purpose);
    this.#accepted = previous === undefined ? [this.#current] : [this.#current, deriveKey(previous, purpose)];
  }

  /**
   * @param context identifies what the text belongs to, for instance the id of its row: it can be decrypted
   *   only in the same context
   */
  encrypt(text: string, context: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#current, nonce).setAAD(Buffer.from(context));
    const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), encrypted]).toString('base64url');
  }

  /**
   * Tells whether a text was encrypted with the current secret. If not, encrypt it again before the previous
   * secret is removed.
   */
  isCurrent(encrypted: string, context: string): boolean {
    return open(this.#current, Buffer.from(encrypted, 'base64url'), context) !== undefined;
  }

  /** @returns undefined when it was not encrypted with the current or the previous secret, in this context */
  decrypt(encrypted: string, context: string): string | undefined {
    const bytes = Buffer.from(encrypted, 'base64url');
    for (const key of this.#accepted) {
      const text = open(key, bytes, context);
      if (text !== undefined) return text;
    }
    return undefined;
  }
}

function open(key: Buffer, bytes: Buffer, context: string): string | undefined {
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES))
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([
      decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)),
      decipher.final(),
    ]).toString('utf8');
  } catch {
    return undefined;
  }
}
