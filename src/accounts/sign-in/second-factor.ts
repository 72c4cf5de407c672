import { refusedCode } from '../../access/challenges.ts';
import type { RequestContext } from '../../audit/event.ts';
import { isMethod } from '../authenticators/methods.ts';
import { consumeCode, type GivenFactor } from '../authenticators/second-factor.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { requestOptions } from '../passkeys/options.ts';
import { requirePasskeys } from '../passkeys/relying-party.ts';
import type { PasskeyRequestOptions } from '../passkeys/schemas.ts';
import { evictSurplusSessions } from '../sessions/end.ts';
import { findOwner, type SessionGrant } from '../sessions/grant.ts';
import { requireSameOrigin } from '../sessions/same-origin.ts';
import { insertSession } from '../sessions/sessions.ts';
import { completeAttempt } from './attempts.ts';
import { type Challenge, consumeChallenge, countTry, findChallenge } from './challenges.ts';
import { attemptCode, attemptPasskey, type CodeAttempt } from './code-attempt.ts';
import { countOutcome } from './outcomes.ts';
import { type Prove, provePasskey } from './prove.ts';

/**
 * Makes the options of a passkey that ends a sign-in. They are bound to its challenge, list the passkeys of
 * the account, and are not stored.
 *
 * @param token the challenge of the sign-in
 * @throws {Problem} `challenge-invalid`; `passkey-not-found` for an account without one;
 *   `passkeys-not-available`
 */
export async function secondFactorOptions(
  context: AccountsContext,
  token: string,
): Promise<PasskeyRequestOptions> {
  requirePasskeys(context);
  const { row, owner } = await findChallenge(context, token);
  return requestOptions(context, { name: 'second-factor', id: row.id }, owner.id);
}

/**
 * Ends a sign-in with a second factor. It forgives the failures of both factors, and makes the network known.
 *
 * @param given the challenge, and one code or passkey
 * @throws {Problem} `challenge-invalid`; `wrong-code`; `code-already-used`; `passkey-not-accepted`;
 *   `passkeys-not-available`; `too-many-attempts`; `busy`; `same-origin-required` when the sign-in asked for
 *   a cookie that this answer may not set
 */
export async function provideSecondFactor(
  context: AccountsContext,
  given: GivenFactor & { readonly challenge: string },
  requestContext: RequestContext,
): Promise<SessionGrant> {
  const { passkey } = given;
  if (passkey !== undefined) requirePasskeys(context);
  return countOutcome(async () => {
    const challenge = await findChallenge(context, given.challenge);
    const { owner, row } = challenge;
    if (row.cookie) requireSameOrigin(requestContext);
    const grant =
      passkey === undefined
        ? await attemptCode(context, owner, requestContext, async () => {
            await countTry(context, challenge);
            return openSessionWith(context, challenge, requestContext, (change, user) =>
              consumeCode(change, user, given, requestContext),
            );
          })
        : await attemptPasskey(context, owner, requestContext, async () => {
            await countTry(context, challenge);
            const ceremony = { name: 'second-factor', id: row.id } as const;
            const prove = await provePasskey(
              context,
              passkey,
              { ceremony, ownedBy: owner.id },
              requestContext,
            );
            return openSessionWith(context, challenge, requestContext, prove);
          });
    await completeAttempt(context, owner, requestContext, grant.issuedAt);
    await evictSurplusSessions(context, owner.id, requestContext);
    return grant;
  });
}

/** Uses up the second factor and the challenge, and opens the session, in one transaction. */
function openSessionWith(
  context: AccountsContext,
  challenge: Challenge,
  requestContext: RequestContext,
  prove: Prove,
): Promise<CodeAttempt<SessionGrant>> {
  const { userId: id, epoch, accessCap, amr, cookie } = challenge.row;
  return makeChange(context, async (change) => {
    const user = await findOwner(change.tx, { id, epoch });
    if (user === undefined) throw refusedCode('challenge-invalid');
    const proof = await prove(change, user);
    if (proof.outcome !== 'accepted') return proof;
    await consumeChallenge(change.tx, challenge);
    const signedIn = { id, epoch, amr: [...amr.split(' ').filter(isMethod), ...proof.amr] };
    const options = { accessCap: accessCap ?? undefined, cookie };
    const value = await insertSession(change, user, signedIn, requestContext, options);
    return { outcome: 'accepted', value } as const;
  });
}
