import { isOverloaded, isUnavailable } from '../db/errors.ts';
import { type Problem, retryLater } from '../problems/problem.ts';

/** Returns the problem for a database that is unavailable or overloaded; undefined for other errors. */
export function databaseProblem(error: unknown): Problem | undefined {
  if (!isUnavailable(error)) return undefined;
  const slug = isOverloaded(error) ? 'busy' : 'database-unavailable';
  return retryLater(slug, 1, error);
}
