/** The claims of an access token of Latchkey (RFC 9068). */
export interface Claims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly sid: string;
  readonly access: number;
  /** The level that a second factor would give, where it is higher. */
  readonly access2?: number;
  readonly acr?: string;
  readonly amr?: readonly string[];
  readonly gen: number;
  readonly auth_time: number;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
}

/** Checks the types of the claims of a token whose signature is right. */
export function areClaims(value: object): value is Claims {
  const claims = Object(value);
  const isCount = (number: unknown) => Number.isSafeInteger(number) && Number(number) >= 0;
  const isText = (text: unknown) => typeof text === 'string' && text !== '';
  return (
    [claims.iss, claims.aud, claims.sub, claims.sid, claims.jti].every(isText) &&
    [claims.access, claims.gen, claims.auth_time, claims.iat, claims.exp].every(isCount) &&
    (claims.access2 === undefined || isCount(claims.access2)) &&
    (claims.acr === undefined || isText(claims.acr))
  );
}
