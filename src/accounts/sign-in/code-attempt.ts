import { refusedCode } from '../../access/challenges.ts';
import type { RequestContext } from '../../audit/event.ts';
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
  const { throttle, eventAggregator } = context;
  const clock = await throttle.readClock();
  const deadline = performance.now() + MAX_WAIT_MS;
  const reservations = await throttle.reserve([codeCounter(owner.id)], deadline, clock);
  try {
    const attempt = reservations.some(isLockedOut) ? ({ outcome: 'wrong' } as const) : await verify();
    if (attempt.outcome === 'accepted') {
      await throttle.succeed(reservations);
      return attempt.value;
    }
    const failures = await throttle.fail(reservations, []);
    eventAggregator.add({
      action: 'second-factor.failed',
      actorId: null,
      targetId: owner.id,
      requestContext,
    });
    if (failures === NOTICED_FAILURES) await tellOwner(context, owner);
    throw refusedCode(attempt.outcome === 'used' ? 'code-already-used' : 'wrong-code');
  } finally {
    await throttle.release(reservations);
  }
}

/**
 * Forgives the wrong codes of an account. Call it when an admin has removed its authenticators, and when it
 * has got its first one.
 */
export async function unlockSecondFactor({ throttle }: AccountsContext, userId: string): Promise<void> {
  await throttle.reset([codeCounter(userId).subject]);
}

async function tellOwner(context: AccountsContext, { email }: Pick<CodeOwner, 'email'>): Promise<void> {
  await makeChange(context, async ({ send }) => send(noticeTo(context, email, 'wrong-codes')));
}
