/**
 * Bytes of a request body where the route has no own `bodyLimit`. The largest body of the contract is below 3
 * KiB.
 */
export const BODY_LIMIT_BYTES = 16 * 1024;

/** Timeouts in which the headers of a request, and the whole request, must arrive. */
export const HEADERS_TIMEOUT_MS = 10_000;
export const REQUEST_TIMEOUT_MS = 20_000;

/** Milliseconds between two checks for requests that have not arrived in time. */
export const CHECKING_INTERVAL_MS = 1_000;

/**
 * Requests of one connection, so that clients with many requests reconnect to another process from time to
 * time.
 */
export const MAX_REQUESTS_PER_SOCKET = 10_000;

/** Milliseconds that a connection may be idle between two requests: more than the 60 s of most proxies. */
export const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/**
 * Seconds after which a request that changes another user's access needs the password again (OWASP ASVS 5,
 * 7.5.1).
 */
export const RECENT_SIGN_IN_SECONDS = 15 * 60;
