import { Problem } from '../problems/problem.ts';

/** The challenge of a protected resource: RFC 6750 section 3. */
const challenge = 'Bearer realm="latchkey"';

const withError = (code: string) => ({ 'www-authenticate': `${challenge}, error="${code}"` });

/**
 * The problem of a request without a token, or with another scheme. The challenge carries no error code (RFC
 * 6750 section 3.1).
 */
export function authenticationRequired(): Problem {
  return new Problem('authentication-required', { headers: { 'www-authenticate': challenge } });
}

/** The problem of a malformed Authorization header, or of a token that is sent in two ways. */
export function invalidRequest(): Problem {
  return new Problem('invalid-request', { headers: withError('invalid_request') });
}

/**
 * The problem of a token that this service did not issue, or that is expired or revoked.
 *
 * @param cause for the log only
 */
export function invalidToken(cause?: unknown): Problem {
  return new Problem('invalid-token', { headers: withError('invalid_token'), cause });
}

/** The problem of an API key that is not accepted. @param cause for the log only */
export function invalidApiKey(cause: string): Problem {
  return new Problem('invalid-token', {
    headers: withError('invalid_token'),
    detail: 'The API key is unknown, expired or ended, or its owner is disabled. Make another one.',
    cause,
  });
}

/** The problem of an API key where a session is needed. */
export function keyNotAllowed(): Problem {
  return new Problem('key-not-allowed', { headers: withError('insufficient_scope') });
}

/** The problem of an operation that an API key does not list. @param operation its operationId, or its URL */
export function operationNotAllowed(operation: string): Problem {
  return new Problem('operation-not-allowed', { headers: withError('insufficient_scope'), operation });
}

/** The problem of an access level that is too low. */
export function accessDenied(required: number, actual: number): Problem {
  return new Problem('access-denied', { headers: withError('insufficient_scope'), required, actual });
}

/** The problem of a wrong email or password; a 401 has a challenge (RFC 9110 section 15.5.2). */
export function invalidCredentials(): Problem {
  return new Problem('invalid-credentials', { headers: { 'www-authenticate': challenge } });
}

/**
 * The problem of a sign-in that is too long ago: RFC 9470 section 3.
 *
 * @param maxAge seconds that may have passed since a password was verified
 */
export function recentSignInRequired(maxAge: number): Problem {
  const header = `${challenge}, error="insufficient_user_authentication", error_description="A more recent sign-in is required", max_age=${maxAge}`;
  return new Problem('recent-sign-in-required', { headers: { 'www-authenticate': header } });
}

/**
 * The problem of a session with one factor where two are required: RFC 9470 section 3.
 *
 * @param maxAge seconds that may have passed since a sign-in, where that is required too
 */
export function twoFactorsRequired(maxAge?: number): Problem {
  const age = maxAge === undefined ? '' : `, max_age=${maxAge}`;
  const header = `${challenge}, error="insufficient_user_authentication", error_description="A second factor is required", acr_values="2"${age}`;
  return new Problem('two-factors-required', { headers: { 'www-authenticate': header } });
}

/** The problem of a refresh token that is not accepted; a 401 has a challenge (RFC 9110 section 15.5.2). */
export function invalidRefreshToken(): Problem {
  return new Problem('invalid-refresh-token', { headers: { 'www-authenticate': challenge } });
}

/**
 * The problem of a refused code, passkey or sign-in challenge; its header is that of RFC 9110 section 15.5.2.
 */
export function refusedCode(
  slug: 'challenge-invalid' | 'wrong-code' | 'code-already-used' | 'passkey-not-accepted',
): Problem {
  return new Problem(slug, { headers: { 'www-authenticate': challenge } });
}

/** The problem of a flow of a mailed code that is not accepted. */
export function invalidFlow(): Problem {
  const detail =
    'The flow was not issued by this service, it was used, or it has expired: after 10 minutes, and after 5 codes. Ask for another code.';
  return new Problem('challenge-invalid', { detail, headers: { 'www-authenticate': challenge } });
}

/** The problem of a code that is not the one that was mailed, or whose account cannot sign in. */
export function wrongMailCode(): Problem {
  const detail = 'The code is not the one of the mail, or the account cannot sign in.';
  return new Problem('wrong-code', { detail, headers: { 'www-authenticate': challenge } });
}

/** The outcome of a right password where the account has a second factor. It is not cached. */
export function secondFactorRequired(members: {
  readonly challenge: string;
  readonly methods: readonly string[];
}): Problem {
  const headers = { 'www-authenticate': challenge, 'cache-control': 'no-store' };
  return new Problem('second-factor-required', { ...members, headers });
}
