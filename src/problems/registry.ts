/** One kind of error that a client can meet: RFC 9457 `type` (as a slug), `status`, `title` and default `detail`. */
export interface ProblemEntry {
  readonly status: number;
  readonly title: string;
  /** What is wrong and what to do about it. */
  readonly detail: string;
  /** The header field that every answer with it has, and that says more. */
  readonly field?: ProblemField;
}

export type ProblemField = 'Retry-After' | 'WWW-Authenticate';

/** Every problem that Latchkey answers with. Slugs are part of the API: clients compare `type` with them. */
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
      'This page asks for an access token. Get one from POST /login and send it as `Authorization: Bearer <token>`.',
    field: 'WWW-Authenticate',
  },
  'invalid-token': {
    status: 401,
    title: 'Invalid token',
    detail:
      'The access token is expired, revoked or not one of ours. Get another from POST /refresh, or sign in again.',
    field: 'WWW-Authenticate',
  },
  'invalid-credentials': {
    status: 401,
    title: 'Invalid credentials',
    detail: 'Email or password is wrong, or the account cannot sign in.',
    field: 'WWW-Authenticate',
  },
  'invalid-refresh-token': {
    status: 401,
    title: 'Invalid refresh token',
    detail:
      'The refresh token is not one of ours, or its session has ended: signed out, expired, or the token was used before. Sign in again.',
    field: 'WWW-Authenticate',
  },
  'recent-sign-in-required': {
    status: 401,
    title: 'Recent sign-in required',
    detail:
      'This asks for a password that was given a short while ago. Send it to POST /me/reauthenticate, and try again with the token that answers.',
    field: 'WWW-Authenticate',
  },
  'wrong-password': {
    status: 403,
    title: 'Wrong password',
    detail: 'The password is not that of your account.',
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
      'The token is not one that was mailed, or it was used, replaced or withdrawn, or its time is over. Ask for another mail.',
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
  'invitation-not-found': {
    status: 404,
    title: 'Invitation not found',
    detail: 'There is no invitation with this id.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    detail: 'This URL does not answer to the method. The Allow header lists those that it does answer to.',
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
    detail: 'There must be an enabled admin without a time limit. Make another one first.',
  },
  'invitation-exists': {
    status: 409,
    title: 'Invitation exists',
    detail: 'This address has an invitation already. Resend that one, or delete it first.',
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
    detail: 'It was changed since it was read: If-Match is not its ETag. Read it again, then decide.',
  },
  'body-too-large': {
    status: 413,
    title: 'Body too large',
    detail: 'The body is larger than this route takes: 16 KiB, unless its documentation says more.',
  },
  'uri-too-long': {
    status: 414,
    title: 'URI too long',
    detail: 'A part of the URL is longer than the server reads.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    detail: 'Bodies are JSON. Send them with `Content-Type: application/json`.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'Idempotency key reused',
    detail: 'This Idempotency-Key was sent with another body. Take a new key for a new request.',
  },
  'too-many-attempts': {
    status: 429,
    title: 'Too many attempts',
    detail:
      'There were too many failed attempts. Try again after `Retry-After` seconds, or set a new password.',
    field: 'Retry-After',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests',
    detail:
      'This address, or this user, sends more requests than it may. Send the next one after `Retry-After` seconds.',
    field: 'Retry-After',
  },
  'headers-too-large': {
    status: 431,
    title: 'Headers too large',
    detail: 'The headers of the request are larger than the server reads (16 KiB).',
  },
  'internal-error': {
    status: 500,
    title: 'Internal error',
    detail:
      'Something went wrong on our side; the cause is in our log under the `requestId`. It is safe to try a read again.',
  },
  busy: {
    status: 503,
    title: 'Busy',
    detail: 'There is more to do than can be done. Send it again after `Retry-After` seconds.',
    field: 'Retry-After',
  },
  'not-ready': {
    status: 503,
    title: 'Not ready',
    detail:
      'This process cannot answer for its tokens just now. Try another one, or again after `Retry-After` seconds.',
    field: 'Retry-After',
  },
  'mail-not-configured': {
    status: 503,
    title: 'Mail not configured',
    detail: 'This needs mail, and the service has no mail server. Its operator sets SMTP_URL.',
  },
  'database-unavailable': {
    status: 503,
    title: 'Database unavailable',
    detail:
      'The database cannot be reached. Nothing was changed, unless the connection broke while it was: read before you try again, after `Retry-After` seconds.',
    field: 'Retry-After',
  },
} as const satisfies Record<string, ProblemEntry>;

/** The slug of a registered problem. */
export type ProblemSlug = keyof typeof registry;

/** What is registered of a problem. */
export function entryOf(slug: ProblemSlug): ProblemEntry {
  return registry[slug];
}

/** All slugs, in the registry's order. */
export const slugs: readonly ProblemSlug[] = Object.keys(registry).filter(isSlug);

/** Whether a string is the slug of a registered problem. */
export function isSlug(value: string): value is ProblemSlug {
  return Object.hasOwn(registry, value);
}
