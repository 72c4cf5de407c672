import { refusedCode } from '../../access/challenges.ts';
import type { RequestContext } from '../../audit/event.ts';
import { isMethod } from '../authenticators/methods.ts';
import { consumeCode, type GivenCode } from '../authenticators/second-factor.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { evictSurplusSessions } from '../sessions/end.ts';
import { findOwner, type SessionGrant } from '../sessions/grant.ts';
import { insertSession } from '../sessions/sessions.ts';
import { completeAttempt } from './attempts.ts';
import { type Challenge, consumeChallenge, countTry, findChallenge } from './challenges.ts';
import { attemptCode, type CodeAttempt } from './code-attempt.ts';
import { countOutcome } from './outcomes.ts';

/**
 * Ends a sign-in with a code of the second factor. It forgives the failures of both factors, and makes the
 * network known.
 *
 * @param given the challenge, and one code
 * @throws {Problem} `challenge-invalid`; `wrong-code`; `code-already-used`; `too-many-attempts`; `busy`
 */
export async function provideSecondFactor(
  context: AccountsContext,
  given: GivenCode & { readonly challenge: string },
  requestContext: RequestContext,
): Promise<SessionGrant> {
  return countOutcome(async () => {
    const challenge = await findChallenge(context, given.challenge);
    const { owner } = challenge;
    const grant = await attemptCode(context, owner, requestContext, async () => {
      await countTry(context, challenge);
      return openSessionWith(context, challenge, given, requestContext);
    });
    await completeAttempt(context, owner, requestContext, grant.issuedAt);
    await evictSurplusSessions(context, owner.id, requestContext);
    return grant;
  });
}

/** Uses up the code and the challenge, and opens the session, in one transaction. */
function openSessionWith(
  context: AccountsContext,
  challenge: Challenge,
  given: GivenCode,
  requestContext: RequestContext,
): Promise<CodeAttempt<SessionGrant>> {
  const { userId: id, epoch, accessCap, amr } = challenge.row;
  return makeChange(context, async (change) => {
    const user = await findOwner(change.tx, { id, epoch });
    if (user === undefined) throw refusedCode('challenge-invalid');
    const code = await consumeCode(change, user, given, requestContext);
    if (code.outcome !== 'accepted') return code;
    await consumeChallenge(change.tx, challenge);
    const signedIn = { id, epoch, amr: [...amr.split(' ').filter(isMethod), ...code.amr] };
    const value = await insertSession(change, user, signedIn, requestContext, accessCap ?? undefined);
    return { outcome: 'accepted', value } as const;
  });
}
