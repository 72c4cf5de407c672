import type { RequestContext } from '../../audit/event.ts';
import type { CodeOwner, GivenCodeOutcome } from '../authenticators/second-factor.ts';
import type { Change } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { type AssertionRules, notePasskeyUse, verifyAssertion } from '../passkeys/assertion.ts';
import type { PasskeyAssertion } from '../passkeys/credential.schemas.ts';

/** Uses a second factor up, inside the transaction of what it is for. */
export type Prove = (change: Change, owner: CodeOwner) => Promise<GivenCodeOutcome>;

/**
 * Verifies a passkey's answer as a second factor. Its use is noted by the function that is returned: when the
 * counter has fallen, that records it, and the change must be committed all the same.
 *
 * @throws {Problem} `passkeys-not-available`
 */
export async function provePasskey(
  context: AccountsContext,
  assertion: PasskeyAssertion,
  rules: AssertionRules & { readonly ownedBy: string },
  requestContext: RequestContext,
): Promise<Prove> {
  const verified = await verifyAssertion(context, assertion, rules);
  return async (change) =>
    verified !== undefined && (await notePasskeyUse(change, verified, requestContext))
      ? { outcome: 'accepted', amr: verified.amr }
      : { outcome: 'wrong' };
}
