import { Problem } from '../../problems/problem.ts';

/** The number of times of each outcome of a sign-in since the process started. */
const outcomes = {
  succeeded: 0,
  'second-factor-required': 0,
  'invalid-credentials': 0,
  'challenge-invalid': 0,
  'wrong-code': 0,
  'code-already-used': 0,
  'passkey-not-accepted': 0,
  'too-many-attempts': 0,
  busy: 0,
  error: 0,
};
export type SignInOutcome = keyof typeof outcomes;
export const signInOutcomes: Readonly<Record<SignInOutcome, number>> = outcomes;

/** Counts the outcome of a step of a sign-in: its problem, or else the one that `outcomeOf` names. */
export async function countOutcome<T>(
  step: () => Promise<T>,
  outcomeOf: (value: T) => SignInOutcome = () => 'succeeded',
): Promise<T> {
  try {
    const value = await step();
    outcomes[outcomeOf(value)]++;
    return value;
  } catch (error) {
    outcomes[error instanceof Problem && isOutcome(error.slug) ? error.slug : 'error']++;
    throw error;
  }
}

function isOutcome(slug: string): slug is SignInOutcome {
  return slug in outcomes;
}
