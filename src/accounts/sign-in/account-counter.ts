import type { Policy } from '../../throttle/failed-attempts.ts';
import { KEPT } from '../../throttle/kept.ts';
import type { Counted } from '../../throttle/reservation.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/**
 * The limit on failures of one account. After 5 failures in a row the wait is a second. It doubles with each
 * further failure, up to 15 minutes. Humans make that many mistakes (OWASP Authentication Cheat Sheet,
 * "Account Lockout"). This is a delay; lockout.ts has the lockout.
 */
const accountPolicy: Policy = {
  free: 5,
  firstDelayMs: SECOND_MS,
  maxDelayMs: 15 * MINUTE_MS,
  expiryMs: Number.POSITIVE_INFINITY,
};

/**
 * The counter of an account's passwords.
 *
 * @param knownNetwork id of a network that the owner has signed in from
 */
export function passwordCounter(email: string, knownNetwork?: string): Counted {
  const subject = knownNetwork === undefined ? ['account', email] : ['account', email, knownNetwork];
  return { subject, policy: accountPolicy };
}

/**
 * The counter of an account's second factor, for all networks together. It is the account's own and not the
 * address's: only a client with the right password reaches it. Time forgives nothing, so it is kept.
 */
export function codeCounter(userId: string): Counted {
  return { subject: [KEPT, 'second-factor', userId], policy: accountPolicy };
}
