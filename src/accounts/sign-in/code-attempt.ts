import { refusedCode } from '../../access/challenges.ts';
import type { RequestContext } from '../../audit/event.ts';
import type { Reservations } from '../../throttle/reservation.ts';
import type { CodeOwner, GivenCodeOutcome } from '../authenticators/second-factor.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { noticeTo } from '../notices.ts';
import { MAX_WAIT_MS } from '../passwords/hashing-turn.ts';
import { codeCounter } from './account-counter.ts';
import { isLockedOut } from './lockout.ts';

/**
 * The owner is told after this many wrong codes in a row: the client has the password. Once in a row, however
 * many follow.
 */
const NOTICED_FAILURES = 10;

/** The outcome of a code, with the result of an accepted one. */
export type CodeAttempt<T> =
  | { readonly outcome: 'accepted'; readonly value: T }
  | { readonly outcome: Exclude<GivenCodeOutcome['outcome'], 'accepted'> };

/**
 * Makes an attempt at a code of an account. It is reserved before the code is verified, and it counts as a
 * failure when the code is wrong or was used before. After 100 failures in a row every code is answered as a
 * wrong one, and none is used up.
 *
 * @param verify uses the code up. When it throws, no attempt was made
 * @throws {Problem} `wrong-code`; `code-already-used`; `too-many-attempts`; `busy`; any error of `verify`
 */
export async function attemptCode<T>(
  context: AccountsContext,
  owner: Pick<CodeOwner, 'id' | 'email'>,
  requestContext: RequestContext,
  verify: () => Promise<CodeAttempt<T>>,
): Promise<T> {
  const { throttle } = context;
  const clock = await throttle.readClock();
  const deadline = performance.now() + MAX_WAIT_MS;
  const reservations = await throttle.reserve([codeCounter(owner.id)], deadline, clock);
  try {
    const attempt = reservations.some(isLockedOut) ? ({ outcome: 'wrong' } as const) : await verify();
    if (attempt.outcome === 'accepted') {
      await throttle.succeed(reservations);
      return attempt.value;
    }
    await countFailure(context, owner, requestContext, reservations);
    throw refusedCode(attempt.outcome === 'used' ? 'code-already-used' : 'wrong-code');
  } finally {
    await throttle.release(reservations);
  }
}

/**
 * Makes an attempt at a passkey of an account, as a second factor. A signature cannot be guessed: a valid one
 * is accepted at once, whether or not it verified its user, also by an account that is closed for codes or
 * has to wait, and forgives the wrong codes. Anything else counts as a wrong code does.
 *
 * @param verify uses the passkey. When it throws, no attempt was made
 * @throws {Problem} `passkey-not-accepted`; `too-many-attempts`; `busy`; any error of `verify`
 */
export async function attemptPasskey<T>(
  context: AccountsContext,
  owner: Pick<CodeOwner, 'id' | 'email'>,
  requestContext: RequestContext,
  verify: () => Promise<CodeAttempt<T>>,
): Promise<T> {
  const attempt = await verify();
  if (attempt.outcome === 'accepted') {
    await unlockSecondFactor(context, owner.id);
    return attempt.value;
  }
  const { throttle } = context;
  const deadline = performance.now() + MAX_WAIT_MS;
  const reservations = await throttle.reserve([codeCounter(owner.id)], deadline, await throttle.readClock());
  await countFailure(context, owner, requestContext, reservations);
  throw refusedCode('passkey-not-accepted');
}

async function countFailure(
  context: AccountsContext,
  owner: Pick<CodeOwner, 'id' | 'email'>,
  requestContext: RequestContext,
  reservations: Reservations,
): Promise<void> {
  const failures = await context.throttle.fail(reservations, []);
  context.eventAggregator.add({
    action: 'second-factor.failed',
    actorId: null,
    targetId: owner.id,
    requestContext,
  });
  if (failures === NOTICED_FAILURES) await tellOwner(context, owner);
}

/**
 * Forgives the wrong codes of an account. Call it when an admin has removed its authenticators, when it has
 * got its first one, and when it has used a passkey.
 */
export async function unlockSecondFactor({ throttle }: AccountsContext, userId: string): Promise<void> {
  await throttle.reset([codeCounter(userId).subject]);
}

async function tellOwner(context: AccountsContext, { email }: Pick<CodeOwner, 'email'>): Promise<void> {
  await makeChange(context, async ({ send }) => send(noticeTo(context, email, 'wrong-codes')));
}
