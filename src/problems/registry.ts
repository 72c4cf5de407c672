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
  'passkey-invalid': {
    status: 400,
    title: 'Passkey not valid',
    detail:
      'The new passkey is not valid: not made for this site or with these options, not by an algorithm of them, older than 5 minutes, or sent before. Get new options, and try again.',
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
      'The password, or the mailed code, is right, and the account has a second factor. Send the `challenge`, with a code, a recovery code or a passkey, to POST /login/second-factor within 5 minutes; `methods` says what the account has.',
    field: 'WWW-Authenticate',
  },
  'challenge-invalid': {
    status: 401,
    title: 'Challenge not valid',
    detail:
      'The challenge was not issued by this service, it was used, or it has expired: after 5 minutes, after 5 codes or passkeys, and when the account was changed. Sign in again.',
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
      'This request needs a recent sign-in. Send a passkey, or the password with a code where the account has a second factor, to POST /me/reauthenticate, and try again with the token of the answer. Without either, sign in again.',
    field: 'WWW-Authenticate',
  },
  'two-factors-required': {
    status: 401,
    title: 'Two factors required',
    detail:
      'This request needs both factors of the account. Send a passkey, or the password and a code, to POST /me/reauthenticate, and try again with the token of the answer; an account without a second factor gets one with POST /me/totp or POST /me/passkeys/options.',
    field: 'WWW-Authenticate',
  },
  'wrong-code': {
    status: 401,
    title: 'Wrong code',
    detail:
      'The code is wrong, or no longer the one that is shown. Check the clock of the device, and send the next code.',
    field: 'WWW-Authenticate',
  },
  'passkey-not-accepted': {
    status: 401,
    title: 'Passkey not accepted',
    detail:
      'The passkey is not one of an account that can sign in, or its answer is not valid: not for this site, not signed, older than 5 minutes, or sent before. Get new options, and try again.',
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
  'key-not-allowed': {
    status: 403,
    title: 'API key not allowed',
    detail:
      "This request needs a person who has signed in: send the access token of a session. An API key may do what needs a recent sign-in only when it is a service account's and lists the operation by name.",
    field: 'WWW-Authenticate',
  },
  'operation-not-allowed': {
    status: 403,
    title: 'Operation not allowed',
    detail: 'The API key does not list this operation, which `operation` names. Make a key that does.',
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
  'same-origin-required': {
    status: 403,
    title: 'Same origin required',
    detail:
      'The cookie of a session is set for pages of the origin of PUBLIC_URL only. Send the request from there, or sign in without `session`.',
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
  'passkey-not-found': {
    status: 404,
    title: 'Passkey not found',
    detail: 'Your account has no passkey, or none with this id.',
  },
  'sign-in-method-off': {
    status: 404,
    title: 'Not a way to sign in here',
    detail: 'This service does not take this way to sign in: its SIGN_IN_METHODS leaves it out.',
  },
  'passkeys-not-available': {
    status: 404,
    title: 'No passkeys here',
    detail:
      'This service takes no passkeys: SIGN_IN_METHODS leaves them out, or PUBLIC_URL is no https URL with a domain, nor localhost. The log of its start says which.',
  },
  'api-key-not-found': {
    status: 404,
    title: 'API key not found',
    detail: 'This account has no API key with this id: it was ended, or it has expired.',
  },
  'service-account-not-found': {
    status: 404,
    title: 'Service account not found',
    detail: 'There is no service account with this id.',
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
  'passkey-exists': {
    status: 409,
    title: 'Passkey exists',
    detail: 'This passkey belongs to an account already. Use another device, or remove it there first.',
  },
  'too-many-passkeys': {
    status: 409,
    title: 'Too many passkeys',
    detail: 'An account has 20 passkeys at most. Remove one that you no longer use.',
  },
  'last-authenticator': {
    status: 409,
    title: 'Last authenticator',
    detail:
      'Without this authenticator nobody could sign in to the account. Add another one, or set a password, first.',
  },
  'no-second-factor': {
    status: 409,
    title: 'No second factor',
    detail:
      'Recovery codes are for accounts with a second factor. Set one up with POST /me/totp or POST /me/passkeys/options first.',
  },
  'own-authenticators': {
    status: 409,
    title: 'Own authenticators',
    detail:
      'This request is for the authenticators of others. Use DELETE /me/totp and DELETE /me/passkeys/{id} for your own; without them, ask another admin, or the operator: latchkey user reset-authenticators.',
  },
  'invitation-exists': {
    status: 409,
    title: 'Invitation exists',
    detail: 'This address already has an invitation. Resend that invitation, or delete it first.',
  },
  'too-many-api-keys': {
    status: 409,
    title: 'Too many API keys',
    detail: 'An account has at most 50 API keys. End one that is not used any more.',
  },
  'request-in-progress': {
    status: 409,
    title: 'Request in progress',
    detail:
      'A request with this Idempotency-Key is still running. Send it again after `Retry-After` seconds.',
    field: 'Retry-After',
  },
  'cookies-need-https': {
    status: 409,
    title: 'Cookies need https',
    detail:
      'PUBLIC_URL is http, so a session in a cookie could be read on its way. The operator must set an https URL, or COOKIES_OVER_HTTP=on; or sign in without `session`.',
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
  'feed-not-complete': {
    status: 503,
    title: 'Feed not complete',
    detail:
      'There are more revocations than this process has room for, or it has not read them yet. Trust nothing until the feed answers again; ask after `Retry-After` seconds.',
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
