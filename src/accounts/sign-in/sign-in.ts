import { invalidCredentials, invalidToken } from '../../access/challenges.ts';
import type { RequestContext } from '../../audit/event.ts';
import { selectRow } from '../../db/raw/select.ts';
import { Problem } from '../../problems/problem.ts';
import type { AccountsContext, Actor } from '../context.ts';
import { normalizeEmail } from '../normalize.ts';
import { hashPassword, needsRehash, requireRoom, verifyPassword } from '../passwords/hash.ts';
import { attemptPassword } from './attempts.ts';

/** Somebody whose password was verified, and the epoch of the row that it was verified against. */
export interface SignedIn {
  readonly id: string;
  readonly epoch: number;
}

/** What of a user a password is verified against. */
const credentialColumns = ['id', 'passwordHash', 'disabled', 'epoch'] as const;

/** How often each outcome of {@link signIn} has come about since the process began. */
const outcomes = { succeeded: 0, 'invalid-credentials': 0, 'too-many-attempts': 0, busy: 0, error: 0 };
export type SignInOutcome = keyof typeof outcomes;
export const signInOutcomes: Readonly<Record<SignInOutcome, number>> = outcomes;

/**
 * Verifies credentials. Unknown users, disabled users, closed accounts and wrong passwords take the same time
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
  requireRoom();
  const { db, eventAggregator } = context;
  const email = normalizeEmail(credentials.email);
  const user = email === undefined ? undefined : await selectRow(db, 'User', credentialColumns, { email });
  const tried = { email: email ?? credentials.email, userId: user?.id };
  const isSignedIn = await attemptPassword(context, tried, requestContext, async (inSlot) => {
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

/** Makes a hash of today's of a password that was right, where it has another. */
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
    // Whoever has given the right password is not turned away for it: the next sign-in will do.
    if (!(error instanceof Problem && error.slug === 'busy')) throw error;
  }
}

/**
 * Verifies the password of somebody who is signed in. It is counted with the sign-ins.
 *
 * @throws {Problem} `wrong-password`; `too-many-attempts`; `busy`; `invalid-token` when the user is gone or disabled
 */
export async function verifyOwnPassword(
  context: AccountsContext,
  actor: Actor,
  password: string,
): Promise<SignedIn> {
  requireRoom();
  const { db, eventAggregator } = context;
  const { userId, requestContext } = actor;
  const user = await selectRow(db, 'User', [...credentialColumns, 'email'], { id: userId });
  if (user === undefined || user.disabled) throw invalidToken();
  const tried = { email: user.email, userId };
  const isRight = await attemptPassword(context, tried, requestContext, (inSlot) =>
    verifyPassword(user.passwordHash, password, inSlot),
  );
  if (!isRight) {
    eventAggregator.add({ action: 'sign-in.failed', actorId: userId, targetId: userId, requestContext });
    throw new Problem('wrong-password');
  }
  return { id: user.id, epoch: user.epoch };
}
