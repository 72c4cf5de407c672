import { randomInt } from 'node:crypto';
import { Hmac, type Secrets } from '../crypto/hmac.ts';
import { isSameText } from '../crypto/same-text.ts';

/** 8 digits: a guess at one of five tries hits once in 20 million. */
const DIGITS = 8;

/** Bytes of the HMAC that a code is made of: enough that all codes are equally likely. */
const BYTES = 6;

/** The schema's pattern of a mailed code. */
export const MAIL_CODE_PATTERN = `^[0-9]{${DIGITS}}$`;

/**
 * Codes that are mailed. Each belongs to a token that only the client has which asked for it: the flow of a
 * sign-in, or the challenge of a passkey. It is computed from the token and SECRET. So a mail alone signs no
 * one in, and nothing is stored that a code could be guessed from.
 */
export class MailCodes {
  readonly #hmac: Hmac;

  constructor(secrets: Secrets) {
    this.#hmac = new Hmac(secrets, 'mail-code');
  }

  /** Returns the code of a flow or a challenge. */
  codeOf(token: string): string {
    return toCode(this.#hmac.sign(token));
  }

  /** Tells whether a code is that of a flow or a challenge. Count the try before. */
  isCodeOf(token: string, code: string): boolean {
    return this.#hmac.signAll(token).some((signature) => isSameText(toCode(signature), code));
  }
}

/** Makes a random code, for what has no flow and no challenge that a code could belong to. */
export function newMailCode(): string {
  return withZeros(randomInt(10 ** DIGITS));
}

function toCode(signature: string): string {
  return withZeros(Buffer.from(signature, 'base64url').readUIntBE(0, BYTES) % 10 ** DIGITS);
}

function withZeros(number: number): string {
  return String(number).padStart(DIGITS, '0');
}
