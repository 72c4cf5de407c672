/**
 * A kind of error that a client can get: the RFC 9457 `type` (as a slug), `status`, `title` and default
 * `detail`.
 */
export interface ProblemEntry {
  readonly status: number;
  readonly title: string;
  /** A text that says what is wrong and what to do about it. */
  readonly detail: string;
  /** The header field that every answer with this problem has, and that says more. */
  readonly field?: ProblemField;
}

export type ProblemField = 'Retry-After' | 'WWW-Authenticate';

/** Every problem that Latchkey answers with. Slugs are part of the API: clients compare `slug` with them. */
export const registry = {
  'malformed-json': {
    status: 400,
    title: 'Malformed JSON',
    detail: 'The body is not valid JSON. Send one JSON object, encoded as UTF-8.',
  },
  'validation-failed': {
    status: 400,
    title: 'Validation failed',
    detail:
      'Parts of the request do not fit the contract. Each entry of `errors` names one by JSON Pointer; the contract is /openapi.json.',
  },
  'invalid-request': {
    status: 400,
    title: 'Invalid request',
    detail:
      'The Authorization header must be `Bearer <token>`, sent once and in the header only (RFC 6750 section 2).',
    field: 'WWW-Authenticate',
  },
  'bad-url': {
    status: 400,
    title: 'Bad URL',
    detail:
      'The path is not a valid URL path. Encode reserved and non-ASCII characters (RFC 3986 section 2.1).',
  },
  'bad-request': {
    status: 400,
    title: 'Bad request',
    detail: 'The request is not valid HTTP for this server. Check its headers and its Content-Length.',
  },
  'authentication-required': {
    status: 401,
    title: 'Authentication required',
    detail:
      'This page needs an access token. Get one from POST /login and send it as `Authorization: Bearer <token>`.',
    field: 'WWW-Authenticate',
  },
  'invalid-token': {
    status: 401,
    title: 'Invalid token',
    detail:
      'The access token is expired, revoked or was not issued by this service. Get another from POST /refresh, or sign in again.',
    field: 'WWW-Authenticate',
  },
  'invalid-credentials': {
    status: 401,
    title: 'Invalid credentials',
    detail: 'Email or password is wrong, or the account cannot sign in.',
    field: 'WWW-Authenticate',
  },
  'second-factor-required': {
    status: 401,
    title: 'Second factor required',
    detail:
      'The password is right, and the account has a second factor. Send the `challenge`, with a code or a recovery code, to POST /login/second-factor within 5 minutes; `methods` says what the account has.',
    field: 'WWW-Authenticate',
  },
  'challenge-invalid': {
    status: 401,
    title: 'Challenge not valid',
    detail:
      'The challenge was not issued by this service, it was used, or it has expired: after 5 minutes, after 5 codes, and when the account was changed. Sign in again.',
    field: 'WWW-Authenticate',
  },
  'code-already-used': {
    status: 401,
    title: 'Code already used',
    detail: 'The code was used before. Wait for the next one: an app shows a new code every 30 seconds.',
    field: 'WWW-Authenticate',
  },
  'invalid-refresh-token': {
    status: 401,
    title: 'Invalid refresh token',
    detail:
      'The refresh token was not issued by this service, or its session has ended: signed out, expired, or the token was used before. Sign in again.',
    field: 'WWW-Authenticate',
  },
  'recent-sign-in-required': {
    status: 401,
    title: 'Recent sign-in required',
    detail:
      'This request needs a recent sign-in. Send the password, and a code where the account has a second factor, to POST /me/reauthenticate, and try again with the token of the answer.',
    field: 'WWW-Authenticate',
  },
  'two-factors-required': {
    status: 401,
    title: 'Two factors required',
    detail:
      'This request needs both factors of the account. Send the password and a code to POST /me/reauthenticate, and try again with the token of the answer; an account without a second factor gets one with POST /me/totp.',
    field: 'WWW-Authenticate',
  },
  'wrong-code': {
    status: 401,
    title: 'Wrong code',
    detail:
      'The code is wrong, or no longer the one that is shown. Check the clock of the device, and send the next code.',
    field: 'WWW-Authenticate',
  },
  'wrong-password': {
    status: 403,
    title: 'Wrong password',
    detail: 'The password is not the password of your account.',
  },
  'access-denied': {
    status: 403,
    title: 'Access denied',
    detail: 'You do not have access to that page. Sorry!',
    field: 'WWW-Authenticate',
  },
  'registration-closed': {
    status: 403,
    title: 'Registration closed',
    detail: 'Accounts are made by invitation here. Ask an admin for one.',
  },
  'mail-token-invalid': {
    status: 403,
    title: 'Token not valid',
    detail:
      'The token was not sent by mail, or it was used, replaced or withdrawn, or it has expired. Request another mail.',
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    detail: 'There is nothing at this URL. The URLs of the service are listed in /openapi.json.',
  },
  'user-not-found': {
    status: 404,
    title: 'User not found',
    detail: 'There is no user with this id.',
  },
  'session-not-found': {
    status: 404,
    title: 'Session not found',
    detail: 'You have no session with this id.',
  },
  'totp-not-found': {
    status: 404,
    title: 'No authenticator app',
    detail: 'Your account has no authenticator app.',
  },
  'invitation-not-found': {
    status: 404,
    title: 'Invitation not found',
    detail: 'There is no invitation with this id.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    detail: 'This URL does not support the method. The Allow header lists the methods that it supports.',
  },
  'request-timeout': {
    status: 408,
    title: 'Request timeout',
    detail: 'The request did not arrive in time. Send it again.',
  },
  'email-taken': {
    status: 409,
    title: 'Email taken',
    detail: 'There is an account with this email address. Sign in with it, or use another address.',
  },
  'last-admin': {
    status: 409,
    title: 'Last admin',
    detail: 'There must be an enabled admin without a time limit. Make another user an admin first.',
  },
  'totp-not-pending': {
    status: 409,
    title: 'Nothing to confirm',
    detail:
      'There is no secret to confirm: this session asked for none, it is older than 10 minutes, or 5 codes were wrong. Get another one from POST /me/totp.',
  },
  'no-second-factor': {
    status: 409,
    title: 'No second factor',
    detail: 'Recovery codes are for accounts with a second factor. Set one up with POST /me/totp first.',
  },
  'own-authenticators': {
    status: 409,
    title: 'Own authenticators',
    detail:
      'This request is for the authenticators of others. Use DELETE /me/totp for your own; without them, ask another admin, or the operator: latchkey user reset-authenticators.',
  },
  'invitation-exists': {
    status: 409,
    title: 'Invitation exists',
    detail: 'This address already has an invitation. Resend that invitation, or delete it first.',
  },
  'request-in-progress': {
    status: 409,
    title: 'Request in progress',
    detail:
      'A request with this Idempotency-Key is still running. Send it again after `Retry-After` seconds.',
    field: 'Retry-After',
  },
  'precondition-failed': {
    status: 412,
    title: 'Precondition failed',
    detail:
      'The resource was changed after it was read: If-Match is not its ETag. Read it again, then decide.',
  },
  'body-too-large': {
    status: 413,
    title: 'Body too large',
    detail: 'The body is larger than this route accepts: 16 KiB, unless its documentation says more.',
  },
  'uri-too-long': {
    status: 414,
    title: 'URI too long',
    detail: 'A part of the URL is longer than the server accepts.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    detail: 'Bodies are JSON. Send them with `Content-Type: application/json`.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'Idempotency key reused',
    detail: 'This Idempotency-Key was sent with another body. Use a new key for a new request.',
  },
  'too-many-attempts': {
    status: 429,
    title: 'Too many attempts',
    detail:
      'There were too many failed attempts. Try again after `Retry-After` seconds. A new password that is set by mail ends the wait for passwords, not the one for codes.',
    field: 'Retry-After',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests',
    detail:
      'This address, or this user, sends more requests than allowed. Send the next one after `Retry-After` seconds.',
    field: 'Retry-After',
  },
  'headers-too-large': {
    status: 431,
    title: 'Headers too large',
    detail: 'The headers of the request are larger than the server accepts (16 KiB).',
  },
  'internal-error': {
    status: 500,
    title: 'Internal error',
    detail:
      'Something went wrong in the service; the cause is in its log under the `requestId`. It is safe to repeat a read.',
  },
  busy: {
    status: 503,
    title: 'Busy',
    detail: 'The server is overloaded. Send the request again after `Retry-After` seconds.',
    field: 'Retry-After',
  },
  'not-ready': {
    status: 503,
    title: 'Not ready',
    detail:
      'This process cannot serve requests at the moment. Try another process, or try again after `Retry-After` seconds.',
    field: 'Retry-After',
  },
  'mail-not-configured': {
    status: 503,
    title: 'Mail not configured',
    detail: 'This request needs mail, and the service has no mail server. The operator must set SMTP_URL.',
  },
  'database-unavailable': {
    status: 503,
    title: 'Database unavailable',
    detail:
      'The database cannot be reached. Nothing was changed, unless the connection broke during the change. Try again after `Retry-After` seconds, and read first.',
    field: 'Retry-After',
  },
} as const satisfies Record<string, ProblemEntry>;

/** The slug of a registered problem. */
export type ProblemSlug = keyof typeof registry;

/** Returns the registry entry of a problem. */
export function entryOf(slug: ProblemSlug): ProblemEntry {
  return registry[slug];
}

/** All slugs, in the registry's order. */
export const slugs: readonly ProblemSlug[] = Object.keys(registry).filter(isSlug);

/** Tells whether a string is the slug of a registered problem. */
export function isSlug(value: string): value is ProblemSlug {
  return Object.hasOwn(registry, value);
}
