import { invalidCredentials, invalidToken } from '../../access/challenges.ts';
import type { RequestContext } from '../../audit/event.ts';
import { selectRow } from '../../db/raw/select.ts';
import { normalizeEmail } from '../../lib/email-address.ts';
import { Problem } from '../../problems/problem.ts';
import type { Method } from '../authenticators/methods.ts';
import type { AccountsContext, Actor } from '../context.ts';
import { hashPassword, needsRehash, requireHashingCapacity, verifyPassword } from '../passwords/hash.ts';
import { attemptPassword } from './attempts.ts';
import { countOutcome } from './outcomes.ts';
import { requireSignInMethod } from './required-method.ts';

/** A user whose first factor was verified, and the epoch of the row at that time. */
export interface SignedIn {
  readonly id: string;
  readonly epoch: number;
  /** The methods that were proven. Without them, it is the password. */
  readonly amr?: readonly Method[];
}

/** A user whose first factor was verified, and whether the account has a second one beside it. */
export interface FirstFactor extends SignedIn {
  readonly hasSecondFactor: boolean;
}

/** The columns that a password is verified with. */
const credentialColumns = ['id', 'passwordHash', 'disabled', 'epoch', 'secondFactor'] as const;

/**
 * Verifies credentials. Unknown users, disabled users, locked accounts and wrong passwords take the same time
 * and get the same answer (OWASP Authentication Cheat Sheet, "Authentication and Error Messages").
 *
 * @throws {Problem} `invalid-credentials`; `sign-in-method-off`; `too-many-attempts`; `busy`
 */
export async function signIn(
  context: AccountsContext,
  credentials: { email: string; password: string },
  requestContext: RequestContext,
): Promise<FirstFactor> {
  requireSignInMethod(context, 'password');
  return countOutcome(
    () => verifyCredentials(context, credentials, requestContext),
    ({ hasSecondFactor }) => (hasSecondFactor ? 'second-factor-required' : 'succeeded'),
  );
}

async function verifyCredentials(
  context: AccountsContext,
  credentials: { email: string; password: string },
  requestContext: RequestContext,
): Promise<FirstFactor> {
  requireHashingCapacity();
  const { db, eventAggregator } = context;
  const email = normalizeEmail(credentials.email);
  const user = email === undefined ? undefined : await selectRow(db, 'User', credentialColumns, { email });
  const hasSecondFactor = user?.secondFactor === true;
  const target = { email: email ?? credentials.email, userId: user?.id, hasSecondFactor };
  const isSignedIn = await attemptPassword(context, target, requestContext, async (inSlot) => {
    const isRight = await verifyPassword(user?.passwordHash, credentials.password, inSlot);
    return isRight && user?.disabled === false;
  });
  if (user === undefined || !isSignedIn) {
    eventAggregator.add({
      action: 'sign-in.failed',
      actorId: null,
      targetId: user?.id ?? null,
      requestContext,
    });
    throw invalidCredentials();
  }
  await renewHash(context, user, credentials.password);
  return { id: user.id, epoch: user.epoch, hasSecondFactor };
}

/** Hashes a verified password again when its hash does not have the current parameters. */
async function renewHash(
  { db }: AccountsContext,
  { id, passwordHash: verified }: { readonly id: string; readonly passwordHash: string },
  password: string,
): Promise<void> {
  if (!needsRehash(verified, password)) return;
  try {
    const passwordHash = await hashPassword(password);
    // Only while the hash is the one that was verified: the password may have been changed meanwhile.
    await db.user.updateMany({ where: { id, passwordHash: verified }, data: { passwordHash } });
  } catch (error) {
    // The password was right, so the sign-in does not fail. The next one hashes the password again.
    if (!(error instanceof Problem && error.slug === 'busy')) throw error;
  }
}

/**
 * Verifies the password of a signed-in user. The attempt is counted like a sign-in: of an account with a
 * second factor, the right password forgives no failures.
 *
 * @throws {Problem} `wrong-password`; `too-many-attempts`; `busy`; `invalid-token` when the user is deleted
 *   or disabled
 */
export async function verifyOwnPassword(
  context: AccountsContext,
  actor: Actor,
  password: string,
): Promise<FirstFactor> {
  requireHashingCapacity();
  const { db, eventAggregator } = context;
  const { userId, requestContext } = actor;
  const user = await selectRow(db, 'User', [...credentialColumns, 'email'], { id: userId });
  if (user === undefined || user.disabled) throw invalidToken();
  const hasSecondFactor = user.secondFactor;
  const target = { email: user.email, userId, hasSecondFactor };
  const isRight = await attemptPassword(context, target, requestContext, (inSlot) =>
    verifyPassword(user.passwordHash, password, inSlot),
  );
  if (!isRight) {
    eventAggregator.add({ action: 'sign-in.failed', actorId: userId, targetId: userId, requestContext });
    throw new Problem('wrong-password');
  }
  return { id: user.id, epoch: user.epoch, hasSecondFactor };
}
