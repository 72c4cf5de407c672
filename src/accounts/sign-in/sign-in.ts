import { invalidCredentials, invalidToken } from '../../access/challenges.ts';
import type { RequestContext } from '../../audit/event.ts';
import { selectRow } from '../../db/raw/select.ts';
import { normalizeEmail } from '../../lib/email-address.ts';
import { Problem } from '../../problems/problem.ts';
import type { Method } from '../authenticators/methods.ts';
import type { AccountsContext, Actor } from '../context.ts';
import { hashPassword, needsRehash, requireHashingCapacity, verifyPassword } from '../passwords/hash.ts';
import { attemptPassword } from './attempts.ts';

/** A user whose password was verified, and the epoch of the row at that time. */
export interface SignedIn {
  readonly id: string;
  readonly epoch: number;
  /** The methods that were proven. Without them, it is the password. */
  readonly amr?: readonly Method[];
}

/** The columns that a password is verified with. */
const credentialColumns = ['id', 'passwordHash', 'disabled', 'epoch'] as const;

/** The number of times of each outcome of {@link signIn} since the process started. */
const outcomes = { succeeded: 0, 'invalid-credentials': 0, 'too-many-attempts': 0, busy: 0, error: 0 };
export type SignInOutcome = keyof typeof outcomes;
export const signInOutcomes: Readonly<Record<SignInOutcome, number>> = outcomes;

/**
 * Verifies credentials. Unknown users, disabled users, locked accounts and wrong passwords take the same time
 * and get the same answer (OWASP Authentication Cheat Sheet, "Authentication and Error Messages").
 *
 * @throws {Problem} `invalid-credentials`; `too-many-attempts`; `busy`
 */
export async function signIn(
  context: AccountsContext,
  credentials: { email: string; password: string },
  requestContext: RequestContext,
): Promise<SignedIn> {
  try {
    const signedIn = await verifyCredentials(context, credentials, requestContext);
    outcomes.succeeded++;
    return signedIn;
  } catch (error) {
    outcomes[error instanceof Problem && isOutcome(error.slug) ? error.slug : 'error']++;
    throw error;
  }
}

function isOutcome(slug: string): slug is SignInOutcome {
  return slug in outcomes;
}

async function verifyCredentials(
  context: AccountsContext,
  credentials: { email: string; password: string },
  requestContext: RequestContext,
): Promise<SignedIn> {
  requireHashingCapacity();
  const { db, eventAggregator } = context;
  const email = normalizeEmail(credentials.email);
  const user = email === undefined ? undefined : await selectRow(db, 'User', credentialColumns, { email });
  const target = { email: email ?? credentials.email, userId: user?.id };
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
  return { id: user.id, epoch: user.epoch };
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
 * Verifies the password of a signed-in user. The attempt is counted like a sign-in.
 *
 * @throws {Problem} `wrong-password`; `too-many-attempts`; `busy`; `invalid-token` when the user is deleted
 *   or disabled
 */
export async function verifyOwnPassword(
  context: AccountsContext,
  actor: Actor,
  password: string,
): Promise<SignedIn> {
  requireHashingCapacity();
  const { db, eventAggregator } = context;
  const { userId, requestContext } = actor;
  const user = await selectRow(db, 'User', [...credentialColumns, 'email'], { id: userId });
  if (user === undefined || user.disabled) throw invalidToken();
  const target = { email: user.email, userId };
  const isRight = await attemptPassword(context, target, requestContext, (inSlot) =>
    verifyPassword(user.passwordHash, password, inSlot),
  );
  if (!isRight) {
    eventAggregator.add({ action: 'sign-in.failed', actorId: userId, targetId: userId, requestContext });
    throw new Problem('wrong-password');
  }
  return { id: user.id, epoch: user.epoch };
}
