import { invalidToken } from '../../access/challenges.ts';
import { selectRow } from '../../db/raw/select.ts';
import { displayEmail } from '../../lib/email-address.ts';
import { Problem } from '../../problems/problem.ts';
import { PASSKEY_CHALLENGE_LIFETIME_MS } from '../../tokens/passkey-challenges.ts';
import { needsMailCode, sendMailCode } from '../authenticators/mail-code.ts';
import { requireAllFactors } from '../authenticators/require-factors.ts';
import { hasWayWithoutPasskey } from '../authenticators/ways-in.ts';
import { makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, SessionActor } from '../context.ts';
import { creationOptions } from './options.ts';
import type { PasskeyCreationOptions } from './schemas.ts';

/** Passkeys that an account has at most. */
export const MAX_PASSKEYS = 20;

const columns = [
  'id',
  'email',
  'name',
  'passwordHash',
  'access',
  'permanentAccess',
  'accessUntil',
  'secondFactor',
] as const;

/** The options of a new passkey, and whether the request that has it takes a mailed code too. */
export interface PasskeyEnrolment {
  readonly options: PasskeyCreationOptions;
  readonly mailCodeRequired: boolean;
}

/**
 * Makes the options of a new passkey of the actor. They belong to the session. Where the passkey would raise
 * the level of an account without a second factor, a code is mailed that belongs to the challenge. Nothing
 * else is written.
 *
 * @param maxAge seconds that may have passed since the sign-in, as the route declares them
 * @throws {Problem} `passkeys-not-available`; `too-many-passkeys`; `two-factors-required` when the account
 *   has a second factor and the session has one factor; `too-many-requests` when a code cannot be mailed now;
 *   `invalid-token`
 */
export async function requestPasskey(
  context: AccountsContext,
  actor: SessionActor,
  maxAge: number,
): Promise<PasskeyEnrolment> {
  const { userId, sessionId } = actor;
  const user = await selectRow(context.db, 'User', columns, { id: userId });
  if (user === undefined) throw invalidToken();
  const { passwordHash, name } = user;
  const hasNothingElse = !hasWayWithoutPasskey(context, { passwordHash });
  // Outside of the transaction: SQLite has one connection, which the transaction holds.
  const options = await creationOptions(
    context,
    { name: 'registration', id: sessionId },
    { id: userId, email: displayEmail(user.email), name, hasNothingElse },
  );
  return makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    const { tx } = change;
    await requireAllFactors(change, maxAge);
    if ((await tx.passkey.count({ where: { userId } })) >= MAX_PASSKEYS)
      throw new Problem('too-many-passkeys');
    const createdAt = await context.now(tx);
    const mailCodeRequired = needsMailCode(context, user, createdAt);
    if (mailCodeRequired) {
      const code = context.mailCodes.codeOf(options.challenge);
      const notAfter = new Date(createdAt.getTime() + PASSKEY_CHALLENGE_LIFETIME_MS);
      await sendMailCode(change, actor, { code, email: user.email, createdAt, notAfter });
    }
    return { options, mailCodeRequired };
  });
}
