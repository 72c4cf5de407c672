import { invalidToken } from '../../access/challenges.ts';
import { selectRow } from '../../db/raw/select.ts';
import { displayEmail } from '../../lib/email-address.ts';
import { newMailCode } from '../../tokens/mail-codes.ts';
import { makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, SessionActor } from '../context.ts';
import { hashMailCode, needsMailCode, sendMailCode } from './mail-code.ts';
import { requireAllFactors } from './require-factors.ts';
import type { TotpEnrolment } from './schemas.ts';
import { newTotpSecret } from './totp.ts';

/** Time in which a secret has to be confirmed. */
const LIFETIME_MS = 10 * 60_000;

/** Options of an enrolment. */
export interface EnrolmentOptions {
  /** The name of the service, as authenticator apps show it. */
  readonly issuer: string;
  /** Seconds that may have passed since the sign-in, as the route declares them. */
  readonly maxAge: number;
}

/**
 * Makes a secret for an authenticator app. It belongs to the session of the actor, replaces one that is not
 * confirmed yet, and signs no one in before it is confirmed. Until then an active one stays.
 *
 * @throws {Problem} `two-factors-required` when the account has a second factor and the session has one
 *   factor; `too-many-requests` when a code cannot be mailed now; `invalid-token`
 */
export async function enrolTotp(
  context: AccountsContext,
  actor: SessionActor,
  { issuer, maxAge }: EnrolmentOptions,
): Promise<TotpEnrolment> {
  const { userId, sessionId } = actor;
  return makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    const { tx } = change;
    await requireAllFactors(change, maxAge);
    const columns = ['email', 'access', 'permanentAccess', 'accessUntil', 'secondFactor'] as const;
    const user = await selectRow(tx, 'User', columns, { id: userId });
    if (user === undefined) throw invalidToken();
    const createdAt = await context.now(tx);
    const expiresAt = new Date(createdAt.getTime() + LIFETIME_MS);
    const { secret, uri } = newTotpSecret(issuer, displayEmail(user.email));
    const mailCodeRequired = needsMailCode(context, user, createdAt);
    const code = mailCodeRequired ? newMailCode() : null;
    if (code !== null)
      await sendMailCode(change, actor, { code, email: user.email, createdAt, notAfter: expiresAt });
    const row = {
      secret: context.totpEncryption.encrypt(secret, userId),
      mailCodeHash: code === null ? null : hashMailCode(secret, code),
      tries: 0,
      createdAt,
      expiresAt,
    };
    await tx.pendingTotp.upsert({ where: { sessionId }, create: { sessionId, ...row }, update: row });
    return { secret, uri, expiresAt: expiresAt.toISOString(), mailCodeRequired };
  });
}
