import { Hmac, type Secrets } from '../crypto/hmac.ts';

/** The contents of a refresh token: the session and the number of the rotation. */
export interface RefreshTokenContents {
  readonly sessionId: string;
  readonly rotation: number;
}

/**
 * Refresh tokens, `<session>.<rotation>.<HMAC>`. They are computed, so every process returns the same
 * successor, and the database holds nothing that a token could be made from.
 */
export class RefreshTokens {
  readonly #hmac: Hmac;

  constructor(secrets: Secrets) {
    this.#hmac = new Hmac(secrets, 'refresh-token');
  }

  /** Returns the refresh token of one rotation of a session; it is the same each time. */
  write({ sessionId, rotation }: RefreshTokenContents): string {
    const message = `${sessionId}.${rotation}`;
    return `${message}.${this.#hmac.sign(message)}`;
  }

  /**
   * Verifies a refresh token and returns its contents.
   *
   * @returns undefined for a string that is not a refresh token of this service
   */
  read(token: string): RefreshTokenContents | undefined {
    const match = /^([0-9a-f-]{36})\.(0|[1-9]\d{0,9})\.([\w-]{43})$/.exec(token);
    if (match === null) return undefined;
    const [, sessionId = '', rotation = '', signature = ''] = match;
    return this.#hmac.matches(`${sessionId}.${rotation}`, signature)
      ? { sessionId, rotation: Number(rotation) }
      : undefined;
  }
}
