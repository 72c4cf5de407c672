import { refusedCode } from '../../access/challenges.ts';
import type { RequestContext } from '../../audit/event.ts';
import { selectRow } from '../../db/raw/select.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { notePasskeyUse, type VerifiedPasskey, verifyAssertion } from '../passkeys/assertion.ts';
import type { PasskeyAssertion } from '../passkeys/credential.schemas.ts';
import { requirePasskeys } from '../passkeys/relying-party.ts';
import { evictSurplusSessions } from '../sessions/end.ts';
import { type Owner, ownerColumns, type SessionGrant } from '../sessions/grant.ts';
import { insertSession, type SessionOptions } from '../sessions/sessions.ts';
import { attemptProof, completeAttempt } from './attempts.ts';
import { unlockSecondFactor } from './code-attempt.ts';
import { countOutcome } from './outcomes.ts';

/** A session that a passkey has opened, and its user. */
interface Opened {
  readonly user: Owner;
  readonly grant: SessionGrant;
}

/**
 * Signs in with a passkey that has verified its user: both factors at once. It also opens an account that is
 * closed for passwords or codes, because a signature cannot be guessed, and forgives their failures.
 *
 * @throws {Problem} `passkey-not-accepted`; `passkeys-not-available`; `too-many-attempts`;
 *   `same-origin-required` for a session in a cookie that the answer may not set
 */
export async function signInWithPasskey(
  context: AccountsContext,
  assertion: PasskeyAssertion,
  requestContext: RequestContext,
  options?: SessionOptions,
): Promise<SessionGrant> {
  requirePasskeys(context);
  return countOutcome(async () => {
    const opened = await attemptProof(context, requestContext, 'passkey', async () => {
      const verified = await verifyAssertion(context, assertion, { ceremony: { name: 'sign-in' } });
      return verified && openSessionOf(context, verified, requestContext, options);
    });
    if (opened === undefined) {
      const event = { action: 'sign-in.failed', actorId: null, targetId: null, requestContext } as const;
      context.eventAggregator.add(event);
      throw refusedCode('passkey-not-accepted');
    }
    const { user, grant } = opened;
    await completeAttempt(context, user, requestContext, grant.issuedAt);
    await unlockSecondFactor(context, user.id);
    await evictSurplusSessions(context, user.id, requestContext);
    return grant;
  });
}

/** @returns undefined when the user is disabled, or the passkey is not accepted any more */
function openSessionOf(
  context: AccountsContext,
  passkey: VerifiedPasskey,
  requestContext: RequestContext,
  options: SessionOptions | undefined,
): Promise<Opened | undefined> {
  return makeChange(context, async (change) => {
    const user = await selectRow(change.tx, 'User', ownerColumns, { id: passkey.userId });
    if (user === undefined || user.disabled) return undefined;
    if (!(await notePasskeyUse(change, passkey, requestContext))) return undefined;
    const signedIn = { id: user.id, epoch: user.epoch, amr: passkey.amr };
    return { user, grant: await insertSession(change, user, signedIn, requestContext, options) };
  });
}
