import type { RequestContext } from '../../audit/event.ts';
import { Problem } from '../../problems/problem.ts';

/**
 * Checks that the answer to a request may set the cookie of a session.
 *
 * @throws {Problem} `same-origin-required`
 */
export function requireSameOrigin({ isSameOrigin }: RequestContext): void {
  if (isSameOrigin !== true) throw new Problem('same-origin-required');
}
