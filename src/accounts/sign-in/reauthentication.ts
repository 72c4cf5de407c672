import { invalidToken, refusedCode, twoFactorsRequired } from '../../access/challenges.ts';
import type { ColumnsOf } from '../../db/client.ts';
import { selectRow } from '../../db/raw/select.ts';
import {
  joinMethods,
  type Method,
  methodsOf,
  proveFirstFactor,
  proveTwoFactors,
} from '../authenticators/methods.ts';
import { consumeCode, type GivenFactor, hasFactor } from '../authenticators/second-factor.ts';
import { type Change, makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, SessionActor } from '../context.ts';
import { requestOptions } from '../passkeys/options.ts';
import { requirePasskeys } from '../passkeys/relying-party.ts';
import type { PasskeyRequestOptions } from '../passkeys/schemas.ts';
import { sessionColumns } from '../sessions/active.ts';
import { hasTwoFactorsAt, type Owner, ownerColumns, type SessionGrant, toGrant } from '../sessions/grant.ts';
import { lastIssueOf } from '../sessions/last-issue.ts';
import { completeAttempt } from './attempts.ts';
import { attemptCode, attemptPasskey, type CodeAttempt } from './code-attempt.ts';
import { type Prove, provePasskey } from './prove.ts';
import { requireSignInMethod } from './required-method.ts';
import { type SignedIn, verifyOwnPassword } from './sign-in.ts';

/**
 * A code alone, or a passkey that has not verified its user, gives a session its second factor while the
 * first is no older than this.
 */
const FIRST_FACTOR_MAX_AGE_MS = 15 * 60_000;

/** The authenticators that a request names: one, or the password with a second factor. */
export type Proof = GivenFactor & { readonly password?: string };

type ReauthenticatedUser = Owner & Pick<ColumnsOf<'User'>, 'secondFactor'>;
type SessionRow = Pick<ColumnsOf<'Session'>, (typeof sessionColumns)[number]>;

/** A session that was renewed, and whether by all factors of the account. */
interface Renewed {
  readonly grant: SessionGrant;
  readonly isComplete: boolean;
}

/**
 * Makes the options of a passkey that proves again who the actor is. They are bound to the session, list the
 * passkeys of the account, and are not stored.
 *
 * @throws {Problem} `passkey-not-found` for an account without one; `passkeys-not-available`
 */
export function reauthenticationOptions(
  context: AccountsContext,
  { userId, sessionId }: SessionActor,
): Promise<PasskeyRequestOptions> {
  return requestOptions(context, { name: 'reauthentication', id: sessionId }, userId);
}

/**
 * Proves again who the actor is. `auth_time` is renewed by all factors of the account in one call: by a
 * passkey that has verified its user, or by the password, where there is a second factor together with a code
 * or a passkey. A code alone, or a passkey that has not verified its user, gives the session two factors when
 * it has a first one that is recent. Anything less is refused before it is verified, so that the answer says
 * nothing about a password.
 *
 * @param proof has at least one member
 * @throws {Problem} `two-factors-required`; `wrong-password`; `wrong-code`; `code-already-used`;
 *   `passkey-not-accepted`; `passkeys-not-available`; `sign-in-method-off`; `too-many-attempts`;
 *   `invalid-token` when the session has ended, or the password was changed, meanwhile
 */
export async function reauthenticate(
  context: AccountsContext,
  actor: SessionActor,
  proof: Proof,
): Promise<SessionGrant> {
  const { userId: id, sessionId, requestContext } = actor;
  const { password, passkey } = proof;
  const sendsFactor = hasFactor(proof);
  if (passkey !== undefined) requirePasskeys(context);
  if (password !== undefined) requireSignInMethod(context, 'password');
  const user = await selectRow(context.db, 'User', ['id', 'email', 'secondFactor', 'epoch'], { id });
  if (user === undefined) throw invalidToken();
  if (user.secondFactor && !sendsFactor) throw twoFactorsRequired();
  // Not counted: the failures would wait for the app that the owner sets up one day.
  if (!user.secondFactor && sendsFactor)
    throw refusedCode(passkey === undefined ? 'wrong-code' : 'passkey-not-accepted');
  // Whether a passkey has verified its user is known after its signature.
  if (password === undefined && passkey === undefined) await requireRecentFirstFactor(context, actor);
  const verified = password === undefined ? user : await verifyOwnPassword(context, actor, password);
  if (!sendsFactor) return makeChange(context, (change) => renew(change, actor, verified, ['pwd']));
  const renewBy = (prove: Prove): Promise<CodeAttempt<Renewed>> =>
    makeChange(context, async (change) => {
      const proven = await prove(change, user);
      if (proven.outcome !== 'accepted') return proven;
      const amr = [...(password === undefined ? [] : (['pwd'] as const)), ...proven.amr];
      const grant = await renew(change, actor, verified, amr);
      return { outcome: 'accepted', value: { grant, isComplete: proveTwoFactors(amr) } } as const;
    });
  const { grant, isComplete } =
    passkey === undefined
      ? await attemptCode(context, user, requestContext, () =>
          renewBy((change, owner) => consumeCode(change, owner, proof, requestContext)),
        )
      : await attemptPasskey(context, user, requestContext, async () => {
          const ceremony = { name: 'reauthentication', id: sessionId } as const;
          return renewBy(await provePasskey(context, passkey, { ceremony, ownedBy: id }, requestContext));
        });
  if (isComplete) await completeAttempt(context, user, requestContext, grant.issuedAt);
  return grant;
}

/** @throws {Problem} `two-factors-required` when a code alone cannot raise the session */
async function requireRecentFirstFactor(
  context: AccountsContext,
  { sessionId }: SessionActor,
): Promise<void> {
  const { db } = context;
  const session = await selectRow(db, 'Session', sessionColumns, { id: sessionId });
  if (session === undefined) throw invalidToken();
  if (!canBeRaised(context, session, await context.now(db))) throw twoFactorsRequired();
}

function canBeRaised(
  { secondFactor: { maxAge } }: AccountsContext,
  session: Pick<SessionRow, 'amr' | 'authenticatedAt' | 'secondFactorAt'>,
  time: Date,
): boolean {
  // What is left of an old passkey is possession, which a code proves too: the two are one factor.
  if (!proveFirstFactor(methodsOf(session.amr, false))) return false;
  const age = Math.abs(time.getTime() - session.authenticatedAt.getTime());
  return !hasTwoFactorsAt(session, maxAge, time) && age <= FIRST_FACTOR_MAX_AGE_MS;
}

/** Writes down what was proven. @param amr the methods that this call has verified */
async function renew(
  unchecked: Change,
  actor: SessionActor,
  { epoch }: Pick<SignedIn, 'epoch'>,
  amr: readonly Method[],
): Promise<SessionGrant> {
  const change = await recheckActor(unchecked, actor);
  const { context, tx } = change;
  const { userId, sessionId, requestContext } = actor;
  const time = await context.now(tx);
  const found = await selectRow(tx, 'Session', sessionColumns, { id: sessionId, epoch });
  const columns = [...ownerColumns, 'secondFactor'] as const;
  const user = await selectRow(tx, 'User', columns, { id: userId });
  if (found === undefined || user === undefined) throw invalidToken();
  const proven = provenBy(context, found, user, amr, time);
  const session = { ...found, ...proven, tokensIssuedAt: lastIssueOf(found, time) };
  const { tokensIssuedAt } = session;
  await tx.session.update({ where: { id: sessionId }, data: { ...proven, tokensIssuedAt } });
  const after = { sessionId, amr: session.amr };
  change.record({
    action: 'session.reauthenticated',
    actorId: userId,
    targetId: userId,
    after,
    requestContext,
  });
  return toGrant(context, session, user, time);
}

/**
 * Returns the columns of a session that a proof changes.
 *
 * @throws {Problem} `two-factors-required` when the account got a second factor meanwhile, or when the
 *   session cannot be raised any more
 */
function provenBy(
  context: AccountsContext,
  session: SessionRow,
  { secondFactor }: ReauthenticatedUser,
  amr: readonly Method[],
  time: Date,
): Partial<Pick<SessionRow, 'amr' | 'authenticatedAt' | 'secondFactorAt'>> {
  const withBefore = joinMethods([...methodsOf(session.amr, false), ...amr]);
  if (amr.length === 1 && amr.includes('pwd')) {
    if (secondFactor) throw twoFactorsRequired();
    return { amr: withBefore, authenticatedAt: time };
  }
  if (proveTwoFactors(amr)) return { amr: joinMethods(amr), authenticatedAt: time, secondFactorAt: time };
  if (!canBeRaised(context, session, time)) throw twoFactorsRequired();
  return { amr: withBefore, secondFactorAt: time };
}
