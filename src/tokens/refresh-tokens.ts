import { Hmac, type Secrets } from '../crypto/hmac.ts';

/** What a refresh token says: the session, and which of its refresh tokens it is. */
export interface RefreshTokenContents {
  readonly sessionId: string;
  readonly rotation: number;
}

/**
 * Refresh tokens, `<session>.<rotation>.<HMAC>`. They are a formula, so that every process gives the same successor, and
 * the database holds nothing that one could be made from.
 */
export class RefreshTokens {
  readonly #hmac: Hmac;

  constructor(secrets: Secrets) {
    this.#hmac = new Hmac(secrets, 'refresh-token');
  }

  /** The refresh token of one rotation of a session; the same one each time. */
  write({ sessionId, rotation }: RefreshTokenContents): string {
    const message = `${sessionId}.${rotation}`;
    return `${message}.${this.#hmac.sign(message)}`;
  }

  /** @returns undefined for a string that is no refresh token of ours */
  read(token: string): RefreshTokenContents | undefined {
    const match = /^([0-9a-f-]{36})\.(0|[1-9]\d{0,9})\.([\w-]{43})$/.exec(token);
    if (match === null) return undefined;
    const [, sessionId = '', rotation = '', sealed = ''] = match;
    return this.#hmac.matches(`${sessionId}.${rotation}`, sealed)
      ? { sessionId, rotation: Number(rotation) }
      : undefined;
  }
}
