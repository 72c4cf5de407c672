/** Bytes of a request body where the route says no other number, as its `bodyLimit`. The largest of the contract is below 3 KiB. */
export const BODY_LIMIT_BYTES = 16 * 1024;

/** Milliseconds in which the headers of a request, and all of it, have to arrive. */
export const HEADERS_TIMEOUT_MS = 10_000;
export const REQUEST_TIMEOUT_MS = 20_000;

/** Milliseconds between two looks at which requests have not arrived in time. */
export const CHECKING_INTERVAL_MS = 1_000;

/** Requests of one connection, so that clients of many find another process now and then. */
export const MAX_REQUESTS_PER_SOCKET = 10_000;

/** Milliseconds that a connection may be silent between two requests: more than the 60 s of most proxies in front. */
export const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/** Seconds after which what changes other people's access wants the password again (OWASP ASVS 5, 7.5.1). */
export const RECENT_SIGN_IN_SECONDS = 15 * 60;
