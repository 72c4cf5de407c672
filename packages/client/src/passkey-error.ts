/** The texts of the reasons why a browser has given no passkey. A page may show its own in their place. */
const details = {
  /** The user has closed the dialog, the time is over, or there is no passkey. Browsers do not tell which. */
  cancelled: 'No passkey was used.',
  /** The `signal` of the page was aborted, or a user has signed in meanwhile. */
  aborted: 'The request for a passkey has ended.',
  'already-registered': 'This device has a passkey of this account already.',
  /** The browser or the authenticator cannot do it: it does not verify its user, for instance. */
  'not-supported': 'This browser or device cannot do this with passkeys.',
  /** The page is none of those that the passkeys are bound to: RP_ID and PASSKEY_ORIGINS. */
  'wrong-site': 'This page cannot use the passkeys of the service.',
  /** The first passkey of an account takes a code, which was sent by mail. */
  'mail-code-required': 'A code was sent by mail. It is needed to add the passkey.',
  failed: 'The passkey could not be used.',
} as const;

/** The reason why there is no passkey to send. */
export type PasskeyErrorReason = keyof typeof details;

/** The `error` of a result that did not get as far as the service: the browser has given no passkey. */
export class PasskeyError extends Error {
  override name = 'PasskeyError';
  readonly reason: PasskeyErrorReason;

  constructor(reason: PasskeyErrorReason, cause?: unknown) {
    super(details[reason], { cause });
    this.reason = reason;
  }

  /** An English text for people, as problems have it. */
  get detail(): string {
    return this.message;
  }
}

/** The reasons by the names of the browser's errors (Web Authentication Level 3 sections 5.1.3 and 5.1.4). */
const reasons: ReadonlyMap<unknown, PasskeyErrorReason> = new Map([
  ['NotAllowedError', 'cancelled'],
  ['AbortError', 'aborted'],
  ['InvalidStateError', 'already-registered'],
  ['NotSupportedError', 'not-supported'],
  ['ConstraintError', 'not-supported'],
  ['SecurityError', 'wrong-site'],
]);

/** Makes the error of a page from that of the browser, which is its `cause`. */
export function passkeyErrorOf(cause: unknown): PasskeyError {
  if (cause instanceof PasskeyError) return cause;
  const name = typeof cause === 'object' && cause !== null && 'name' in cause ? cause.name : undefined;
  return new PasskeyError(reasons.get(name) ?? 'failed', cause);
}
