import type { FeedAnswer } from './contract.ts';

/**
 * Checks the form of an answer: something else may answer at this URL.
 *
 * @throws {Error} when it is not an answer of the feed
 */
export function requireAnswer(value: unknown): FeedAnswer {
  if (!isAnswer(value)) throw new Error('The answer is not one of the feed of Latchkey');
  return value;
}

function isAnswer(value: unknown): value is FeedAnswer {
  const { entries, cursor, resync, complete, asOf, time, kids, levels, secondFactor } = Object(value);
  return (
    Array.isArray(entries) &&
    typeof cursor === 'string' &&
    typeof resync === 'boolean' &&
    typeof complete === 'boolean' &&
    Number.isFinite(asOf) &&
    Number.isFinite(time) &&
    Array.isArray(kids) &&
    Array.isArray(levels) &&
    (secondFactor === null || typeof secondFactor === 'object')
  );
}
