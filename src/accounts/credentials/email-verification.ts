import { refusedCode } from '../../access/challenges.ts';
import type { RequestContext } from '../../audit/event.ts';
import type { ColumnsOf } from '../../db/client.ts';
import { invalidBody, Problem } from '../../problems/problem.ts';
import type { AccountsContext } from '../context.ts';
import { hashMailToken } from '../mail-tokens.ts';
import { verifyPendingAssertion } from '../passkeys/assertion.ts';
import type { PasskeyAssertion } from '../passkeys/credential.schemas.ts';
import { type AccountPasskey, passkeyFromJson } from '../passkeys/new-account.ts';
import { requestOptions } from '../passkeys/options.ts';
import type { PasskeyRequestOptions } from '../passkeys/schemas.ts';
import { requireHashingCapacity, verifyPassword } from '../passwords/hash.ts';
import { attemptPassword, attemptProof } from '../sign-in/attempts.ts';
import { requireSignInMethod } from '../sign-in/required-method.ts';
import type { NewUser } from '../users/new-user.schemas.ts';
import { completeEmailChange } from './email-change.ts';
import { requireOneOf } from './new-credential.ts';
import { completeRegistration } from './registration.ts';

/** A token, and what the registration was made with. */
export interface Confirmation {
  readonly token: string;
  readonly password?: string;
  readonly passkey?: PasskeyAssertion;
}

type RegistrationRow = ColumnsOf<'Registration'>;

/**
 * Confirms an email address with the token that was mailed there. A registration also needs its password, or
 * its passkey: an attacker who registers with another person's address gains nothing when the owner of the
 * address follows the link. A change of address was asked for in a recent sign-in, and needs the token alone.
 *
 * @throws {Problem} `mail-token-invalid`; `validation-failed` for a registration without its credential;
 *   `wrong-password`; `passkey-not-accepted`; `email-taken` when the address got an account meanwhile, and
 *   `passkey-exists` when the passkey did; `registration-closed`; `passkeys-not-available`;
 *   `sign-in-method-off`
 */
export async function verifyEmail(
  context: AccountsContext,
  { token, password, passkey }: Confirmation,
  { requestContext, registrationIsOpen }: { requestContext: RequestContext; registrationIsOpen: boolean },
): Promise<NewUser> {
  requireOneOf(password, passkey);
  if (passkey === undefined) requireHashingCapacity();
  const { db, now } = context;
  const where = { tokenHash: hashMailToken(token), expiresAt: { gt: await now(db) } };
  const found = await attemptProof(context, requestContext, 'mail-token', async () => {
    const registration = await db.registration.findUnique({ where });
    if (registration !== null) return { registration };
    const emailChange = await db.emailChange.findUnique({ where });
    return emailChange === null ? undefined : { emailChange };
  });
  if (found === undefined) throw new Problem('mail-token-invalid');
  if (found.registration === undefined)
    return completeEmailChange(context, found.emailChange, requestContext);
  const { registration } = found;
  if (!registrationIsOpen) throw new Problem('registration-closed');
  if (registration.passkey !== null) {
    if (passkey === undefined)
      throw invalidBody('/passkey', 'required', 'is required to complete this registration');
    const verified = await requirePasskey(context, registration, passkey, requestContext);
    return completeRegistration(context, registration, verified, requestContext);
  }
  if (password === undefined)
    throw invalidBody('/password', 'required', 'is required to complete a registration');
  requireSignInMethod(context, 'password');
  await requirePassword(context, registration, password, requestContext);
  return completeRegistration(context, registration, undefined, requestContext);
}

/**
 * Makes the options of the passkey that confirms a registration. They name no passkey: the browser finds the
 * one that was registered with.
 *
 * @throws {Problem} `mail-token-invalid`, also for the token of anything else; `passkeys-not-available`
 */
export async function verificationOptions(
  context: AccountsContext,
  token: string,
  requestContext: RequestContext,
): Promise<PasskeyRequestOptions> {
  const { db, now } = context;
  const where = { tokenHash: hashMailToken(token), passkey: { not: null }, expiresAt: { gt: await now(db) } };
  const registration = await attemptProof(context, requestContext, 'mail-token', () =>
    db.registration.findUnique({ where, select: { id: true } }),
  );
  if (registration === null) throw new Problem('mail-token-invalid');
  return requestOptions(context, { name: 'verification', id: registration.id });
}

/** @throws {Problem} `wrong-password` */
async function requirePassword(
  context: AccountsContext,
  { email, passwordHash }: Pick<RegistrationRow, 'email' | 'passwordHash'>,
  password: string,
  requestContext: RequestContext,
): Promise<void> {
  const isRight = await attemptPassword(context, { email, userId: undefined }, requestContext, (inSlot) =>
    verifyPassword(passwordHash, password, inSlot),
  );
  if (isRight) return;
  noteFailure(context, requestContext);
  throw new Problem('wrong-password');
}

/**
 * @returns the passkey, with the counter of this answer
 * @throws {Problem} `passkey-not-accepted`
 */
async function requirePasskey(
  context: AccountsContext,
  { id, userId, passkey: json }: RegistrationRow,
  assertion: PasskeyAssertion,
  requestContext: RequestContext,
): Promise<AccountPasskey> {
  if (json === null || userId === null) throw new Error('A registration with a passkey has both');
  const passkey = passkeyFromJson(json);
  const counter = await attemptProof(context, requestContext, 'passkey', () =>
    verifyPendingAssertion(context, assertion, { name: 'verification', id }, { ...passkey, userId }),
  );
  if (counter === undefined) {
    noteFailure(context, requestContext);
    throw refusedCode('passkey-not-accepted');
  }
  return { ...passkey, counter };
}

function noteFailure({ eventAggregator }: AccountsContext, requestContext: RequestContext): void {
  eventAggregator.add({ action: 'sign-in.failed', actorId: null, targetId: null, requestContext });
}
