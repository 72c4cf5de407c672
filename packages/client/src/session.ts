/** The tokens of a sign-in, as they are stored. Times are of the device's clock, in milliseconds. */
export interface Session {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** When the next access token is to be requested: some time before this one expires. */
  readonly refreshAt: number;
  readonly expiresAt: number;
}

/** The part of a token's lifetime after which the next one is requested. */
const REFRESH_AFTER = 0.9;

interface IssuedToken {
  readonly accessToken: string;
  readonly expiresIn: number;
}

/** Makes the session of an answer with tokens. */
export function sessionOf({ accessToken, expiresIn }: IssuedToken, refreshToken: string): Session {
  const now = Date.now();
  const lifetime = expiresIn * 1000;
  return { accessToken, refreshToken, refreshAt: now + lifetime * REFRESH_AFTER, expiresAt: now + lifetime };
}

/** Reads a stored session. @returns null for a text that is none */
export function parseSession(text: string | null): Session | null {
  const value = parseJson(text);
  return hasTokens(value) && 'refreshAt' in value && 'expiresAt' in value
    ? {
        accessToken: value.accessToken,
        refreshToken: value.refreshToken,
        refreshAt: Number(value.refreshAt),
        expiresAt: Number(value.expiresAt),
      }
    : null;
}

/** Reads the answer to a refresh. @returns undefined for a text that is none */
export function parsePair(text: string): Session | undefined {
  const value = parseJson(text);
  return hasTokens(value) && 'expiresIn' in value
    ? sessionOf({ accessToken: value.accessToken, expiresIn: Number(value.expiresIn) }, value.refreshToken)
    : undefined;
}

/** What an app shows of the sign-in. */
export interface AuthState {
  readonly signedIn: boolean;
  /** The access level of the tokens; undefined when signed out. */
  readonly access: number | undefined;
  readonly userId: string | undefined;
}

/** Reads the state from the claims of the access token (RFC 9068). The service alone verifies them. */
export function stateOf(session: Session | null): AuthState {
  const claims = session === null ? undefined : claimsOf(session.accessToken);
  const access =
    typeof claims === 'object' && claims !== null && 'access' in claims ? claims.access : undefined;
  const sub = typeof claims === 'object' && claims !== null && 'sub' in claims ? claims.sub : undefined;
  return {
    signedIn: session !== null,
    access: typeof access === 'number' ? access : undefined,
    userId: typeof sub === 'string' ? sub : undefined,
  };
}

function claimsOf(token: string): unknown {
  const [, payload = ''] = token.split('.');
  try {
    return parseJson(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
  } catch {
    return undefined;
  }
}

export function parseJson(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function hasTokens(value: unknown): value is { accessToken: string; refreshToken: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'accessToken' in value &&
    'refreshToken' in value &&
    typeof value.accessToken === 'string' &&
    typeof value.refreshToken === 'string'
  );
}
