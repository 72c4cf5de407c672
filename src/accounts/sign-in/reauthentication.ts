import { invalidToken, refusedCode, twoFactorsRequired } from '../../access/challenges.ts';
import type { ColumnsOf } from '../../db/client.ts';
import { selectRow } from '../../db/raw/select.ts';
import { joinMethods, type Method, methodsOf } from '../authenticators/methods.ts';
import { consumeCode, type GivenCode, hasCode } from '../authenticators/second-factor.ts';
import { type Change, makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, Actor } from '../context.ts';
import { sessionColumns } from '../sessions/active.ts';
import { hasTwoFactorsAt, type Owner, ownerColumns, type SessionGrant, toGrant } from '../sessions/grant.ts';
import { lastIssueOf } from '../sessions/last-issue.ts';
import { completeAttempt } from './attempts.ts';
import { attemptCode } from './code-attempt.ts';
import { type SignedIn, verifyOwnPassword } from './sign-in.ts';

/** A code alone gives a session its second factor while the first is no older than this. */
const FIRST_FACTOR_MAX_AGE_MS = 15 * 60_000;

/** The authenticators that a request names: one, or the password with a code. */
export type Proof = GivenCode & { readonly password?: string };

type ReauthenticatedUser = Owner & Pick<ColumnsOf<'User'>, 'secondFactor'>;
type SessionRow = Pick<ColumnsOf<'Session'>, (typeof sessionColumns)[number]>;

/**
 * Proves again who the actor is. `auth_time` is renewed by all factors of the account in one call: by the
 * password, and where there is a second factor, by the password with a code. A code alone gives the session
 * two factors when it has one that is recent. Anything less is refused before it is verified, so that the
 * answer says nothing about a password.
 *
 * @param proof has at least one member
 * @throws {Problem} `two-factors-required`; `wrong-password`; `wrong-code`; `code-already-used`;
 *   `too-many-attempts`; `invalid-token` when the session has ended, or the password was changed, meanwhile
 */
export async function reauthenticate(
  context: AccountsContext,
  actor: Actor,
  proof: Proof,
): Promise<SessionGrant> {
  const { userId: id, requestContext } = actor;
  const { password } = proof;
  const sendsCode = hasCode(proof);
  const user = await selectRow(context.db, 'User', ['id', 'email', 'secondFactor', 'epoch'], { id });
  if (user === undefined) throw invalidToken();
  if (user.secondFactor && !sendsCode) throw twoFactorsRequired();
  // Not counted: the failures would wait for the app that the owner sets up one day.
  if (!user.secondFactor && sendsCode) throw refusedCode('wrong-code');
  if (password === undefined) await requireRecentFirstFactor(context, actor);
  const verified = password === undefined ? user : await verifyOwnPassword(context, actor, password);
  if (!sendsCode) return makeChange(context, (change) => renew(change, actor, verified, ['pwd']));
  const grant = await attemptCode(context, user, requestContext, () =>
    makeChange(context, async (change) => {
      const code = await consumeCode(change, user, proof, requestContext);
      if (code.outcome !== 'accepted') return code;
      const first = password === undefined ? [] : (['pwd'] as const);
      const value = await renew(change, actor, verified, [...first, ...code.amr]);
      return { outcome: 'accepted', value } as const;
    }),
  );
  if (password !== undefined) await completeAttempt(context, user, requestContext, grant.issuedAt);
  return grant;
}

/** @throws {Problem} `two-factors-required` when a code alone cannot raise the session */
async function requireRecentFirstFactor(context: AccountsContext, { sessionId }: Actor): Promise<void> {
  const { db } = context;
  const session = await selectRow(db, 'Session', sessionColumns, { id: sessionId });
  if (session === undefined) throw invalidToken();
  if (!canBeRaised(context, session, await context.now(db))) throw twoFactorsRequired();
}

function canBeRaised(
  { secondFactor: { maxAge } }: AccountsContext,
  session: Pick<SessionRow, 'authenticatedAt' | 'secondFactorAt'>,
  time: Date,
): boolean {
  const age = Math.abs(time.getTime() - session.authenticatedAt.getTime());
  return !hasTwoFactorsAt(session, maxAge, time) && age <= FIRST_FACTOR_MAX_AGE_MS;
}

/** Writes down what was proven. @param amr the methods that this call has verified */
async function renew(
  unchecked: Change,
  actor: Actor,
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
  const hasPassword = amr.includes('pwd');
  if (amr.length === 1 && hasPassword) {
    if (secondFactor) throw twoFactorsRequired();
    return { authenticatedAt: time };
  }
  if (hasPassword) return { amr: joinMethods(amr), authenticatedAt: time, secondFactorAt: time };
  if (!canBeRaised(context, session, time)) throw twoFactorsRequired();
  return { amr: joinMethods([...methodsOf(session.amr, false), ...amr]), secondFactorAt: time };
}
