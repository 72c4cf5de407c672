import type { Reservation } from '../../throttle/reservation.ts';

/**
 * After this many failures in a row, the account is locked out for unknown networks: NIST SP 800-63B-4
 * section 3.2.2. A network that the owner has signed in from is not concerned.
 */
const LOCKOUT_THRESHOLD = 100;

/**
 * Decides whether an account is locked out: then the right password is answered as a wrong one.
 *
 * @param reservation of the counter that all clients share; undefined when it allows no attempt
 */
export function isLockedOut(reservation: Reservation | undefined): boolean {
  return reservation === undefined || reservation.failures >= LOCKOUT_THRESHOLD;
}
