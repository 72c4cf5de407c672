/** The tokens of a sign-in, as they are stored. Times are of the device's clock, in milliseconds. */
export interface Session {
  readonly accessToken: string;
  /** Empty where it is in a cookie, which no script can read. */
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

/**
 * Reads the answer to a refresh.
 *
 * @param isInCookie true when the refresh token is not in the answer; it is empty then
 * @returns undefined for a text that is none
 */
export function parsePair(text: string, isInCookie = false): Session | undefined {
  const answer = parseJson(text);
  const value = isInCookie ? { ...Object(answer), refreshToken: '' } : answer;
  return hasTokens(value) && 'expiresIn' in value
    ? sessionOf({ accessToken: value.accessToken, expiresIn: Number(value.expiresIn) }, value.refreshToken)
    : undefined;
}

/**
 * Reads the answer of a request that issues tokens for the session that is signed in. Where it has no refresh
 * token, the session keeps its own.
 *
 * @returns undefined for a text without tokens, and when the user has signed out meanwhile
 */
export function parseIssued(text: string, current: Session | null): Session | undefined {
  if (current === null) return undefined;
  const { refreshToken } = current;
  return parsePair(text) ?? parsePair(JSON.stringify({ ...Object(parseJson(text)), refreshToken }));
}

/** What an app shows of the sign-in. */
export interface AuthState {
  readonly signedIn: boolean;
  /** The access level of the tokens; undefined when signed out. */
  readonly access: number | undefined;
  /** The level that a second factor would give; undefined where it gives no higher one. */
  readonly access2: number | undefined;
  /** Number of factors of the session; undefined when signed out. */
  readonly factors: 1 | 2 | undefined;
  readonly userId: string | undefined;
}

/** Reads the state from the claims of the access token (RFC 9068). The service alone verifies them. */
export function stateOf(session: Session | null): AuthState {
  const { access, access2, acr, sub } = session === null ? {} : claimsOf(session.accessToken);
  return {
    signedIn: session !== null,
    access: typeof access === 'number' ? access : undefined,
    access2: typeof access2 === 'number' ? access2 : undefined,
    factors: session === null ? undefined : acr === '2' ? 2 : 1,
    userId: typeof sub === 'string' ? sub : undefined,
  };
}

/** Tells whether two states are the same, with the same permissions. */
export function isSameState(one: AuthState, other: AuthState): boolean {
  return (
    one.signedIn === other.signedIn &&
    one.access === other.access &&
    one.access2 === other.access2 &&
    one.factors === other.factors &&
    one.userId === other.userId
  );
}

type Claims = Partial<Record<'access' | 'access2' | 'acr' | 'sub', unknown>>;

function claimsOf(token: string): Claims {
  const [, payload = ''] = token.split('.');
  try {
    const claims = parseJson(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
    return typeof claims === 'object' && claims !== null ? claims : {};
  } catch {
    return {};
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
