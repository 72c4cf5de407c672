import { Problem } from '../problems/problem.ts';

/** RFC 6750 section 3: the challenge of a protected resource. */
const challenge = 'Bearer realm="latchkey"';

const withError = (code: string) => ({ 'www-authenticate': `${challenge}, error="${code}"` });

/** No token, or another scheme: the challenge carries no error code (RFC 6750 section 3.1). */
export function authenticationRequired(): Problem {
  return new Problem('authentication-required', { headers: { 'www-authenticate': challenge } });
}

/** A malformed Authorization header, or a token sent in two ways. */
export function invalidRequest(): Problem {
  return new Problem('invalid-request', { headers: withError('invalid_request') });
}

/** A token that is not ours, or is expired or revoked. @param cause for the log only */
export function invalidToken(cause?: unknown): Problem {
  return new Problem('invalid-token', { headers: withError('invalid_token'), cause });
}

/** A level that is too low. */
export function accessDenied(required: number, actual: number): Problem {
  return new Problem('access-denied', { headers: withError('insufficient_scope'), required, actual });
}

/** Wrong email or password; a 401 has a challenge (RFC 9110 section 15.5.2). */
export function invalidCredentials(): Problem {
  return new Problem('invalid-credentials', { headers: { 'www-authenticate': challenge } });
}

/**
 * A sign-in that is too long ago: RFC 9470 section 3.
 *
 * @param maxAge seconds that may have passed since a password was verified
 */
export function recentSignInRequired(maxAge: number): Problem {
  const header = `${challenge}, error="insufficient_user_authentication", error_description="A more recent sign-in is required", max_age=${maxAge}`;
  return new Problem('recent-sign-in-required', { headers: { 'www-authenticate': header } });
}

/** A refresh token that gets nothing; a 401 has a challenge (RFC 9110 section 15.5.2). */
export function invalidRefreshToken(): Problem {
  return new Problem('invalid-refresh-token', { headers: { 'www-authenticate': challenge } });
}
