import { randomBytes } from 'node:crypto';
import { parse, stringify } from 'uuid';
import { Hmac, type Secrets } from '../crypto/hmac.ts';
import { newId } from '../lib/id.ts';

/** A challenge is valid for this time: enough to find the device that has the passkey. */
export const PASSKEY_CHALLENGE_LIFETIME_MS = 5 * 60_000;

const ID_BYTES = 16;
/** With the random bits of the id, more than the 16 bytes that WebAuthn Level 3 section 13.4.3 asks for. */
const RANDOM_BYTES = 16;
const CODE_BYTES = 32;

/** A use of a passkey, and the id of what it is done for. A challenge of one is worth nothing for another. */
export type Ceremony =
  | { readonly name: 'sign-in' }
  /** A second factor of the sign-in challenge with this id. */
  | { readonly name: 'second-factor'; readonly id: string }
  /** A passkey that is added in the session with this id. */
  | { readonly name: 'registration'; readonly id: string }
  | { readonly name: 'reauthentication'; readonly id: string }
  /** A passkey of an account to be: the id of the challenge becomes that of the user. */
  | { readonly name: 'new-account' }
  /** The account that the invitation with this id offers. */
  | { readonly name: 'invitation'; readonly id: string }
  /** The confirmation of the registration with this id. */
  | { readonly name: 'verification'; readonly id: string };

/** A challenge that is valid for a ceremony. */
export interface PasskeyChallenge {
  /** A UUIDv7 of the time when it was made. */
  readonly id: string;
  readonly text: string;
  readonly expiresAt: Date;
}

/**
 * The challenges of WebAuthn ceremonies: id, random bytes, and an HMAC over them and the ceremony. They are
 * sealed and not stored, so that a request for one writes nothing.
 */
export class PasskeyChallenges {
  readonly #hmac: Hmac;

  constructor(secrets: Secrets) {
    this.#hmac = new Hmac(secrets, 'passkey-challenge');
  }

  /**
   * Makes a challenge, in base64url.
   *
   * @param time by the database's clock
   */
  write(ceremony: Ceremony, time: Date): { readonly id: string; readonly challenge: string } {
    const id = newId(time);
    const head = Buffer.concat([parse(id), randomBytes(RANDOM_BYTES)]);
    const code = Buffer.from(this.#hmac.sign(messageOf(head, ceremony)), 'base64url');
    return { id, challenge: Buffer.concat([head, code]).toString('base64url') };
  }

  /**
   * Reads a challenge.
   *
   * @param time by the database's clock
   * @returns undefined when it was not made here for this ceremony, or has expired
   */
  read(text: string, ceremony: Ceremony, time: Date): PasskeyChallenge | undefined {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length !== ID_BYTES + RANDOM_BYTES + CODE_BYTES || bytes.toString('base64url') !== text)
      return undefined;
    const head = bytes.subarray(0, ID_BYTES + RANDOM_BYTES);
    const code = bytes.subarray(head.length).toString('base64url');
    if (!this.#hmac.matches(messageOf(head, ceremony), code)) return undefined;
    // The first 48 bits of a UUIDv7 are its time (RFC 9562 section 5.7).
    const expiresAt = new Date(head.readUIntBE(0, 6) + PASSKEY_CHALLENGE_LIFETIME_MS);
    return expiresAt > time ? { id: stringify(head.subarray(0, ID_BYTES)), text, expiresAt } : undefined;
  }
}

function messageOf(head: Buffer, ceremony: Ceremony): string {
  const id = 'id' in ceremony ? ceremony.id : '';
  return `${head.toString('base64url')} ${ceremony.name} ${id}`;
}
